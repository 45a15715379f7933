"""Dataset files of many formats, made for the tests: what each holds, and how it has to be read or refused."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import zstandard

from fw_assets.classification.formats.options import ReadingOptions

LABELS = ("billing", "delivery", "technical")
ROWS = tuple(
    (f'my {thing} never came, "{number}" days; café\\{number}', LABELS[number % 3])
    for number, thing in enumerate(("parcel", "refund", "invoice", "login code", "courier", "answer") * 6)
)
"""Texts with what formats have to escape, and their labels."""
WORDS = tuple((f"the {label} desk is number {number}", label) for number, (_, label) in enumerate(ROWS))
"""Texts that no format has to escape."""

Make = Callable[[Path], object]


@dataclass(frozen=True)
class Readable:
    """A file that is read: as what, and with which texts and labels (`ROWS` unless it says otherwise)."""

    name: str
    make: Make
    read_as: str
    rows: tuple[tuple[str, Any], ...] = ROWS
    options: ReadingOptions = field(default_factory=ReadingOptions)
    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Refused:
    """A file that is refused in one sentence: the kind of the error, and what it says."""

    name: str
    make: Make
    kind: str
    words: tuple[str, ...]


def text(content: str, encoding: str = "utf-8") -> Make:
    return lambda path: path.write_bytes(content.encode(encoding))


def data(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def csv(
    header: str,
    *rows: tuple[Any, ...],
    delimiter: str = ",",
    end: str = "\n",
    quote: Callable[[str], str] | None = None,
) -> str:
    quoted = quote or (lambda cell: '"' + cell.replace('"', '""') + '"')
    lines = [header, *(delimiter.join(quoted(str(cell)) for cell in row) for row in rows)]
    return end.join(lines) + end


def plain(cell: str) -> str:
    return cell


def jsonl(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def frame(names: tuple[str, str] = ("text", "label")) -> pl.DataFrame:
    return pl.DataFrame(ROWS, schema=list(names), orient="row")


def numbered() -> pl.DataFrame:
    return pl.DataFrame({"text": [t for t, _ in ROWS], "label": [LABELS.index(label) for _, label in ROWS]})


def hugging_face(path: Path) -> None:
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": list(LABELS), "_type": "ClassLabel"}}
    numbered().write_parquet(path, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def zipped(name: str, content: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr("__MACOSX/._rows.csv", "nothing")
        archive.writestr("README.txt", "about the rows")
    return sink.getvalue()


def choices(label: str | list[str]) -> dict[str, Any]:
    value = {"choices": [label] if isinstance(label, str) else label}
    return {"result": [{"type": "choices", "from_name": "topic", "to_name": "text", "value": value}]}


def spreadsheet(*rows: tuple[Any, ...], sheets: tuple[str, ...] = ("Tickets",)) -> bytes:
    """A minimal .xlsx with the same rows on each sheet (`workbook`)."""
    return workbook(dict.fromkeys(sheets, rows))


def workbook(sheets: dict[str, tuple[tuple[Any, ...], ...]]) -> bytes:
    """A minimal .xlsx, in which a cell that begins with = is a formula with its value behind ->."""

    def cell(at: str, value: Any) -> str:
        shown = str(value).replace("&", "&amp;").replace("<", "&lt;")
        if shown.startswith("="):
            formula, _, result = shown[1:].partition("->")
            return f'<c r="{at}" t="str"><f>{formula}</f><v>{result}</v></c>'
        return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'

    def lines(rows: tuple[tuple[Any, ...], ...]) -> str:
        return "".join(
            f'<row r="{n}">' + "".join(cell(f"{'ABCDEFG'[i]}{n}", value) for i, value in enumerate(row)) + "</row>"
            for n, row in enumerate(rows, 1)
        )

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-"
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kinds}officedocument.spreadsheetml.'
            'worksheet+xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="{kinds}package.'
            f'relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{kinds}officedocument.'
            f'spreadsheetml.sheet.main+xml"/>{overrides}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{relation}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="{s}" sheetId="{n}" r:id="r{n}"/>' for n, s in enumerate(sheets, 1))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>{listed}</sheets></workbook>'
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{relation}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{targets}</Relationships>'
        )
        for n, rows in enumerate(sheets.values(), 1):
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{lines(rows)}</sheetData></worksheet>',
            )
    return sink.getvalue()


_CSV = csv("id,text,category", *((n, *row) for n, row in enumerate(ROWS)))
_GERMAN = tuple((f"Die Gebühr {n} für Äpfel", label) for n, (_, label) in enumerate(ROWS))
_TASKS = [
    {"id": n, "data": {"text": t, "source": "mail"}, "annotations": [choices(label)]}
    for n, (t, label) in enumerate(ROWS)
]
_STUDIO = [
    {"id": 90, "data": {"text": "a"}, "annotations": []},
    {"id": 91, "data": {"text": "b"}, "annotations": [{**choices("billing"), "was_cancelled": True}]},
    {"id": 92, "data": {"text": "c"}, "annotations": [choices("billing"), choices("delivery")]},
    {"id": 93, "data": {"text": "d"}, "annotations": [choices("billing"), choices("billing")]},
]
_LISTS = tuple((t, [label, "urgent"] if n % 2 else [label]) for n, (t, label) in enumerate(ROWS))
_TEMPLATE = ReadingOptions(text_template="{subject}: {body}")

_FLAGS = tuple(
    (t, ([v] if n % 4 else []) + (["urgent"] if n % 5 == 0 else []), 0.5 + n) for n, (t, v) in enumerate(ROWS)
)
_FLAG_NAMES = (*LABELS, "urgent")
_FLAG_CELLS = tuple((t, *(int(name in labels) for name in _FLAG_NAMES)) for t, labels, _ in _FLAGS)
_FLAGGED = tuple((t, labels) for t, labels, _ in _FLAGS)
_FLAGS_READ = "`text` and 4 columns of flags, a label each (`billing`, `delivery`, `technical`, `urgent`)"

_FRENCH = tuple((f"L’été {n} où ça été cassé", ("règlement", "été")[n % 2]) for n in range(36))
_OUTSIDE = tuple((f"{text.replace(chr(92), '/')}, yes", label) for text, label in ROWS)

_JSON_READ = "a JSON list, `text` and `label`"
_ROW_OBJECTS = [{"text": t, "label": v} for t, v in ROWS]
_COLUMNS = {"text": [t for t, _ in ROWS], "label": [v for _, v in ROWS]}

READABLE = (
    Readable("wrapped.json", text(json.dumps({"version": 2, "data": {"rows": _ROW_OBJECTS}})), _JSON_READ),
    Readable("columns.json", text(json.dumps(_COLUMNS)), _JSON_READ),
    Readable(
        "index.json",
        text(json.dumps({name: {str(n): cell for n, cell in enumerate(cells)} for name, cells in _COLUMNS.items()})),
        _JSON_READ,
    ),
    Readable(
        "split.json",
        text(json.dumps({"columns": ["text", "label"], "index": [*range(len(ROWS))], "data": ROWS}, indent=1)),
        _JSON_READ,
    ),
    Readable("cells.json", text(json.dumps(ROWS)), "a JSON list, `column_1` and `column_2`"),
    Readable(
        "lists.json",
        text(json.dumps({"rows": _ROW_OBJECTS, "labels": [{"name": v} for v in LABELS]})),
        _JSON_READ,
        options=ReadingOptions(sheet="rows"),
    ),
    Readable(
        "rasa.json",
        text(
            json.dumps(
                {
                    "rasa_nlu_data": {
                        "common_examples": [{"text": t, "intent": v, "entities": []} for t, v in ROWS],
                        "regex_features": [],
                    }
                }
            )
        ),
        "a JSON list, `text` and `intent`",
    ),
    *(
        Readable(
            f"separated-{ord(mark)}.txt",
            text("".join(f"{mark.join(row)}\n" for row in (("text", "label"), *WORDS))),
            f"CSV with {name}, `text` and `label`",
            WORDS,
        )
        for mark, name in (("^", "carets"), ("~", "tildes"), ("\x1f", "unit separators"))
    ),
    Readable(
        "single-quotes.csv",
        text("text,label\n" + "".join(f"'{t}, yes',{v}\n" for t, v in WORDS)),
        "CSV, `text` and `label`",
        tuple((f"{t}, yes", v) for t, v in WORDS),
    ),
    Readable(
        "apostrophes.csv",
        text("text,label\n" + "".join(f"'tis {t},{v}\n" for t, v in WORDS)),
        "CSV, `text` and `label`",
        tuple((f"'tis {t}", v) for t, v in WORDS),
    ),
    Readable(
        "escaped-quotes.csv",
        text("text,label\n" + "".join('"' + t.replace('"', '\\"') + f'",{v}\n' for t, v in _OUTSIDE)),
        "CSV, `text` and `label`",
        _OUTSIDE,
    ),
    Readable(
        "backslashes.csv",
        text(csv("text,label", *(("C:\\" + t + "\\", v) for t, v in _OUTSIDE))),
        "CSV, `text` and `label`",
        tuple(("C:\\" + t + "\\", v) for t, v in _OUTSIDE),
    ),
    Readable(
        "french.csv",
        text(csv("texte,étiquette", *_FRENCH), "mac_roman"),
        "CSV, `texte` and `étiquette` (Mac Roman, as in 'étiquette')",
        _FRENCH,
    ),
    Readable(
        "preferences.jsonl",
        text(jsonl(*({"prompt": t, "chosen": v, "rejected": LABELS[n % 2]} for n, (t, v) in enumerate(ROWS)))),
        "JSONL, `prompt` and `chosen`",
    ),
    Readable(
        "label-objects.jsonl",
        text(jsonl(*({"text": t, "label": {"id": LABELS.index(v), "name": v}} for t, v in ROWS))),
        "JSONL, `text` and `label.name`",
    ),
    Readable(
        "flags.csv",
        text(csv("text,billing,delivery,technical,urgent", *_FLAG_CELLS)),
        f"CSV, {_FLAGS_READ}",
        _FLAGGED,
    ),
    Readable(
        "flags.jsonl",
        text(jsonl(*({"text": t, **{name: name in labels for name in _FLAG_NAMES}} for t, labels, _ in _FLAGS))),
        f"JSONL, {_FLAGS_READ}",
        _FLAGGED,
    ),
    Readable(
        "flags.parquet",
        lambda path: pl.DataFrame(
            {"text": [t for t, _, _ in _FLAGS], **{n: [n in ls or None for _, ls, _ in _FLAGS] for n in _FLAG_NAMES}}
        ).write_parquet(path),
        f"Parquet, {_FLAGS_READ}",
        _FLAGGED,
    ),
    Readable(
        "flags-beside-a-source.csv",
        text(
            csv(
                "text,source,billing,delivery,technical,urgent",
                *((t, "ab"[n % 2], *rest) for n, (t, *rest) in enumerate(_FLAG_CELLS)),
            )
        ),
        f"CSV, {_FLAGS_READ}",
        _FLAGGED,
        ReadingOptions(label_flags=("*",)),
    ),
    Readable(
        "two-flags.csv",
        text(csv("text,billing,delivery,technical,urgent", *_FLAG_CELLS)),
        "CSV, `text` and 2 columns of flags, a label each (`urgent`, `billing`)",
        tuple((t, [name for name in ("urgent", "billing") if name in labels]) for t, labels in _FLAGGED),
        ReadingOptions(label_flags=("urgent", "billing")),
    ),
    Readable(
        "weighted.csv",
        text(csv("text,label,sample_weight", *((*row, n / 4) for n, row in enumerate(ROWS)))),
        "CSV, `text` and `label`, weighted by `sample_weight`",
    ),
    Readable(
        "two-sheets.xlsx",
        data(spreadsheet(("Text", "Label"), *ROWS, sheets=("May", "June"))),
        "sheet 'June', `Text` and `Label`",
        options=ReadingOptions(sheet="June"),
    ),
    Readable("comma.csv", text(_CSV), "CSV, `text` and `category`"),
    Readable("crlf.csv", text(_CSV.replace("\n", "\r\n")), "CSV, `text` and `category`"),
    Readable("old-mac.csv", text(_CSV.replace("\n", "\r")), "CSV, `text` and `category`"),
    Readable("bom.csv", text("\ufeff" + _CSV), "CSV, `text` and `category`"),
    Readable("powershell.csv", text(_CSV, "utf-16"), "CSV, `text` and `category` (UTF-16)"),
    Readable("no-mark.csv", text(_CSV, "utf-16-be"), "CSV, `text` and `category` (UTF-16-BE)"),
    Readable(
        "excel-german.csv",
        text(csv("Text;Label", *_GERMAN, delimiter=";", quote=plain), "cp1252"),
        "CSV with semicolons, `Text` and `Label` (Windows-1252, as in 'Gebühr')",
        _GERMAN,
    ),
    Readable("tabs.tsv", text(csv("text\tlabel", *ROWS, delimiter="\t", quote=plain)), "TSV, `text` and `label`"),
    Readable(
        "excel-sep.csv",
        text("sep=;\n" + csv("text;label", *WORDS, delimiter=";", quote=plain)),
        "CSV with semicolons, `text` and `label`",
        WORDS,
    ),
    Readable(
        "title.csv",
        text("Tickets of May\n\n" + csv("text,label", *WORDS, quote=plain)),
        "CSV, `text` and `label`",
        WORDS,
    ),
    Readable(
        "spare-columns.csv",
        text(csv("v1,v2,,,", *((v, f"{t} £{n}", "", "", "") for n, (t, v) in enumerate(WORDS))), "latin-1"),
        "CSV, `v2` and `v1` (Windows-1252)",
        tuple((f"{t} £{n}", v) for n, (t, v) in enumerate(WORDS)),
    ),
    Readable(
        "nested.jsonl",
        text(jsonl(*({"ticket": {"body": t}, "meta": {"intent": v, "by": "x"}} for t, v in ROWS))),
        "JSONL, `ticket.body` and `meta.intent`",
    ),
    Readable(
        "bars.csv",
        text(csv("text|label", *WORDS, delimiter="|", quote=plain)),
        "CSV with bars, `text` and `label`",
        WORDS,
    ),
    Readable(
        "no-header.csv",
        text(csv(",".join(WORDS[0]), *WORDS[1:], quote=plain)),
        "CSV, `column_1` and `column_2`",
        WORDS,
    ),
    Readable("unknown-names.csv", text(csv("nachricht,abteilung", *ROWS)), "CSV, `nachricht` and `abteilung`"),
    Readable(
        "empty-cells.csv",
        text(csv("text,label", *WORDS, ("no label", ""), ("", "billing"), quote=plain)),
        "CSV, `text` and `label`",
        WORDS,
        left_out=(("empty-label", 1), ("empty-text", 1)),
    ),
    Readable(
        "template.csv",
        text(csv("subject,body,category", *((f"s{n}", *row) for n, row in enumerate(ROWS)))),
        "CSV, `subject` with `body` and `category`",
        tuple((f"s{n}: {t}", label) for n, (t, label) in enumerate(ROWS)),
        _TEMPLATE,
    ),
    Readable(
        "numbers.csv",
        text(csv("text,label", *((t, LABELS.index(label)) for t, label in ROWS))),
        "CSV, `text` and `label`",
        options=ReadingOptions(label_names=LABELS),
    ),
    Readable(
        "floats.csv",
        text(csv("text,label", *((t, f"{LABELS.index(label)}.0") for t, label in ROWS))),
        "CSV, `text` and `label`",
        options=ReadingOptions(label_names=LABELS),
    ),
    Readable("packed.csv.gz", data(gzip.compress(_CSV.encode())), "CSV, `text` and `category` (gzip)"),
    Readable("packed.csv.zst", data(zstandard.compress(_CSV.encode())), "CSV, `text` and `category` (zstandard)"),
    Readable("packed.zip", data(zipped("out/rows.csv", _CSV)), "CSV, `text` and `category` (ZIP: out/rows.csv)"),
    Readable("rows.parquet", lambda path: frame().write_parquet(path), "Parquet, `text` and `label`"),
    Readable("classes.parquet", hugging_face, "Parquet, `text` and `label`"),
    Readable(
        "lists.parquet",
        lambda path: pl.DataFrame(_LISTS, schema=["text", "labels"], orient="row").write_parquet(path),
        "Parquet, `text` and `labels`",
        _LISTS,
    ),
    Readable(
        "trl.parquet",
        lambda path: pl.DataFrame(
            {
                "prompt": [[{"role": "user", "content": t}] for t, _ in ROWS],
                "completion": [[{"role": "assistant", "content": v}] for _, v in ROWS],
            }
        ).write_parquet(path),
        "Parquet, prompt and completion as messages",
    ),
    Readable(
        "numbered-lists.jsonl",
        text(jsonl(*({"id": t, "text": t, "labels": [LABELS.index(v)]} for t, v in ROWS))),
        "JSONL, `text` and `labels`",
        tuple((t, [v]) for t, v in ROWS),
        ReadingOptions(label_names=LABELS),
    ),
    Readable("rows.arrow", lambda path: frame().write_ipc(path), "Arrow, `text` and `label`"),
    Readable("stream.arrow", lambda path: frame().write_ipc_stream(path), "Arrow, `text` and `label`"),
    Readable("tickets.xlsx", data(spreadsheet(("Text", "Label"), *ROWS)), "sheet 'Tickets', `Text` and `Label`"),
    Readable(
        "formulas.xlsx",
        data(spreadsheet(("Text", "Label"), *((t, f'=IF(1,"{label}")->{label}') for t, label in ROWS))),
        "sheet 'Tickets', `Text` and `Label`",
    ),
    Readable("hf.jsonl", text(jsonl(*({"text": t, "label": label} for t, label in ROWS))), "JSONL, `text` and `label`"),
    Readable(
        "setfit.jsonl",
        text(jsonl(*({"text": t, "label": LABELS.index(v), "label_text": v} for t, v in ROWS))),
        "JSONL, `text` and `label_text`",
    ),
    Readable(
        "list.json",
        text(json.dumps([{"text": t, "label": v} for t, v in ROWS], indent=2)),
        "a JSON list, `text` and `label`",
    ),
    Readable(
        "wrapped.json",
        text(json.dumps({"data": [{"text": t, "label": v} for t, v in ROWS]})),
        "a JSON list, `text` and `label`",
    ),
    Readable(
        "chat-list.json",
        text(
            json.dumps(
                [{"messages": [{"role": "user", "content": t}, {"role": "assistant", "content": v}]} for t, v in ROWS]
            )
        ),
        "a JSON list, chat rows",
    ),
    Readable(
        "label-beside.jsonl",
        text(jsonl(*({"messages": [{"role": "user", "content": t}], "intent": v} for t, v in ROWS))),
        "JSONL, chat rows with the label in `intent`",
        tuple((t, [v]) for t, v in ROWS),
    ),
    Readable(
        "legacy.jsonl",
        text(jsonl(*({"prompt": t, "completion": v} for t, v in ROWS))),
        "JSONL, `prompt` and `completion`",
    ),
    Readable(
        "trl.jsonl",
        text(
            jsonl(
                *(
                    {"prompt": [{"role": "user", "content": t}], "completion": [{"role": "assistant", "content": v}]}
                    for t, v in ROWS
                )
            )
        ),
        "JSONL, prompt and completion as messages",
    ),
    Readable(
        "alpaca.json",
        text(json.dumps([{"instruction": "Which desk?", "input": t, "output": v} for t, v in ROWS])),
        "a JSON list, `input` and `output` after the system message `instruction`",
    ),
    Readable(
        "sharegpt.json",
        text(
            json.dumps(
                [{"conversations": [{"from": "human", "value": t}, {"from": "gpt", "value": v}]} for t, v in ROWS]
            )
        ),
        "a JSON list, ShareGPT (`conversations`)",
    ),
    Readable(
        "gemini.jsonl",
        text(
            jsonl(
                *(
                    {"contents": [{"role": "user", "parts": [{"text": t}]}, {"role": "model", "parts": [{"text": v}]}]}
                    for t, v in ROWS
                )
            )
        ),
        "JSONL, Gemini (`contents`)",
    ),
    Readable(
        "label-studio.json",
        text(json.dumps(_TASKS + _STUDIO)),
        "a JSON list, Label Studio, `text` and `topic`",
        (*ROWS, ("d", "billing")),
        left_out=(("disagreement", 1), ("skipped", 1), ("unannotated", 1)),
    ),
    Readable(
        "label-studio-min.json",
        text(
            json.dumps(
                [{"text": t, "id": n, "desk": v, "annotator": 1, "lead_time": 1.5} for n, (t, v) in enumerate(ROWS)]
            )
        ),
        "a JSON list, `text` and `desk`",
    ),
    Readable(
        "argilla.json",
        text(
            json.dumps(
                [
                    {"id": t, "fields": {"text": t}, "responses": {"desk": [{"value": v, "user_id": "u"}]}}
                    for t, v in ROWS
                ]
            )
        ),
        "a JSON list, Argilla, `text` and `desk`",
    ),
    Readable(
        "argilla-columns.jsonl",
        text(
            jsonl(
                *({"id": t, "text": t, "desk.responses": [v], "desk.responses.status": ["submitted"]} for t, v in ROWS)
            )
        ),
        "JSONL, Argilla, `text` and `desk`",
    ),
    Readable(
        "argilla-1.jsonl",
        text(
            jsonl(
                *({"text": t, "annotation": v, "status": "Validated"} for t, v in ROWS),
                {"text": "x", "annotation": None, "status": "Default"},
            )
        ),
        "JSONL, Argilla, `text` and `annotation`",
        left_out=(("unannotated", 1),),
    ),
    Readable(
        "doccano.jsonl",
        text(
            jsonl(
                *({"id": n, "text": t, "label": [v]} for n, (t, v) in enumerate(ROWS)),
                {"id": 99, "text": "x", "label": []},
            )
        ),
        "JSONL, Doccano, `text` and `label`",
        left_out=(("unannotated", 1),),
    ),
    Readable(
        "prodigy.jsonl",
        text(
            jsonl(
                *({"text": t, "label": v, "_task_hash": 1, "answer": "accept"} for t, v in ROWS),
                {"text": "x", "label": "billing", "_task_hash": 2, "answer": "reject"},
            )
        ),
        "JSONL, Prodigy, `text` and `label`",
        left_out=(("skipped", 1),),
    ),
)

_OBJECTS = [{"text": t, "label": v} for t, v in ROWS]

REFUSED = (
    Refused(
        "several-lists.json",
        text(json.dumps({"rows": _ROW_OBJECTS, "labels": [{"name": v} for v in LABELS]})),
        "several-sheets",
        ("several lists of rows ('rows', 'labels')", "--sheet rows, or --sheet labels"),
    ),
    Refused(
        "one-chat.json",
        text(
            json.dumps(
                {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a"}]}, indent=1
            )
        ),
        "file-type",
        ("is one JSON object (messages)",),
    ),
    Refused(
        "one-line-in-another-encoding.csv",
        data(
            csv("text,label", *((f"über {t}", v) for t, v in ROWS))
            .encode()
            .replace("caf\u00e9\\4".encode(), b"caf\xe9\\4")
        ),
        "encoding",
        ("is UTF-8 but for some lines, the first of them: line 6, byte", "found 0xe9"),
    ),
    Refused(
        "table.md",
        text("| text | label |\n|------|:-----:|\n" + "".join(f"| {t} | {v} |\n" for t, v in WORDS)),
        "file-type",
        ("a table of Markdown", "sed -E"),
    ),
    Refused(
        "two-labels.csv",
        text(csv("text,category,intent", *((t, v, v[0]) for t, v in ROWS))),
        "ambiguous",
        ("`category`", "`intent`", "--label-column category"),
    ),
    Refused(
        "two-texts.csv",
        text(csv("subject,body,label", *((f"about {n}", *row) for n, row in enumerate(ROWS)))),
        "ambiguous",
        ("--text-column subject", "--text-template '{subject} {body}'"),
    ),
    Refused(
        "no-label.csv",
        text(csv("text,score", *((t, n / 7 + 0.01) for n, (t, _) in enumerate(ROWS)))),
        "column",
        ("label", "`score`", "--label-column"),
    ),
    Refused(
        "spans.jsonl",
        text(jsonl(*({"id": n, "text": t, "label": [[0, 4, "PER"]]} for n, (t, _) in enumerate(ROWS)))),
        "label",
        ("spans", "36 of 36"),
    ),
    Refused("commas.jsonl", text("".join(json.dumps(o) + ",\n" for o in _OBJECTS)), "file-type", ("comma", "sed")),
    Refused(
        "joined.jsonl",
        text("".join(json.dumps(o) for o in _OBJECTS)),
        "file-type",
        ("several JSON objects on a line", "jq -c ."),
    ),
    Refused(
        "pretty.jsonl",
        text("".join(json.dumps(o, indent=2) + "\n" for o in _OBJECTS)),
        "file-type",
        ("not one a line", "jq -c ."),
    ),
    Refused(
        "python.jsonl",
        text("".join(f"{o}\n" for o in _OBJECTS)),
        "file-type",
        ("Python dictionaries", "ast.literal_eval"),
    ),
    Refused("lists.jsonl", text(jsonl(*([t, v] for t, v in ROWS))), "file-type", ("a JSON list on each line", "jq -c")),
    Refused("cut.json", text(json.dumps(_OBJECTS)[:-40]), "json", ("no whole JSON document",)),
    Refused(
        "pointer.csv",
        text("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n"),
        "file-type",
        ("git lfs pull",),
    ),
    Refused("page.csv", text("<!DOCTYPE html><html><body>Sign in</body></html>"), "file-type", ("an HTML page",)),
    Refused("link.jsonl", text("/nowhere/rows.jsonl"), "file-type", ("a path and nothing else", "a link")),
    Refused(
        "fasttext.txt",
        text("".join(f"__label__{v} {t}\n" for t, v in ROWS)),
        "file-type",
        ("fastText", "sed -E"),
    ),
    Refused(
        "chats.csv",
        text(
            csv(
                "id,messages,label",
                *((n, json.dumps([{"role": "user", "content": t}]), v) for n, (t, v) in enumerate(ROWS)),
            )
        ),
        "file-type",
        ("chats as text in the column 'messages'", "json.loads"),
    ),
    Refused("words.csv", text("one column\n" * 20), "file-type", ("one column",)),
    Refused("broken.parquet", data(b"PAR1" + b"\0" * 100), "unreadable", ("cannot be read as Parquet",)),
    Refused("base.db", data(b"SQLite format 3\0" + b"\0" * 100), "file-type", ("sqlite:///",)),
    Refused("cut.zip", data(zipped("a.csv", _CSV)[:-30]), "compression", ("damaged",)),
    Refused(
        "sheets.xlsx",
        data(spreadsheet(("text", "label"), *ROWS, sheets=("May", "June"))),
        "several-sheets",
        ("'May'", "'June'", "--sheet May, or --sheet June"),
    ),
    Refused(
        "flags-or-source.csv",
        text(
            csv(
                "text,source,billing,delivery,technical",
                *((t, "ab"[n % 2], *(int(v == label) for label in LABELS)) for n, (t, v) in enumerate(ROWS)),
            )
        ),
        "ambiguous",
        ("`source`", "--label-column source", "--label-flag '*'"),
    ),
    Refused(
        "bad-weight.csv",
        text(csv("text,label,sample_weight", *((*row, -1) for row in ROWS))),
        "row-weight",
        ("sample_weight: found '-1', expected a number of at least 0", "36 of 36"),
    ),
    Refused(
        "fields.csv",
        text(csv("text,label", *((f"a, {t}", v) for t, v in WORDS), quote=plain)),
        "columns",
        ("3 fields, expected 2", "36 of 36"),
    ),
    Refused("cut.csv.gz", data(gzip.compress(_CSV.encode())[:-30]), "compression", ("cut off",)),
    Refused("train.pickle", data(b"\x80\x04\x95" + b"x" * 100), "file-type", ("pickle",)),
)
