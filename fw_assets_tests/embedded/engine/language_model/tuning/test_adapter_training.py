from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.errors import Diverged, EngineError
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter, load_adapter, save_adapter
from fw_assets.embedded.engine.language_model.head import new_head
from fw_assets.embedded.engine.language_model.language_model import NO_PREFIX, load, trains_in_bf16
from fw_assets.embedded.engine.language_model.lora import adapted, new_adapter
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.language_model.scorers import ObjectScorer, load_tuned_scorer
from fw_assets.embedded.engine.language_model.tuning import adapter_training
from fw_assets.embedded.engine.language_model.tuning.adapter_form import AdapterForm
from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob
from fw_assets.embedded.engine.language_model.tuning.adapter_training import fit_adapter
from fw_assets.embedded.engine.language_model.tuning.lower_states import LowerStates
from fw_assets.embedded.engine.record_training import RecordRow, object_rows
from fw_assets.embedded.engine.training import drain
from fw_assets.embedded.engine.training_run import (
    CheckpointWritten,
    Evaluation,
    ResourceUse,
    TrainingEvent,
    TrainingStep,
    WorkDone,
)
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
from fw_assets.embedded.engine.written_answers import Decoding
from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation

SPEC = TrainingSpec("tiny", lora_rank=4, learning_rate=0.01, epochs=3, batch_size=8, max_context_length=256)
HEAD, GENERATE = AdapterForm(4, False, "head"), AdapterForm(4, False, "generate")
WORDS = {"refund": "money back please", "card_arrival": "where is my card", "greeting": "good morning to you"}
ROWS = [
    TrainingRow(conversation(f"{text} {number}"), (label,), tokens=10, answer=label)
    for number in range(10)
    for label, text in WORDS.items()
]
EVALUATION = [TrainingRow(conversation(f"{text} again"), (label,)) for label, text in WORDS.items()]


def train(
    folder: LanguageModelFolder,
    cache: Path,
    form: AdapterForm | None = HEAD,
    checkpoints: Path | None = None,
    **job: Any,
) -> tuple[list[TrainingStep | Evaluation | WorkDone], TunedAdapter]:
    given = {"spec": SPEC, "rows": ROWS, "evaluation": EVALUATION, "multi_label": False, "notes": {}, "form": form}
    run = fit_adapter(AdapterJob(**{**given, **job}), folder, cache, checkpoints)
    records: list[TrainingStep | Evaluation | WorkDone] = []

    def keep(record: TrainingStep | Evaluation | TrainingEvent) -> None:
        if not isinstance(record, CheckpointWritten | ResourceUse):
            records.append(record)

    return records, drain(run, keep)


def step_losses(records: list[TrainingStep | Evaluation | WorkDone]) -> list[float]:
    return [record.loss for record in records if isinstance(record, TrainingStep)]


def without_shares(records: Sequence[Any]) -> list[Any]:
    return [record for record in records if not isinstance(record, WorkDone)]


def parameters(tuned: TunedAdapter) -> list[Any]:
    return [*tuned.adapter.parameters(), *([tuned.head.directions] if tuned.head else [])]


def equal(one: TunedAdapter, other: TunedAdapter) -> bool:
    return all(a.equal(b) for a, b in zip(parameters(one), parameters(other), strict=True))


@pytest.mark.parametrize("form", [HEAD, GENERATE])
def test_training_learns_and_answers_from_its_files(
    folder: LanguageModelFolder, form: AdapterForm, tmp_path: Path
) -> None:
    check_that_it_learns(folder, form, tmp_path)


@pytest.mark.parametrize("readout", ["head", "generate"])
def test_every_layer_can_be_adapted(folders: dict[str, LanguageModelFolder], readout: Any, tmp_path: Path) -> None:
    check_that_it_learns(folders["gemma3"], AdapterForm(0, True, readout), tmp_path)


