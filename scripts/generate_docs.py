"""The parts of docs/ that are written from the code: `python -m scripts.generate_docs` writes them."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import click
import yaml
from pydantic import BaseModel, SecretStr

from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.schema import rows_schema
from fw_assets.classification.errors import InputError
from fw_assets.classification.metrics.label_metrics import LabelMetrics
from fw_assets.classification.metrics.metric import declared_metrics
from fw_assets.classification.metrics.multilabel_scores import SetMetrics
from fw_assets.classification.session import Session
from fw_assets.classification.session_fields import SESSION_FIELDS, session_field
from fw_assets.cli import main
from fw_assets.embedded.settings import EmbeddedSettings
from fw_assets.pipeline.asset_table import ASSETS
from fw_assets.report.schema.report import Report
from fw_assets.settings import Settings
from fw_assets_tests.classification.dataset.malformed import CASES

DOCS = Path(__file__).parents[1] / "docs"


def session_table() -> str:
    """Every session field with its default, bounds and meaning."""
    lines = ["| field | default | bounds | meaning |", "|---|---|---|---|"]
    bounds = {
        field.name: field.bounds or ", ".join(f"`{choice}`" for choice in field.choices) for field in SESSION_FIELDS
    }
    for name, field in Session.model_fields.items():
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        parts = type(default).model_fields if isinstance(default, BaseModel) else {}
        default = default.model_dump() if isinstance(default, BaseModel) else default
        text = yaml.safe_dump(default, default_flow_style=True).replace("\n...", "").strip()
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | `{text}` | {'' if parts else bounds[name]} | {meaning} |")
        for part, info in parts.items():
            form = session_field(part, info)
            limits = form.bounds or ", ".join(f"`{choice}`" for choice in form.choices)
            meaning = " ".join((info.description or "").split())
            lines.append(f"| `{name}.{part}` | `{info.default}` | {limits} | {meaning} |")
    return "\n".join(lines)


def settings_table() -> str:
    """Every environment variable with its type, default and meaning; a secret's value is never part of it."""
    lines = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for name, field in (Settings.model_fields | EmbeddedSettings.model_fields).items():
        default = "" if field.default is None else f"`{field.default}`"
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name.upper()}` | {_setting_type(field.annotation)} | {default} | {meaning} |")
    return "\n".join(lines)


def _setting_type(annotation: Any) -> str:
    """The type of a variable's text in a word or two."""
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{kind}`" for kind in kinds)
    return {str: "text", Path: "path", int: "integer", float: "number", bool: "yes or no", SecretStr: "secret"}[
        kinds[0]
    ]


def command_help() -> str:
    """What every command says of itself."""
    parts = []
    waiting = list(main.commands.items())
    while waiting:
        name, command = waiting.pop(0)
        context = click.Context(command, info_name=f"fw-assets {name}", max_content_width=100, terminal_width=100)
        parts.append(f"```text\n{command.get_help(context)}\n```")
        if isinstance(command, click.Group):
            waiting = [(f"{name} {part}", inner) for part, inner in command.commands.items()] + waiting
    return "\n\n".join(parts)


