"""Decisions among more labels than a server takes: shortlists by training rows, from the plan to a question."""

from __future__ import annotations

import json

import polars as pl
import pytest

from fw_assets.embedded.engine.features.minilm_weights import weights_available
from fw_assets.fireworks import MAX_OPTIONS
from fw_assets_tests.chat_servers import chat_server
from fw_assets_tests.project import Project

LABELS, LIMIT = 60, 26
COLOURS = ("red", "green", "blue", "white", "black", "grey", "brown", "pink", "violet", "yellow")
THINGS = ("car", "house", "shirt", "phone", "guitar", "lamp")
NAMES = [f"{colour} {thing}" for thing in THINGS for colour in COLOURS]
FORMS = ("my {} is broken", "where is the {} that I bought", "a new {} please", "how much is the {}")


def write_data(project: Project) -> dict[str, str]:
    """Four texts of each label, and a few whose label does not show in them; the label of each text."""
    assert len(set(NAMES)) == LABELS
    gold = {form.format(name): name for form in FORMS for name in NAMES}
    gold |= {f"see my message of day {day}": NAMES[day] for day in range(LABELS // 6)}
    rows = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
        for text, label in gold.items()
    ]
    project.data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return gold


def run(project: Project, url: str, command: tuple[str, ...] = ("run",)) -> None:
    ends = ("--endpoint", f"near={url}#small", "--arm", "decision", "--benchmark-only", "--free-rows", "5")
    done = project.run(*command, str(project.data), *ends, "--approve", "--yes", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not weights_available(), reason="the weights of the sentence encoder are not on this machine")
def test_a_server_of_few_options_is_asked_among_the_nearest_labels(project: Project, watched: None) -> None:
    gold = write_data(project)
    project.environment["FW_SENTENCE_ENCODER"] = "1"
    with chat_server("plain") as server:
        server.decided, server.most_options = gold, LIMIT
        run(project, server.url)
        folder = project.workspace / "tickets"
        plan = json.loads((folder / "plan.json").read_text("utf-8"))
        (shortlist,) = plan["shortlists"]["rows"]
        assert (shortlist["model"], shortlist["options"], shortlist["labels"]) == ("near+decision", LIMIT, LABELS)
        assert 0.9 < shortlist["found"] / shortlist["rows"] < 1
        (said,) = [text for text in plan["warnings"] if "shortlist" in text]
        assert f"near+decision takes {LIMIT} of the {LABELS} labels at once" in said
        assert f"the shortlist of {LIMIT} holds the right label for" in said
        share = f"{100 * shortlist['found'] / shortlist['rows']:.1f}"
        text = (folder / "final_report.md").read_text("utf-8")
        for page in (text, (folder / "plan.md").read_text("utf-8")):
            assert f"holds the right label for {share}" in page

        asked = [body for body in server.requests if "questions" in body and body["state"] in gold]
        assert asked
        options = [tuple(question["criteria"]) for body in asked for question in body["questions"].values()]
        assert {len(names) for names in options} == {LIMIT}
        assert len(set(options)) > 10
        forwards = [names for names in options if list(names) == sorted(names)]
        assert len(forwards) == len(options) - 5  # the control sample is asked the other way round

        answers = pl.read_parquet(folder / "predictions" / "near+decision-base-test.parquet")
        inside = {body["state"]: set(body["questions"]["label"]["criteria"]) for body in asked}
        texts = dict(pl.read_parquet(folder / "assets" / "label_set.parquet").select("id", "messages").iter_rows())
        outside = 0
        for row, outcome in answers.select("id", "outcome").iter_rows():
            text_of = json.loads(texts[row])[0]["content"]
            # The server knows every label; what is not among its options cannot be given.
            assert (outcome == "correct") == (gold[text_of] in inside[text_of])
            outside += outcome != "correct"
        assert outside > 0
        told = answers["probabilities"].explode().struct.unnest()
        assert told["p"].is_between(0, 1).all()

        report = project.report()
        results = {item["model"]: item for item in report["candidates"]}
        assert results["endpoints/near+decision"]["base"]["accuracy"] > 0.9
        assert results["endpoints/near+decision"]["base"]["order"]["flipped"] == 0
        assert report["snippets"]["python"] == report["snippets"]["curl"] == ""
        assert "There is no code for a program: near+decision takes 26 of the 60 labels at once" in text
        assert any("fw-assets predict" in command for command in report["snippets"]["commands"])

        new = "is there a blue guitar"
        server.decided = {**gold, new: "blue guitar"}
        said_of = project.run("predict", "tickets", new, "--json")
        assert said_of.returncode == 0, said_of.stderr
        assert json.loads(said_of.stdout)["labels"] == ["blue guitar"]
        assert len(server.requests[-1]["questions"]["label"]["criteria"]) == LIMIT
        file, out = project.folder / "new.csv", project.folder / "out.csv"
        file.write_text(f"text\n{new}\nmy red car is broken\n")
        done = project.run("predict", "tickets", "--file", str(file), "--out", str(out), "--yes")
        assert done.returncode == 0, done.stderr
        assert pl.read_csv(out)["label"].to_list() == ["blue guitar", "red car"]
        project.environment["FW_SENTENCE_ENCODER"] = "0"
        refused = project.run("predict", "tickets", new)
        assert refused.returncode != 0
        assert "asked among the labels that all-MiniLM-L6-v2 chooses" in " ".join(refused.stderr.split())


MANY = [
    f"{colour} {thing} {number}" for number in ("one", "two", "three", "four") for thing in THINGS for colour in COLOURS
]


@pytest.mark.skipif(not weights_available(), reason="the weights of the sentence encoder are not on this machine")
def test_more_labels_than_any_request_takes_from_a_csv_to_a_report(project: Project, watched: None) -> None:
    """The platform takes 208 of 240 options, a server 26: each has its own shortlist in one table."""
    gold = {form.format(name): name for form in FORMS for name in MANY}
    file = project.folder / "many.csv"
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in gold.items()), "utf-8")
    project.environment["FW_SENTENCE_ENCODER"] = "1"
    with chat_server("plain") as server:
        server.decided, server.most_options = gold, LIMIT
        ends = ("--model", "char-ngram", "--endpoint", f"near={server.url}#small")
        asked = ("--inference", "decision", "--benchmark-only", "--free-rows", "5", "--name", "many")
        done = project.run("run", str(file), *ends, *asked, "--approve", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        asked_of = [body for body in server.requests if body.get("state") in gold]
    inside = {body["state"]: set(body["questions"]["label"]["criteria"]) for body in asked_of}
    assert {len(options) for options in inside.values()} == {LIMIT}
    folder = project.workspace / "many"
    report = json.loads((folder / "report.json").read_text("utf-8"))
    shortlists = {row["model"]: row for row in report["shortlists"]["rows"]}
    assert {name: (row["options"], row["labels"]) for name, row in shortlists.items()} == {
        "char-ngram": (MAX_OPTIONS, len(MANY)),
        "near": (LIMIT, len(MANY)),
    }
    results = {item["model"].rsplit("/", 1)[-1]: item["base"] for item in report["candidates"]}
    text = (folder / "final_report.md").read_text("utf-8")
    for name, row in shortlists.items():
        assert row["found"] / row["rows"] > 0.95
        assert results[name]["accuracy"] > 0.95
        recall = f"{100 * row['found'] / row['rows']:.1f}"
        assert f"the shortlist of {row['options']} holds the right label for {recall}" in text
    # The server knows every label, so that it is wrong exactly where the shortlist is.
    parts = [folder / "predictions" / f"near-base-{part}.parquet" for part in ("validation", "test")]
    wrong = pl.concat([pl.read_parquet(part, columns=["outcome"]) for part in parts]).filter(
        pl.col("outcome") != "correct"
    )
    assert wrong.height == sum(gold[state] not in options for state, options in inside.items()) > 0
    assert "options: 208 for char-ngram and 26 for near, of the 240 labels those that the training rows choose" in text