def check_that_it_learns(folder: LanguageModelFolder, form: AdapterForm, tmp_path: Path) -> None:
    # What a random network writes takes longer to turn than a head that compares its states.
    spec = (
        SPEC if form.readout == "head" else replace(SPEC, learning_rate=0.03 if form.first_layer else 0.01, epochs=12)
    )
    records, tuned = train(folder, tmp_path, form, spec=spec)
    steps = [record for record in records if isinstance(record, TrainingStep)]
    figures = [record for record in records if isinstance(record, Evaluation)]
    assert [step.number for step in steps] == list(range(1, 4 * int(spec.epochs) + 1))
    assert [record.number for record in figures] == [step.number for step in steps if step.ends_epoch]
    assert steps[-1].loss < steps[0].loss
    assert sum(step.tokens for step in steps) == spec.epochs * sum(row.tokens for row in ROWS)
    save_adapter(tuned, tmp_path / "out")
    scorer = load_tuned_scorer(tmp_path / "out", folder)
    scores = scorer.log_probabilities([row.text for row in ROWS], None)
    labels = scorer.labels or ()
    right = [labels[index] == row.labels[0] for index, row in zip(scores.argmax(1), ROWS, strict=True)]
    assert sum(right) / len(right) > 0.9
    alone = scorer.log_probabilities([ROWS[5].text], None)
    assert abs(alone - scores[5]).max() < 1e-4