def report_schema() -> str:
    """Every model of report.json, the report itself first, each with its fields."""
    waiting: list[type[BaseModel]] = [Report]
    seen: set[type[BaseModel]] = {Session}
    parts = []
    while waiting:
        model = waiting.pop(0)
        if model in seen:
            continue
        seen.add(model)
        model.model_rebuild()
        meaning = (model.__doc__ or "").strip().split("\n\n")
        text = "\n\n".join(" ".join(paragraph.split()) for paragraph in meaning)
        lines = [f"### {model.__name__}", "", text, "", "| field | type |", "|---|---|"]
        for name, field in model.model_fields.items():
            lines.append(f"| `{name}` | {_type_text(field.annotation, waiting)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def metric_table() -> str:
    """Every metric: its key in report.json, whether the report's table shows it, and its meaning."""
    lines = ["| figure | in `report.json` | shown for | meaning |", "|---|---|---|---|"]
    for kind, prefix, data in ((LabelMetrics, "", "all data"), (SetMetrics, "multi_label.", "multi-label data")):
        for name, metric in declared_metrics(kind).items():
            shown = {"always": data, "never": "none"}.get(metric.shown, f"{metric.shown} data")
            lines.append(f"| {metric.label} | `{prefix}{name}` | {shown} | {metric.meaning} |")
    return "\n".join(lines)


def _type_text(annotation: Any, found: list[type[BaseModel]]) -> str:
    """A type in words; the models in it are added to `found`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " or ".join(_type_text(item, found) for item in inner)
    if origin is Literal:
        return ", ".join(f"`{json.dumps(item)}`" for item in inner)
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return f"list of {_type_text(inner[0], found)}"
        return f"[{', '.join(_type_text(item, found) for item in inner)}]"
    if origin is dict:
        return f"object of {_type_text(inner[1], found)}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found.append(annotation)
        return annotation.__name__
    return {type(None): "null", str: "text", float: "number", int: "integer", bool: "true or false"}[annotation]


def bad_line_table() -> str:
    """Every kind of bad line or file, with what reading an example of it says."""
    lines = ["| kind | field | for example |", "|---|---|---|"]
    seen: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        for case in CASES:
            if case.kind in seen:
                continue
            seen.add(case.kind)
            path.write_bytes(case.content)
            try:
                read_rows(path, source="train")
            except InputError as error:
                problem = next(item for item in error.problems if item.kind == case.kind)
                message = problem.message.replace("|", "\\|")
                lines.append(f"| `{problem.kind}` | {f'`{problem.field}`' if problem.field else ''} | {message} |")
    return "\n".join(lines)


def schema_table() -> str:
    """The columns of an inspected frame as the pandera schema checks them."""
    lines = ["| column | type | may be missing | checked | holds |", "|---|---|---|---|---|"]
    for name, column in rows_schema().columns.items():
        checks = ", ".join(f"`{check.error}`" for check in column.checks).replace("|", "\\|")
        kind = str(column.dtype.type if hasattr(column.dtype, "type") else column.dtype)
        lines.append(f"| `{name}` | {kind} | {'yes' if column.nullable else ''} | {checks} | {column.description} |")
    return "\n".join(lines)


def asset_table() -> str:
    """Every asset: where it is in the UI, when it runs, and what it is made from."""
    lines = ["| group | asset | partitioned by | phase | made from | pool |", "|---|---|---|---|---|---|"]
    for entry in ASSETS:
        needs = ", ".join(f"`{key}`" for key in entry.needs)
        pool = f"`{entry.pool}`" if entry.pool else ""
        lines.append(f"| {entry.group} | `{entry.key}` | {entry.per} | {entry.phase or ''} | {needs} | {pool} |")
    return "\n".join(lines)


def check_table() -> str:
    """Every asset check, with what it says when it passes."""
    lines = ["| asset | check | passes when |", "|---|---|---|"]
    for entry in ASSETS:
        lines += [f"| `{entry.key}` | `{name}` | {text} |" for name, text in entry.checks.items()]
    return "\n".join(lines)


GENERATED = {
    "dagster.md": {"assets": asset_table, "checks": check_table},
    "dataset.md": {"bad lines": bad_line_table, "schema": schema_table},
    "session.md": {"session fields": session_table},
    "configuration.md": {"environment variables": settings_table},
    "command-line.md": {"commands": command_help},
    "report.md": {"metrics": metric_table, "report schema": report_schema},
}


def written(text: str, name: str, content: str) -> str:
    """`text` with the block of that name replaced.

    Raises:
        ValueError: the text has no such block.
    """
    block = re.compile(rf"(<!-- {re.escape(name)}: written from the code -->\n).*?(<!-- end -->)", re.DOTALL)
    if not block.search(text):
        raise ValueError(f"no block {name!r}")
    return block.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)


def documents() -> dict[Path, str]:
    """Every document with generated blocks, as it should be."""
    found = {}
    for file, blocks in GENERATED.items():
        text = (DOCS / file).read_text("utf-8")
        for name, content in blocks.items():
            text = written(text, name, content())
        found[DOCS / file] = text
    return found


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, "utf-8")
