"""A file of rows that nobody has labelled, through the command line: priced, asked once, resumed, written whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fw_assets.pipeline.budget.prediction_account import prediction_ledger
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.label_file import label_file
from fw_assets.pipeline.prediction.label_request import LabelRequest
from fw_assets.pipeline.values.prediction import PredictionQuote
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Done, InProcessPool, Project
from fw_assets_tests.routing_rows import FIELDS, write_routing

TEXTS = ("I was charged twice this month", "the app crashes, always", "", "I was charged twice this month")
PRICES = "- {item: inference-input, usd: 1000}\n- {item: inference-output, usd: 1000}\n"


@pytest.fixture(scope="module")
def benchmarked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose dataset has been benchmarked; its winner is the base model, which has no price."""
    project = Project(tmp_path_factory.mktemp("benchmarked"))
    project.make_pool = InProcessPool
    done = project.run(*project.workflow("--benchmark-only", "--wanted-precision", "0.1"))
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def project(benchmarked: Project, tmp_path: Path) -> Project:
    """The same project, in a folder of its own for the files of a test."""
    project = Project(tmp_path)
    project.workspace, project.environment = benchmarked.workspace, dict(benchmarked.environment)
    write_rows(project.folder / "new.csv")
    return project


def write_rows(path: Path, texts: tuple[str, ...] = TEXTS) -> None:
    pl.DataFrame({"id": [f"{n:03}" for n in range(len(texts))], "text": texts}).write_csv(path)


def label(project: Project, file: str = "new.csv", out: str = "labelled.csv", *more: str) -> Done:
    return project.run("predict", "tickets", "--file", file, "--out", out, *more)


def told(done: Done) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def requests(project: Project) -> int:
    return project.platform()["inference_requests"]


def test_every_row_comes_back_with_its_label_and_each_text_is_asked_once(project: Project) -> None:
    before = requests(project)
    done = label(project)
    assert done.returncode == 0, done.stderr
    assert requests(project) - before == 2
    assert "4 rows, read as CSV, the text in `text`" in done.stderr
    assert "1 row without a text: not asked" in done.stderr
    assert "1 row with the text of an earlier one: asked once" in done.stderr
    assert "asks 2 texts" in done.stderr
    rows = pl.read_csv(project.folder / "labelled.csv", infer_schema=False)
    assert rows.columns == ["id", "text", "label", "confidence", "abstained", "error"]
    assert rows["id"].to_list() == ["000", "001", "002", "003"]
    single = told(project.run("predict", "tickets", TEXTS[0], "--json"))
    assert rows["label"][0] == rows["label"][3] == single["labels"][0]
    assert rows["label"][2] is None
    assert "empty" in rows["error"][2]
    again = label(project, "new.csv", "labelled.csv", "--json")
    assert again.returncode == 0
    assert requests(project) - before == 3, "the single text is one of them"
    assert (told(again)["requests"], told(again)["labelled"], told(again)["empty"]) == (0, 3, 1)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet", ".arrow"])
def test_every_ending_has_the_same_rows(project: Project, ending: str) -> None:
    out = project.folder / f"labelled{ending}"
    assert label(project, "new.csv", str(out)).returncode == 0
    read = {
        ".csv": lambda: pl.read_csv(out, infer_schema=False),
        ".tsv": lambda: pl.read_csv(out, separator="\t", infer_schema=False),
        ".jsonl": lambda: pl.read_ndjson(out),
        ".parquet": lambda: pl.read_parquet(out),
        ".arrow": lambda: pl.read_ipc(out),
    }[ending]()
    assert read["text"].fill_null("").to_list() == list(TEXTS)
    assert read["label"].null_count() == 1
    assert sorted(path.name for path in project.folder.iterdir()) == [out.name, "new.csv", "tickets.jsonl"]


def test_a_threshold_leaves_the_label_out(project: Project) -> None:
    assert label(project, "new.csv", "labelled.csv", "--threshold", "0").returncode == 0
    sure = pl.read_csv(project.folder / "labelled.csv")
    assert not any(sure["abstained"])
    highest = sure["confidence"].max()
    assert isinstance(highest, float)
    done = label(project, "new.csv", "labelled.csv", "--threshold", str(min(1.0, highest + 1e-6)), "--json")
    unsure = pl.read_csv(project.folder / "labelled.csv")
    assert unsure["label"].null_count() == 4
    assert unsure["abstained"].to_list() == [True, True, False, True]
    assert told(done)["abstained"] == 3
    # The report's own threshold holds where none is given.
    own = told(label(project, "new.csv", "labelled.csv", "--json"))
    (result,) = [item for item in project.report()["candidates"] if item["base"]["confidence"]]
    assert own["threshold"] == result["base"]["confidence"]["threshold"]
    assert own["threshold"] is not None


