"""Scaffolder of the component: a `defs.yaml` that loads as it is, and says what can be changed."""

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
  models: [char-ngram, minilm-l6-v2]
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


class WorkflowScaffolder(dg.Scaffolder[Any]):
    """Writes `defs.yaml`."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        text = DEFS.format(type=request.type_name, name=request.target_path.name)
        if request.scaffold_format == "python":
            dg.scaffold_component(request)
            return
        path = request.target_path if request.append else request.target_path / "defs.yaml"
        with path.open("a" if request.append else "w", encoding="utf-8") as file:
            file.write(f"---\n{text}" if request.append else text)