def test_weights_decay_apart_from_the_gradient(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    folder, decay = folders["llama"], 0.5
    spec = replace(SPEC, batch_size=len(ROWS), epochs=1)
    records, plain = train(folder, tmp_path, spec=spec, evaluation=())
    _, decayed = train(folder, tmp_path, spec=replace(spec, weight_decay=decay), evaluation=())
    (share,) = (decay * record.rate for record in records if isinstance(record, TrainingStep))
    model = load(folder, bf16=trains_in_bf16())
    begun, head = new_adapter(model.linear, 4, 4, SPEC.seed), new_head(model, plain.labels, multi_label=False)
    assert plain.head is not None
    assert decayed.head is not None
    weights = [
        (decayed.head.directions, plain.head.directions, head.directions),
        *zip(decayed.adapter.parameters(), plain.adapter.parameters(), begun.parameters(), strict=True),
    ]
    for smaller, without, start in weights:
        assert torch.allclose(smaller, without - share * start, atol=1e-6)
    assert any((smaller != without).any() for smaller, without, _ in weights)
    assert decayed.head.bias.equal(plain.head.bias)


def test_activations_that_are_computed_again_change_nothing(folder: LanguageModelFolder, tmp_path: Path) -> None:
    layer = next(iter(load(folder, bf16=trains_in_bf16()).linear.values()))
    calls: list[Any] = []
    hook = layer.register_forward_hook(lambda *_: calls.append(torch.is_grad_enabled()))
    made = {}
    for recomputes in (False, True):
        calls.clear()
        form, spec = AdapterForm(0, True, "generate", recomputes), replace(SPEC, epochs=1)
        records, tuned = train(folder, tmp_path, form, spec=spec, evaluation=())
        made[recomputes] = step_losses(records), tuned, len(calls)
    hook.remove()
    assert made[True][0] == made[False][0]
    assert equal(made[True][1], made[False][1])
    assert made[True][2] == 2 * made[False][2]
    assert not any(part.training for part in load(folder, bf16=trains_in_bf16()).pretrained.network.modules())


def test_the_readout_is_chosen_on_the_evaluation_rows(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    folder = folders["llama"]
    records, tuned = train(folder, tmp_path, AdapterForm(4, False, "validation"))
    told = [record for record in records if isinstance(record, WorkDone)]
    assert {record.trial for record in told} == {"head", "generate", ""}
    assert [record.share for record in told] == sorted(record.share for record in told)
    assert told[0].share < 0.1
    assert told[-1].share == 1
    first = next(record for record in records if isinstance(record, Evaluation))
    best = "head" if tuned.head is not None else "generate"
    assert first.loss == first.readout_losses[best] == min(first.readout_losses.values())
    save_adapter(tuned, tmp_path / "out")
    assert load_adapter(tmp_path / "out").readout_losses == first.readout_losses
    for name, form in (("head", HEAD), ("generate", GENERATE)):
        alone, same = train(folder, tmp_path, form)
        loss = next(record.loss for record in alone if isinstance(record, Evaluation))
        assert first.readout_losses[name] == loss
        if name == best:
            assert equal(tuned, same)
            steps = [record for record in records if isinstance(record, TrainingStep)]
            assert steps == [record for record in alone if isinstance(record, TrainingStep)]


def test_a_long_epoch_is_not_read_whole_to_choose_the_readout(
    folders: dict[str, LanguageModelFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, form = folders["llama"], AdapterForm(4, False, "validation")
    monkeypatch.setattr(adapter_training, "MIN_TRIAL_ROWS", 10)
    records, tuned = train(folder, tmp_path, form)
    told = [record for record in records if isinstance(record, WorkDone)]
    steps = [[record.share for record in told if record.trial == name] for name in ("head", "generate")]
    # Two steps of four; the rows are read before those of the first.
    assert steps[0][-1] <= steps[1][0] < steps[1][-1] < 0.5
    best = "head" if tuned.head is not None else "generate"
    alone, same = train(folder, tmp_path, HEAD if best == "head" else GENERATE)
    assert equal(tuned, same)
    assert [
        replace(record, readout_losses={}) if isinstance(record, Evaluation) else record
        for record in without_shares(records)
    ] == without_shares(alone)
    # Killed while it goes on with the better one, it compares the same losses.
    run = fit_adapter(AdapterJob(SPEC, ROWS, EVALUATION, False, {}, form=form), folder, tmp_path, tmp_path / "c")
    for record in run:
        if isinstance(record, Evaluation) and record.epoch == 2:
            break
    run.close()
    again, resumed = train(folder, tmp_path, form, checkpoints=tmp_path / "c")
    assert without_shares(again) == without_shares(records)
    assert not any(record.trial for record in again if isinstance(record, WorkDone))
    assert equal(resumed, tuned)
    assert resumed.readout_losses == tuned.readout_losses


def test_processes_that_train_on_the_same_rows_share_the_reading_of_them(
    folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    model = load(folders["llama"], bf16=trains_in_bf16())
    rows, prefix = [(5, 9, 17, number, 3) for number in range(64)], NO_PREFIX
    claim = (
        "import fcntl, sys; file = open(sys.argv[1], 'ab');"
        "fcntl.lockf(file, fcntl.LOCK_EX, 1, int(sys.argv[2])); print('held', flush=True); sys.stdin.read()"
    )
    here, there = (LowerStates(model, 4, tmp_path) for _ in range(2))
    reads: list[int] = []
    hook = model.pretrained.decoder.layers[0].register_forward_pre_hook(lambda _, given: reads.append(len(given[0])))
    try:
        held = int.from_bytes(here._key((), rows[16])[:4], "big")
        command = [sys.executable, "-c", claim, str(tmp_path / "language-model-states.lock"), str(held)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            parts = here.prepare(rows, prefix)
            assert [next(parts) for _ in range(3)] == [16, 16, 16]
            # What the other process has read in the meantime is not read here.
            there.below(rows[16:32], prefix)
            assert sum(reads) == 64
            assert list(parts) == [16]
            assert sum(reads) == 64
            other.communicate()
    finally:
        hook.remove()
    assert here.below(rows, prefix).equal(LowerStates(model, 4, tmp_path).below(rows, prefix))


def test_both_readouts_share_what_the_lower_layers_read(
    folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    model = load(folders["llama"], bf16=trains_in_bf16())
    reads: list[int] = []
    hook = model.pretrained.decoder.layers[0].register_forward_pre_hook(lambda _, given: reads.append(len(given[0])))
    try:
        spec = replace(SPEC, epochs=1)
        train(folders["llama"], tmp_path, HEAD, spec=spec, evaluation=())
        assert sum(reads) >= len(ROWS)
        reads.clear()
        train(folders["llama"], tmp_path, GENERATE, spec=spec, evaluation=())
        assert sum(reads) == 0
    finally:
        hook.remove()


def test_a_training_that_diverges_is_one_error_once_every_readout_was_tried(
    folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    tried: list[str] = []
    spec = replace(SPEC, learning_rate=1e9)
    form = AdapterForm(4, False, "validation")
    run = fit_adapter(AdapterJob(spec, ROWS, EVALUATION, False, {}, form=form), folders["llama"], tmp_path)
    with pytest.raises(Diverged, match=r"diverged in step \d+ .*; take a smaller learningRate than 1e\+09"):
        drain(run, lambda record: tried.append(record.trial) if isinstance(record, WorkDone) else None)
    assert set(tried) == {"head", "generate"}


@pytest.mark.parametrize("readout", ["head", "generate"])
def test_a_readout_that_is_asked_for_is_the_only_one(
    folders: dict[str, LanguageModelFolder], readout: Any, tmp_path: Path
) -> None:
    records, tuned = train(folders["llama"], tmp_path, None, readout=readout, spec=replace(SPEC, epochs=1))
    assert (tuned.head is not None) == (readout == "head")
    assert not any(record.readout_losses for record in records if isinstance(record, Evaluation))
    assert not tuned.readout_losses
    other = "generate" if readout == "head" else "head"
    with pytest.raises(EngineError, match=f"has {readout}, and keeps it"):
        train(folders["llama"], tmp_path, None, start=tuned, readout=other)
    _, continued = train(folders["llama"], tmp_path, None, start=tuned, spec=replace(SPEC, epochs=1))
    assert (continued.head is None) == (tuned.head is None)


def test_with_few_evaluation_rows_the_size_decides(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    small, spec = folders["llama"], replace(SPEC, epochs=1)
    large = replace(small, parameters=2_000_000_000)
    assert train(small, tmp_path, None, spec=spec)[1].head is not None
    assert train(large, tmp_path, None, evaluation=(), spec=spec)[1].head is None
    assert train(large, tmp_path, None, evaluation=ROWS[:20], spec=spec)[1].readout_losses


def test_sets_of_labels_have_a_head(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    assert train(folders["llama"], tmp_path, None, multi_label=True, spec=replace(SPEC, epochs=1))[1].head is not None
    with pytest.raises(EngineError, match="readout is generate; answers with any number of labels are read by a head"):
        train(folders["llama"], tmp_path, None, multi_label=True, readout="generate")


def test_states_are_computed_once_and_change_nothing(folder: LanguageModelFolder, tmp_path: Path) -> None:
    _, first = train(folder, tmp_path / "a")
    _, warm = train(folder, tmp_path / "a")
    _, cold = train(folder, tmp_path / "b")
    assert equal(first, cold)
    assert equal(first, warm)


@pytest.mark.parametrize("form", [HEAD, AdapterForm(4, False, "validation")])
def test_a_killed_run_goes_on_from_its_checkpoint(
    folders: dict[str, LanguageModelFolder], form: AdapterForm, tmp_path: Path
) -> None:
    folder = folders["llama"]
    records, whole = train(folder, tmp_path, form)
    for killed_after in (12, 20, 26):
        checkpoints = tmp_path / str(killed_after)
        job = AdapterJob(SPEC, ROWS, EVALUATION, False, {}, form=form)
        run = fit_adapter(job, folder, tmp_path, checkpoints)
        for _ in range(killed_after):
            next(run)
        assert list(checkpoints.iterdir())
        # What other workers had begun to write when they were killed.
        for folder_of_run in {path.parent for path in checkpoints.rglob("checkpoint.safetensors")}:
            (folder_of_run / "checkpoint.safetensors.1.part").write_bytes(b"begun")
        again, resumed = train(folder, tmp_path, form, checkpoints=checkpoints)
        assert without_shares(again) == without_shares(records)
        assert equal(resumed, whole)
        assert list(checkpoints.iterdir()) == []


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_run_without_room_for_a_checkpoint_leaves_none_begun_and_goes_on_with_room(
    folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    folder, checkpoints = folders["llama"], tmp_path / "checkpoints"
    records, whole = train(folder, tmp_path)
    run = fit_adapter(AdapterJob(SPEC, ROWS, EVALUATION, False, {}, form=HEAD), folder, tmp_path, checkpoints)
    while not isinstance(next(run), CheckpointWritten):
        pass
    (first,) = checkpoints.iterdir()
    with largest_file(first.stat().st_size // 2), pytest.raises(OSError, match="File too large"):
        drain(run, lambda _: None)
    assert list(checkpoints.iterdir()) == [first]
    again, resumed = train(folder, tmp_path, checkpoints=checkpoints)
    assert without_shares(again) == without_shares(records)
    assert equal(resumed, whole)
    assert list(checkpoints.iterdir()) == []


def test_a_checkpoint_of_other_rows_is_ignored(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    run = fit_adapter(AdapterJob(SPEC, ROWS[:16], (), False, {}, form=HEAD), folders["llama"], tmp_path, tmp_path / "c")
    while not isinstance(next(run), CheckpointWritten):
        pass
    records, _ = train(folders["llama"], tmp_path, checkpoints=tmp_path / "c")
    assert without_shares(records)[0].number == 1


def test_row_weights_count(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    doubtful = [TrainingRow(row.text, ("greeting",), 0.001, answer="greeting") for row in ROWS]
    _, tuned = train(folders["llama"], tmp_path, rows=[*ROWS, *doubtful])
    save_adapter(tuned, tmp_path / "out")
    scorer = load_tuned_scorer(tmp_path / "out", folders["llama"])
    best = scorer.log_probabilities([row.text for row in ROWS], None).argmax(1)
    assert sum(scorer.labels[index] == row.labels[0] for index, row in zip(best, ROWS, strict=True)) > 25  # type: ignore[index]


def test_sets_of_labels_are_learned(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    both = [
        TrainingRow(conversation(f"{WORDS['refund']} and {WORDS['greeting']} {n}"), ("refund", "greeting"))
        for n in range(10)
    ]
    rows, spec = [*ROWS, *both], replace(SPEC, epochs=12)
    _, tuned = train(folders["llama"], tmp_path, None, rows=rows, evaluation=rows[::3], multi_label=True, spec=spec)
    save_adapter(tuned, tmp_path / "out")
    sets = load_tuned_scorer(tmp_path / "out", folders["llama"]).predict_sets([row.text for row in rows], None)
    assert sum(set(found) == set(row.labels) for found, row in zip(sets, rows, strict=True)) > 0.8 * len(rows)


@pytest.mark.parametrize("form", [HEAD, GENERATE])
def test_a_warm_start_continues_and_takes_up_labels(
    folders: dict[str, LanguageModelFolder], form: AdapterForm, tmp_path: Path
) -> None:
    folder = folders["llama"]
    _, first = train(folder, tmp_path, form)
    more = [TrainingRow(conversation(f"cancel my account {n}"), ("closing",), answer="closing") for n in range(8)]
    records, second = train(folder, tmp_path, None, rows=[*ROWS, *more], evaluation=(), start=first)
    assert second.labels == ("card_arrival", "closing", "greeting", "refund")
    assert (second.head is None) == (form is GENERATE)
    cold, _ = train(folder, tmp_path, form, rows=[*ROWS, *more], evaluation=())
    assert step_losses(records)[0] < step_losses(cold)[0]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_files_are_those_of_peft(folder: LanguageModelFolder, tmp_path: Path) -> None:
    _, tuned = train(folder, tmp_path, GENERATE)
    save_adapter(tuned, tmp_path / "out")
    check_with_peft(folder, tmp_path / "out")


def check_with_peft(folder: LanguageModelFolder, files: Path) -> None:
    """The logits of the adapter in a folder are those that peft computes from the same files."""
    peft = pytest.importorskip("peft", reason="peft is not installed")
    import transformers

    config = json.loads((files / "adapter_config.json").read_text("utf-8"))
    assert config["layers_to_transform"] == [4, 5]
    network = transformers.AutoModelForCausalLM.from_pretrained(folder.folder, dtype=torch.float32)
    theirs = peft.PeftModel.from_pretrained(network, files).eval()
    ids = torch.tensor([[5, 9, 17, 40, 3, 77]])
    with torch.no_grad(), adapted(load_adapter(files).adapter):
        ours = load(folder).pretrained.network(ids).logits
    with torch.no_grad():
        expected = theirs(ids).logits
        plain = load(folder).pretrained.network(ids).logits
    assert (ours - expected).abs().max() < 1e-4
    assert (ours - plain).abs().max() > 1e-2


def test_a_batch_that_does_not_fit_is_done_in_smaller_passes(
    folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    folder, spec = folders["llama"], replace(SPEC, epochs=1)
    _, calm = train(folder, tmp_path, GENERATE, spec=spec, evaluation=())
    with memory_for_rows(folder, 3):
        run = fit_adapter(AdapterJob(spec, ROWS, (), False, {}, form=GENERATE), folder, tmp_path / "cold")
        events: list[TrainingStep | Evaluation | TrainingEvent] = []
        tuned = drain(run, events.append)
    use = [event for event in events if isinstance(event, ResourceUse)][-1]
    assert use.rows_per_pass == 2
    assert use.tokens > 0
    assert use.peak_bytes > 0
    for one, other in zip(parameters(tuned), parameters(calm), strict=True):
        assert (one - other).abs().mean() < 1e-3


def test_a_row_that_does_not_fit_is_one_clear_error(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    with memory_for_rows(folders["llama"], 0), pytest.raises(MemoryError, match="one row alone does not fit"):
        train(folders["llama"], tmp_path, HEAD)


@pytest.mark.parametrize("form", [HEAD, GENERATE])
def test_scoring_in_smaller_passes_changes_no_answer(
    folders: dict[str, LanguageModelFolder], form: AdapterForm, tmp_path: Path
) -> None:
    folder = folders["llama"]
    _, tuned = train(folder, tmp_path, form, spec=replace(SPEC, epochs=1))
    save_adapter(tuned, tmp_path / "out")
    scorer, texts = load_tuned_scorer(tmp_path / "out", folder), [row.text for row in ROWS]
    expected = scorer.log_probabilities(texts, None)
    with memory_for_rows(folder, 3):
        assert abs(scorer.log_probabilities(texts, None) - expected).max() < 2e-5


@contextmanager
def memory_for_rows(folder: LanguageModelFolder, rows: int) -> Iterator[None]:
    """A machine whose memory holds the states of so many rows: the decoder's layers refuse more."""
    import torch

    from fw_assets.embedded.engine.language_model.language_model import load, trains_in_bf16

    def refuse(_: Any, inputs: tuple[Any, ...]) -> None:
        if inputs[0].shape[0] > rows:
            raise torch.OutOfMemoryError("no room for the states of the rows")

    models = {id(model): model for model in (load(folder), load(folder, bf16=trains_in_bf16()))}.values()
    hooks = [model.pretrained.decoder.layers[-1].register_forward_pre_hook(refuse) for model in models]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def test_objects_with_lists_are_learned(folders: dict[str, LanguageModelFolder], tmp_path: Path) -> None:
    folder = folders["llama"]
    said = {"where is my card": '["card"]', "money back please": '["card", "refund"]', "good morning": "[]"}
    records = [
        RecordRow(conversation(text), {("n",): str(n % 2), ("tags",): tags}, tokens=8)
        for n in range(8)
        for text, tags in said.items()
    ]
    fields, training, _ = object_rows(records, ())
    spec = replace(SPEC, lora_rank=8, epochs=30)
    records_of_run, tuned = train(folder, tmp_path, GENERATE, spec=spec, rows=training, evaluation=[], fields=fields)
    told = step_losses(records_of_run)
    assert told[-1] < told[0] / 3
    save_adapter(tuned, tmp_path / "out")
    scorer = load_tuned_scorer(tmp_path / "out", folder)
    assert isinstance(scorer, ObjectScorer)
    assert scorer.fields == fields
    texts = [conversation(text) for text in said]
    answers = scorer.write_records(texts, fields, [Decoding()] * len(texts), spaced=True)
    assert [record[1].text for record in answers] == list(said.values())