@pytest.mark.parametrize("free", [(), ("--free",)])
def test_one_text_is_left_to_a_person_where_its_row_in_a_file_is(project: Project, free: tuple[str, ...]) -> None:
    sure = told(project.run("predict", "tickets", TEXTS[0], "--threshold", "0", "--json", *free))
    assert not sure["abstained"]
    assert len(sure["labels"]) == 1
    above = min(1.0, sure["confidence"] + 1e-6)
    assert label(project, "new.csv", "labelled.csv", "--threshold", str(above), *free).returncode == 0
    row = pl.read_csv(project.folder / "labelled.csv").row(0, named=True)
    done = project.run("predict", "tickets", TEXTS[0], "--threshold", str(above), "--json", *free)
    assert done.returncode == 0
    unsure = told(done)
    assert (unsure["labels"], unsure["abstained"], unsure["threshold"]) == ([], True, above)
    assert (row["label"], row["abstained"]) == (None, True)
    assert row["confidence"] == pytest.approx(unsure["confidence"])
    said = project.run("predict", "tickets", TEXTS[0], "--threshold", str(above), *free)
    assert "is below" in said.stdout
    assert repr(sure["text"]) in said.stderr


def test_a_file_with_columns_of_the_same_names_keeps_them(project: Project) -> None:
    pl.DataFrame({"text": ["I was charged twice"], "label": ["mine"], "error": ["none"]}).write_csv(
        project.folder / "new.csv"
    )
    done = label(project)
    assert "the file has a column `label` of its own, so the model's is `predicted_label`" in done.stderr
    (row,) = pl.read_csv(project.folder / "labelled.csv").to_dicts()
    assert (row["label"], row["error"], row["predicted_error"]) == ("mine", "none", None)
    assert row["predicted_label"]


def test_columns_of_json_stay_what_they_are(project: Project) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "subject": "Charged", "body": "twice", "meta": {"tags": ["a", None]}, "n": 2**70},
        {"id": "x", "subject": "", "body": " ", "meta": None, "more": 1.5},
    ]
    (project.folder / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = label(project, "new.jsonl", "out.jsonl", "--text-template", "{subject}: {body}")
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, (project.folder / "out.jsonl").read_text().splitlines())
    assert {key: first[key] for key in rows[0]} == rows[0]
    assert {key: second[key] for key in rows[1]} == rows[1]
    assert first["label"]
    assert second["label"] is None
    assert label(project, "new.jsonl", "out.csv", "--text-template", "{subject}: {body}").returncode == 0
    cells = pl.read_csv(project.folder / "out.csv", infer_schema=False).to_dicts()
    assert [cell["id"] for cell in cells] == ["1", "x"]
    assert json.loads(cells[0]["meta"]) == rows[0]["meta"]


def test_a_changed_file_starts_anew_and_says_so(project: Project) -> None:
    assert label(project).returncode == 0
    before = requests(project)
    write_rows(project.folder / "new.csv", (*TEXTS, "where is my parcel"))
    done = label(project)
    assert "new.csv is not what labelled.csv was begun from: every row is asked anew" in done.stderr
    assert requests(project) - before == 3
    assert pl.read_csv(project.folder / "labelled.csv").height == 5
    other = label(project, "new.csv", "labelled.csv", "--system", "Be brief.")
    assert "the options are others than before: every row is asked anew" in other.stderr


def test_a_killed_command_asks_for_the_rest_only_and_pays_for_all(project: Project) -> None:
    number = 1500
    write_rows(project.folder / "many.csv", tuple(f"ticket {n}: I was charged twice" for n in range(number)))
    (project.folder / "prices.yaml").write_text(PRICES)
    project.environment["FW_PRICES"] = str(project.folder / "prices.yaml")
    paid = prediction_ledger(Workspace(str(project.workspace)), "tickets").spent
    arguments = ("predict", "tickets", "--file", "many.csv", "--out", "many.parquet", "--yes", "--json")
    process = project.start(*arguments)
    answers = project.workspace / "tickets" / "answers"
    kept_before = {path: path.stat().st_size for path in answers.iterdir()}
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        grown = [p for p in answers.iterdir() if p.stat().st_size > kept_before.get(p, 0)]
        if grown and grown[0].read_text("utf-8").count("\n") > 100:
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    kept = grown[0].read_text("utf-8").count("\n")
    assert 100 < kept < number
    assert not (project.folder / "many.parquet").exists()
    done = project.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert told(done)["requests"] == number - kept
    assert pl.read_parquet(project.folder / "many.parquet")["label"].null_count() == 0
    lines = [json.loads(line) for line in grown[0].read_text("utf-8").splitlines()]
    tokens = sum(line["prompt_tokens"] + line["completion_tokens"] for line in lines)
    ledger = prediction_ledger(Workspace(str(project.workspace)), "tickets")
    assert ledger.spent - paid == pytest.approx(tokens / 1000)
    assert not ledger.reservations
    (status,) = json.loads(project.run("status", "tickets", "--json").stdout)["datasets"]
    assert status["predictions"]["paid_usd"] == pytest.approx(ledger.spent)


