"""Prices from a file of the user's own: what is wrong with it is said at once, by every command that would use it."""

from __future__ import annotations

import pytest

from fw_assets.classification.catalogue.tuning_grid import PublishedCell
from fw_assets.embedded.engine.registry import ENCODER_MODELS, SMOLLM2, base_models
from fw_assets.embedded.records.model_documents import base_document
from fw_assets.fireworks import Model
from fw_assets.fireworks._models import FineTuningDefaults, GridPoint
from fw_assets.pipeline.platform.entries import catalogue_model
from fw_assets_tests.project import Project

WRONG = {"missing": None, "a folder": "", "not yaml": "prices: [", "no list": "usd: 3\n", "no item": "- {usd: 3}\n"}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    "command",
    [("plan", "FILE", "--model", "char-ngram"), ("run", "FILE"), ("models",), ("approve", "tickets"), ("ui",)],
    ids=lambda command: str(command[0]),
)
def test_a_wrong_price_file_is_one_error_at_once(project: Project, command: tuple[str, ...], wrong: str) -> None:
    file = project.folder / "own.yaml"
    if wrong == "a folder":
        file.mkdir()
    elif (content := WRONG[wrong]) is not None:
        file.write_text(content, "utf-8")
    project.environment["FW_PRICES"] = str(file)
    done = project.run(*(str(project.data) if word == "FILE" else word for word in command))
    assert done.returncode == 2
    assert done.stderr.startswith(f"fw-assets: {file}:")
    assert "FW_PRICES names this file" in done.stderr
    assert done.stdout == ""
    assert not project.workspace.exists() or not any(project.workspace.glob("*/assets")), "nothing was registered"


@pytest.mark.parametrize("command", ["plan", "run", "serve"])
@pytest.mark.parametrize("wrong", ["missing", "a folder", "not json"])
def test_a_wrong_price_list_to_rehearse_is_one_error_at_once(project: Project, command: str, wrong: str) -> None:
    file = project.folder / "list.json"
    if wrong == "a folder":
        file.mkdir()
    elif wrong == "not json":
        file.write_text("prices:\n", "utf-8")
    dataset = [] if command == "serve" else ["nothing.jsonl"]
    done = project.run(command, *dataset, "--rehearse-prices", str(file))
    assert done.returncode == 2
    assert done.stderr.startswith(f"fw-assets: --rehearse-prices: {file}: ")
    assert done.stderr.count("\n") == 1


def test_what_uses_no_prices_minds_no_price_file(project: Project) -> None:
    project.environment["FW_PRICES"] = str(project.folder / "missing.yaml")
    assert project.run("status").returncode == 0
    assert project.run("approve", "tickets", "--reject").returncode != 0
    assert "FW_PRICES" not in project.run("approve", "tickets", "--reject").stderr


def test_points_of_a_published_grid_that_no_job_can_have_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    good = GridPoint(lora_rank=8, learning_rate=1e-3)
    nonsense = (
        GridPoint(lora_rank=-1, learning_rate=1e-3),
        GridPoint(lora_rank=8, learning_rate=1e9),
        GridPoint(lora_rank=8, learning_rate=1e-3, epochs=0),
    )
    some, none = (
        catalogue_model(Model(name="accounts/a/models/m", fine_tuning_defaults=FineTuningDefaults(grid=grid)))
        for grid in ((*nonsense, good), nonsense)
    )
    assert some.grid == (PublishedCell(lora_rank=8, learning_rate=1e-3),)
    assert none.grid is None
    assert "a point of its published grid is left out: learning_rate" in caplog.text


def test_the_entry_of_a_language_model_says_which_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_INFERENCE_URL", "http://user:secret@gpu:8000/v1/")
    documents = [base_document(model) for model in base_models().values()]
    entries = {entry.slug: entry for entry in (catalogue_model(Model.model_validate(item)) for item in documents)}
    assert entries[SMOLLM2].answered_by == "http://gpu:8000"
    assert entries[SMOLLM2].serverless
    assert not any(entries[slug].answered_by for slug in ENCODER_MODELS)
    assert entries["char-ngram"].terms(tuning=True).keys() < entries[SMOLLM2].terms(tuning=True).keys()


def test_the_embedded_language_models_read_the_whole_prompt_and_its_encoders_do_not() -> None:
    documents = [base_document(model) for model in base_models().values()]
    entries = [catalogue_model(Model.model_validate(document)) for document in documents]
    assert {entry.slug for entry in entries if not entry.reads_whole_prompt} == set(ENCODER_MODELS)
    assert {entry.slug for entry in entries if entry.reads_whole_prompt} >= {SMOLLM2}
