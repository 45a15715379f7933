"""Scaffolders of the components: a `defs.yaml` that loads as it is, and says what can be changed."""

from __future__ import annotations

from typing import Any

import dagster as dg

DEFS = """\
type: {type}

attributes:
  # A file, a folder, a URL, or a dataset of the platform; or in its place an asset of this project:
  #   dataset:
  #     asset: raw/tickets
  #     text: body               # or [subject, body]
  #     label: queue
  dataset: data/{name}.csv
  # Candidates. `fw-assets models` lists those of the platform.
  models: [char-ngram]
  mode: fine-tune                # benchmark: trains nothing
  # embedded: models on this machine, which cost nothing. Or:
  #   platform:
  #     kind: fireworks
  #     key: "{{{{ env.FIREWORKS_API_KEY }}}}"
  platform:
    kind: embedded
  # Every session field is an attribute (docs/session.md); so are workspace, key_prefix, group_prefix, owners and
  # automation (docs/components.md).
"""


GATE = """\
type: {type}

attributes:
  # The asset whose newest version waits for a person's yes.
  asset: raw/{name}
"""


class WorkflowScaffolder(dg.Scaffolder[Any]):
    """Writes `defs.yaml` of a workflow."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        _write(request, DEFS)


class GateScaffolder(dg.Scaffolder[Any]):
    """Writes `defs.yaml` of an approval gate."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        _write(request, GATE)


def _write(request: dg.ScaffoldRequest[Any], template: str) -> None:
    if request.scaffold_format == "python":
        dg.scaffold_component(request)
        return
    text = template.format(type=request.type_name, name=request.target_path.name)
    path = request.target_path if request.append else request.target_path / "defs.yaml"
    with path.open("a" if request.append else "w", encoding="utf-8") as file:
        file.write(f"---\n{text}" if request.append else text)