def test_what_costs_money_needs_a_yes_and_stays_under_its_ceiling(project: Project) -> None:
    (project.folder / "prices.yaml").write_text(PRICES)
    project.environment["FW_PRICES"] = str(project.folder / "prices.yaml")
    before, store = requests(project), Workspace(str(project.workspace))
    paid = prediction_ledger(store, "tickets").spent
    write_rows(project.folder / "new.csv", ("a text that is nowhere else", "nor is this"))
    waits = label(project, "new.csv", "labelled.csv", "--json")
    assert waits.returncode == 3
    assert told(waits)["state"] == "waiting"
    assert told(waits)["high_usd"] >= told(waits)["expected_usd"] > 0
    refused = label(project, "new.csv", "labelled.csv", "--max-spend-usd", "0.001", "--yes", "--json")
    assert refused.returncode == 4
    assert "raise --max-spend-usd" in told(refused)["error"]["message"]
    limitless = label(project, "new.csv", "labelled.csv", "--max-spend-usd", "nan", "--yes", "--json")
    assert limitless.returncode == 2
    assert "max_spend_usd: expected an amount in US dollars" in told(limitless)["error"]["message"]
    assert requests(project) == before
    assert not (project.folder / "labelled.csv").exists()
    done = label(project, "new.csv", "labelled.csv", "--max-spend-usd", "10", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert told(done)["paid_usd"] == pytest.approx((told(done)["prompt_tokens"] + told(done)["answer_tokens"]) / 1000)
    ledger = prediction_ledger(store, "tickets")
    assert ledger.spent - paid == pytest.approx(told(done)["paid_usd"])
    assert "files labelled" in project.run("status", "tickets").stdout.replace("\n", " ")


def test_a_price_that_is_not_known_needs_a_yes_too(project: Project) -> None:
    (project.folder / "prices.yaml").write_text("- {item: inference-input, usd: null}\n")
    project.environment["FW_PRICES"] = str(project.folder / "prices.yaml")
    write_rows(project.folder / "new.csv", ("yet another text",))
    assert label(project).returncode == 3
    done = label(project, "new.csv", "labelled.csv", "--max-spend-usd", "1", "--yes")
    assert done.returncode == 4
    assert "has no known price" in done.stderr
    assert label(project, "new.csv", "labelled.csv", "--yes").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--file", "new.csv"), "the file to write is missing"),
        (("--file", "new.csv", "--out", "x.txt"), "names no format that is written"),
        (("--file", "new.csv", "--out", "new.csv"), "is the file that is labelled"),
        (("--file", "new.csv", "--out", "tickets.jsonl"), "was not written by this command"),
        (("--file", "new.csv", "--out", "none/x.csv"), "there is no folder"),
        (("--file", "none.csv", "--out", "x.csv"), "no such file"),
        (("--file", ".", "--out", "x.csv"), "is a folder"),
        (("--file", "new.csv", "--out", "x.csv", "--text-column", "txt"), "did you mean `text`?"),
        (("--file", "new.csv", "--out", "x.csv", "--text-template", "none"), "names no column"),
        (("--file", "bad.jsonl", "--out", "x.csv"), "bad.jsonl:2: "),
        (("--file", "ragged.csv", "--out", "x.csv"), "ragged.csv:3: the line has 4 fields, expected 2"),
        (("--file", "empty.csv", "--out", "x.csv"), "has no rows"),
        (("a text", "--out", "x.csv"), "--out: is for the rows of a file"),
        (("a text", "--file", "new.csv"), "both are given"),
        ((), "none is given"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_nothing_is_asked(
    project: Project, arguments: tuple[str, ...], sentence: str
) -> None:
    (project.folder / "bad.jsonl").write_text('{"text": "fine"}\n{"text": \n')
    (project.folder / "ragged.csv").write_text("id,text\n1,fine text\n2,a,b,c\n")
    (project.folder / "empty.csv").write_text("id,text\n")
    before = requests(project)
    done = project.run("predict", "tickets", *arguments, "--json")
    assert done.returncode == 2, done.stderr
    assert sentence in told(done)["error"]["message"]
    assert requests(project) == before


def test_probabilities_where_the_platform_gives_them(project: Project, tmp_path: Path) -> None:
    labels = sorted({row["messages"][-1]["content"] for row in map(json.loads, project.data.read_text().splitlines())})
    assert len(labels) <= 5
    done = label(project, "new.csv", "labelled.csv", "--probabilities", "--threshold", "0")
    assert done.returncode == 0, done.stderr
    rows = pl.read_csv(project.folder / "labelled.csv").filter(pl.col("label").is_not_null())
    shares = rows.select(f"probability_{name}" for name in labels)
    assert shares.sum_horizontal().to_list() == pytest.approx([1.0] * rows.height)
    for row in rows.to_dicts():
        assert max(labels, key=lambda name: row[f"probability_{name}"]) == row["label"]


def test_answers_of_several_fields_and_of_several_labels(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.make_pool = InProcessPool
    write_routing(project.data, 200)
    asked = [argument for name in FIELDS for argument in ("--field", name)]
    assert project.run(*project.workflow("--benchmark-only", *asked)).returncode == 0
    write_rows(tmp_path / "new.csv")
    done = label(project, "new.csv", "out.parquet", "--threshold", "0")
    assert done.returncode == 0, done.stderr
    rows = pl.read_parquet(tmp_path / "out.parquet")
    fields = json.loads(rows["fields"][0])
    assert fields["department"] == rows["label"][0]
    refused = label(project, "new.csv", "out.csv", "--probabilities")
    assert refused.returncode == 1
    assert "its answers have several fields): leave --probabilities out" in refused.stderr

    many = [
        {"messages": [{"role": "user", "content": f"{n} {' '.join(labels)}"}], "ground_truth": labels}
        for n in range(60)
        for labels in (["red"], ["red", "green"], ["green"])
    ]
    project.data.write_text("".join(json.dumps(row) + "\n" for row in many))
    assert project.run(*project.workflow("--benchmark-only", "--name", "colours")).returncode == 0
    write_rows(tmp_path / "new.csv", ("red and green", "red"))
    out = ("predict", "colours", "--file", "new.csv", "--threshold", "0", "--out")
    assert project.run(*out, "colours.parquet").returncode == 0
    lists = pl.read_parquet(tmp_path / "colours.parquet")["label"]
    assert lists.dtype == pl.List(pl.String)
    assert project.run(*out, "colours.csv").returncode == 0
    cells = pl.read_csv(tmp_path / "colours.csv")["label"].fill_null("").to_list()
    assert cells == ["|".join(labels) for labels in lists.to_list()]


def test_an_asset_can_call_the_same_function(project: Project) -> None:
    store = Workspace(str(project.workspace))
    platform = Platform("embedded", project.workspace / ".platform")
    quotes: list[PredictionQuote] = []

    def agree(quote: PredictionQuote) -> bool:
        quotes.append(quote)
        return len(quotes) > 1

    wanted = LabelRequest(str(project.folder / "new.csv"), project.folder / "out.csv", system="Be kind.")
    assert label_file(store, platform, "tickets", wanted, agree) is None
    assert not wanted.out.exists()
    result = label_file(store, platform, "tickets", wanted, agree)
    assert result is not None
    assert (result.rows, result.requests, result.empty) == (4, 2, 1)
    assert quotes[0].requests == quotes[1].requests == 2


def test_output_is_a_file_that_others_see_whole_or_not_at_all(project: Project) -> None:
    """A disk without room leaves what was there, and no other file."""
    write_rows(project.folder / "new.csv", tuple(f"text number {n} of many" for n in range(400)))
    assert label(project).returncode == 0
    before = (project.folder / "labelled.csv").read_bytes()
    command = project.command("predict", "tickets", "--file", "new.csv", "--out", "labelled.csv")
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 8 && "$@"', "sh", *command],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert (project.folder / "labelled.csv").read_bytes() == before
    assert sorted(path.name for path in project.folder.iterdir()) == ["labelled.csv", "new.csv", "tickets.jsonl"]


def test_the_free_model_labels_a_file_too_and_asks_nobody(project: Project) -> None:
    before = requests(project)
    done = label(project, "new.csv", "labelled.csv", "--free", "--json")
    assert done.returncode == 0, done.stderr
    assert requests(project) == before
    assert told(done)["paid_usd"] == 0
    rows = pl.read_csv(project.folder / "labelled.csv").to_dicts()
    for row in rows:
        if row["text"]:
            single = told(project.run("predict", "tickets", row["text"], "--free", "--json"))
            label_of = (single["labels"] or [None])[0]
            assert (row["label"], row["confidence"]) == (label_of, pytest.approx(single["confidence"]))
            assert (row["abstained"], single["threshold"]) == (single["abstained"], told(done)["threshold"])
    assert label(project, "new.csv", "labelled.csv", "--free", "--probabilities").returncode == 1


def test_texts_longer_than_the_context_are_counted_before_they_are_asked(project: Project) -> None:
    write_rows(project.folder / "new.csv", ("a short one", "charged " * 2_000))
    done = label(project, "new.csv", "labelled.csv", "--json")
    assert "1 text longer than the 512 tokens that the model reads" in done.stderr
    assert (told(done)["over_context"], told(done)["rows"]) == (1, 2)
