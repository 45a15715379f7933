"""From extracted labels to the label set and the split, and what is refused on the way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.imbalance import apply_mitigation
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.labels.resolution import SPLIT_COLUMNS, resolve
from fw_assets.classification.session import Session
from fw_assets_tests.classification.frames import LABELS, Pair, chat_line, inspect_in_memory, inspected, pairs, resolved


def messages(label_set: LabelSet, check: str) -> str:
    return "\n".join(finding.message for finding in label_set.findings if finding.check == check)


def test_a_plain_dataset(tmp_path: Path) -> None:
    frame, facts, session = inspected(tmp_path, pairs(300))
    out, label_set = resolve(frame, facts, session)
    assert tuple(out.columns) == SPLIT_COLUMNS
    assert out.schema["labels"] == pl.List(pl.String)
    assert out.schema["group"] == pl.UInt32
    assert label_set.labels == LABELS
    assert not label_set.multi_label
    assert not label_set.given
    assert Counter(out["split"])["test"] == label_set.split.rows.test == pytest.approx(60, abs=3)
    assert sum(count.total for count in label_set.counts) == 300
    assert label_set.imbalance.ratio == 1
    assert out["id"].to_list() == [f"train:{i}" for i in range(1, 301)]


def test_the_same_data_and_session_have_the_same_digest(tmp_path: Path) -> None:
    _, label_set = resolved(tmp_path, pairs(30))
    assert label_set.digest == resolved(tmp_path, pairs(30))[1].digest
    assert label_set.digest != resolved(tmp_path, pairs(30), seed=7)[1].digest


def test_an_evaluation_dataset_is_the_test_part_and_its_copies_leave_training(tmp_path: Path) -> None:
    rows = pairs(60)
    evaluation: list[Pair] = [(rows[0][0].upper() + "!", rows[0][1]), ("entirely new words here", "sales")]
    out, label_set = resolved(tmp_path, rows, evaluation)
    assert out.filter(pl.col("source") == "eval")["split"].to_list() == ["test", "test"]
    assert out.filter(pl.col("split") == "excluded")["id"].to_list() == ["train:1"]
    assert label_set.overlap.removed == ("train:1",)
    assert label_set.split.rows.excluded == 1
    assert "taken out" in messages(label_set, "overlap")


def test_a_label_whose_training_rows_are_all_taken_out_is_said_and_no_part_of_the_imbalance(tmp_path: Path) -> None:
    rows = pairs(90)
    evaluation = [row for row in rows if row[1] == "sales"]
    _, label_set = resolved(tmp_path, rows, [*evaluation, ("entirely new words here", "billing")])
    (finding,) = [finding for finding in label_set.findings if "cannot be learned, since" in finding.message]
    assert finding.consequential
    assert "sales (30 rows)" in finding.message
    assert {label_set.imbalance.most[0], label_set.imbalance.least[0]} <= {"billing", "technical"}
    assert not [
        finding for finding in label_set.findings if "too rare" in finding.message and "sales" in finding.message
    ]


def test_a_training_dataset_that_is_the_evaluation_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row is left for training"):
        resolved(tmp_path, pairs(30), pairs(30))


def test_spelling_variants_become_one_label(tmp_path: Path) -> None:
    rows = [*pairs(90), ("one more", "Billing"), ("and another", "BILLING ")]
    out, label_set = resolved(tmp_path, rows)
    assert label_set.labels == ("billing", "sales", "technical")
    assert label_set.aliases == (("BILLING", "billing"), ("Billing", "billing"))
    assert out["labels"].to_list()[90:92] == [["billing"], ["billing"]]
    assert label_set.near_misses == ()
    assert "'Billing' as 'billing'" in messages(label_set, "labels_known")


def test_probable_misspellings_are_named_and_left(tmp_path: Path) -> None:
    _, label_set = resolved(tmp_path, [*pairs(90), ("one more", "biling")])
    assert label_set.near_misses == (("biling", "billing"),)
    assert any(finding.rows == ("train:91",) for finding in label_set.findings if "misspelt" in finding.message)
    assert "biling" in label_set.labels


def test_given_labels_keep_their_order_and_read_variants(tmp_path: Path) -> None:
    out, label_set = resolved(tmp_path, pairs(30), labels=("Technical", "Sales", "Billing", "spam"))
    assert label_set.labels == ("Technical", "Sales", "Billing", "spam")
    assert label_set.given
    assert out["labels"][0].to_list() == ["Billing"]
    assert "no row has: spam" in messages(label_set, "labels_known")


def test_an_unknown_label_names_file_line_and_field(tmp_path: Path) -> None:
    rows: list[Pair] = [*pairs(6), ("what", "weather"), ("why", ["sales"]), ("how", ["saless"])]
    with pytest.raises(InputError) as raised:
        resolved(tmp_path, rows, labels=LABELS)
    one, other = raised.value.problems
    assert (one.kind, one.file, one.line, one.field) == (
        "unknown-label",
        str(tmp_path / "train.jsonl"),
        7,
        "messages[1].content",
    )
    assert "'weather'" in one.message
    assert "billing, sales, technical" in one.message
    assert (other.line, other.field) == (9, "ground_truth")
    assert "did you mean 'sales'?" in other.message


def test_unknown_labels_can_be_left_out(tmp_path: Path) -> None:
    out, label_set = resolved(tmp_path, [*pairs(9), ("what", "weather")], labels=LABELS, bad_rows="quarantine")
    assert out["split"].to_list()[-1] == "excluded"
    assert out["labels"].to_list()[-1] == []
    assert any(finding.rows == ("train:10",) for finding in label_set.findings)
    assert out["group"].n_unique() == 10
    assert label_set.left_out == (("unknown-label", 1),)
    assert "1 row left out: a label is not in the label set. Labels outside the set: 'weather' (1)" in messages(
        label_set, "labels_known"
    )


def test_the_first_twenty_unknown_labels_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    wrong: list[Pair] = [(f"what {i}", "weather" if i % 3 else "sport") for i in range(60)]
    with pytest.raises(InputError) as raised:
        resolved(tmp_path, [*pairs(9), *wrong], labels=LABELS)
    error = raised.value
    assert [problem.line for problem in error.problems] == list(range(10, 30))
    assert (error.total, error.counts) == (60, {"unknown-label": 60})
    assert "... and 40 more (unknown-label: 60)" in str(error)
    assert "Labels outside the set: 'weather' (40), 'sport' (20)" in error.advice


def test_a_row_without_label_names_its_place(tmp_path: Path) -> None:
    rows: list[Pair] = [(text, f"Label: {label}") for text, label in pairs(30)]
    with pytest.raises(InputError) as raised:
        resolved(tmp_path, [*rows, ("x", "I cannot say\nanything")])
    problem = raised.value.problems[0]
    assert (problem.kind, problem.line, problem.field) == ("no-label", 31, "messages[1].content")
    assert "label_prefix:Label" in problem.message


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (pairs(20, ("only",)), "only the label 'only'"),
        ([(f"text {i}", f"answer number {i} is long") for i in range(60)], "60 different labels in 60 rows"),
    ],
)
def test_data_that_is_no_classification_is_refused(rows: list[Pair], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        resolved(tmp_path, rows)


def test_several_labels_and_none(tmp_path: Path) -> None:
    rows: list[Pair] = [(text, [["a"], ["b", "A"], [], ["a", "b"]][i % 4]) for i, (text, _) in enumerate(pairs(80))]
    out, label_set = resolved(tmp_path, rows)
    assert label_set.multi_label
    assert label_set.labels == ("a", "b")
    assert out["labels"].to_list()[:4] == [["a"], ["a", "b"], [], ["a", "b"]]
    assert {count.label: count.total for count in label_set.counts} == {"a": 60, "b": 40}


def test_several_labels_in_one_text_are_taken_apart(tmp_path: Path) -> None:
    rows: list[Pair] = [(text, ["joy", "love", "joy, love"][i % 3]) for i, (text, _) in enumerate(pairs(60))]
    out, label_set = resolved(tmp_path, rows, labels=("joy", "love"))
    assert label_set.multi_label
    assert out["labels"].to_list()[:3] == [["joy"], ["love"], ["joy", "love"]]


def test_equal_texts_with_different_labels_are_named(tmp_path: Path) -> None:
    rows = [*pairs(60), ("Where is it?", "billing"), ("where is it", "sales")]
    out, label_set = resolved(tmp_path, rows)
    assert label_set.contradictions == 1
    assert out["group"][60] == out["group"][61]
    assert out["split"][60] == out["split"][61]
    assert any(set(finding.rows) == {"train:61", "train:62"} for finding in label_set.findings)


def test_rare_and_unseen_labels_are_named(tmp_path: Path) -> None:
    rows = [*pairs(90), ("single thing", "rare")]
    evaluation = [*pairs(200)[150:], ("never seen", "novel")]
    _, label_set = resolved(tmp_path, rows, evaluation)
    assert label_set.only_in_eval == ("novel",)
    assert "novel" in messages(label_set, "labels_known")
    assert set(label_set.rare) == {"novel", "rare"}
    assert ("rare", 1) in label_set.split.too_rare
    assert "rare (1 training row)" in messages(label_set, "rare_labels")
    rows_of = {finding.message.split(":")[0]: finding.rows for finding in label_set.findings}
    assert rows_of["Labels only in the evaluation dataset, which cannot be learned"] == ("eval:51",)
    assert rows_of["Labels without test rows, which are learned and cannot be judged"] == ("train:91",)
    assert rows_of["Too few test rows to judge these labels by"] == ("train:91", "eval:51")


def test_imbalance_proposes_three_mitigations_above_the_threshold_only(tmp_path: Path) -> None:
    rare = [(f"unusual {i} matter {i * i}", "rare") for i in range(4)]
    rows = [*pairs(800, ("common", "frequent")), *rare]
    _, label_set = resolved(tmp_path, rows)
    assert label_set.imbalance.ratio == 100
    assert label_set.imbalance.exceeded
    assert [effect.name for effect in label_set.imbalance.mitigations] == ["rebalance", "weight", "drop-rare"]
    assert label_set.imbalance.mitigations[0].rows_before == label_set.split.rows.train
    _, within = resolved(tmp_path, rows, imbalance_threshold=100)
    assert within.imbalance.mitigations == ()


def test_dropping_a_label_is_not_proposed_where_it_would_leave_a_single_one(tmp_path: Path) -> None:
    rows = [*pairs(400, ("common",)), *[(f"unusual {i} matter {i * i}", "rare") for i in range(4)]]
    frame, label_set = resolved(tmp_path, rows)
    assert [effect.name for effect in label_set.imbalance.mitigations] == ["rebalance", "weight"]
    assert label_set.imbalance.unavailable == (("drop-rare", "it would leave common as the only label to learn"),)
    with pytest.raises(InputError, match="drop-rare is not available: it would leave common as the only label"):
        apply_mitigation(frame.filter(pl.col("split") == "train"), label_set.imbalance, "drop-rare", 1)
    with pytest.raises(InputError, match="drop-rare is not available: it would leave common as the only label"):
        resolved(tmp_path, rows, mitigation="drop-rare")


def test_a_mitigation_that_the_session_asks_for_is_counted_below_the_threshold_too(tmp_path: Path) -> None:
    rows = [*pairs(200, ("common", "frequent")), *[(f"unusual {i} matter {i * i}", "rare") for i in range(20)]]
    _, label_set = resolved(tmp_path, rows, mitigation="weight")
    assert not label_set.imbalance.exceeded
    assert [effect.name for effect in label_set.imbalance.mitigations] == ["rebalance", "weight"]
    assert "no label is 50 times rarer" in dict(label_set.imbalance.unavailable)["drop-rare"]
    _, plain = resolved(tmp_path, rows)
    assert "Ask for it in the session" in plain.imbalance.refusal("weight")
    assert plain.imbalance.refusal("none") == ""


def test_a_sample_drops_the_labels_that_the_plan_dropped(tmp_path: Path) -> None:
    rare = [(f"unusual {i} matter {i * i}", "rare") for i in range(4)]
    frame, label_set = resolved(tmp_path, [*pairs(800, ("common", "frequent")), *rare])
    train = frame.filter(pl.col("split") == "train")
    is_rare = pl.col("labels").list.contains("rare")
    sample = pl.concat([train.filter(~is_rare).head(6), train.filter(is_rare)])
    kept = apply_mitigation(sample, label_set.imbalance, "drop-rare", 1)
    assert kept["id"].to_list() == sample["id"].to_list()[:6], "by its own counts the sample would drop nothing"


def test_conversations_stay_in_one_part(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    lines = [chat_line(text, label, user_id=i // 5) for i, (text, label) in enumerate(pairs(200))]
    path.write_text("\n".join(lines), "utf-8")
    frame, facts = inspect_in_memory(path, None, Session())
    out, _ = resolve(frame, facts, Session())
    parts = (
        out.with_columns(user=pl.Series([i // 5 for i in range(200)])).group_by("user").agg(pl.col("split").n_unique())
    )
    assert parts["split"].max() == 1


def test_ids_shared_by_two_datasets_are_no_overlap(tmp_path: Path) -> None:
    train, test = tmp_path / "train.jsonl", tmp_path / "eval.jsonl"
    rows = pairs(60)
    train.write_text("\n".join(chat_line(*row, user_id=i % 20) for i, row in enumerate(rows[:40])), "utf-8")
    test.write_text("\n".join(chat_line(*row, user_id=i) for i, row in enumerate(rows[40:])), "utf-8")
    frame, facts = inspect_in_memory(train, test, Session())
    _, label_set = resolve(frame, facts, Session())
    assert label_set.split.rows.excluded == 0
    assert "20 conversation or user ids occur in both" in messages(label_set, "overlap")


dataset = st.lists(
    st.tuples(
        st.text("abcdefghij ", min_size=1, max_size=30).filter(str.strip),
        st.lists(st.sampled_from(["x", "X", "y", "z_z", "z z"]), min_size=0, max_size=3),
    ),
    min_size=3,
    max_size=30,
).filter(lambda rows: len({label.casefold()[0] for _, labels in rows for label in labels}) > 1)


@settings(
    deadline=None, max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=dataset, evaluation=st.none() | dataset, seed=st.integers(0, 99))
def test_any_dataset_keeps_groups_rows_and_labels(
    rows: list[Any], evaluation: list[Any] | None, seed: int, tmp_path: Path
) -> None:
    try:
        out, label_set = resolved(tmp_path, rows, evaluation, seed=seed)
    except InputError as error:
        assert evaluation is not None
        assert error.problems[0].kind == "no-training-rows"  # noqa: PT017
        return
    all_rows = [*rows, *(evaluation or [])]
    assert out.height == len(all_rows)
    assert set(out["split"]) <= {"train", "validation", "test", "excluded"}
    kept = out.filter(pl.col("split") != "excluded")
    assert kept.group_by("group").agg(pl.col("split").n_unique())["split"].max() in (1, None)
    assert evaluation is not None or kept.height == out.height
    for (_, spelled), labels in zip(all_rows, out["labels"].to_list(), strict=True):
        assert {label.casefold()[0] for label in spelled} == {label.casefold()[0] for label in labels}
        assert set(labels) <= set(label_set.labels)


def test_large_groups_outside_the_test_part_are_said(tmp_path: Path) -> None:
    frogs = "the {} frog swims in the old pond behind our house every evening"
    rows: list[Any] = [("my parcel never came and nobody answers the phone", ["a"])] * 200
    rows += [("which plan has the most data for the least money", ["b"])] * 200
    rows += [(f"{chr(97 + i % 26)}{i * 7919} " * (4 + i % 5), ["ab"[i % 2]]) for i in range(600)]
    _, label_set = resolved(tmp_path, rows)
    messages = [finding.message for finding in label_set.findings if finding.check == "overlap"]
    assert any("400 rows in 2 large duplicate groups are in training or validation only" in text for text in messages)
    (tmp_path / "few").mkdir()
    few = [(frogs.format(i), ["ab"[i % 2]]) for i in range(30)] + rows[400:]
    _, label_set = resolved(tmp_path / "few", few)
    assert not any("large duplicate" in finding.message for finding in label_set.findings)


def test_variants_of_evaluation_rows_in_training_are_warned_of(tmp_path: Path) -> None:
    places = [f"{name}ville" for name in ("Green", "Spring", "Clinton", "Marion", "George", "Madison", "Ash", "Oak")]
    rows = [(f"how far is it to {place} from here", "travel") for place in places] + pairs(60)
    evaluation = [(f"how far is it to {place} from here", "travel") for place in ("Rome", "Paris")] + pairs(90)[60:]
    frame, facts, session = inspected(tmp_path, rows, evaluation)
    out, label_set = resolve(frame, facts, session)
    assert label_set.overlap.variants[:2] == ("eval:1", "eval:2")
    (finding,) = [item for item in label_set.findings if "variants in the training dataset" in item.message]
    assert (finding.check, finding.severity) == ("overlap", "warn")
    assert f"{label_set.overlap.variants_in_train} training rows with the same text but for a word" in finding.message
    assert set(out.filter(pl.col("id").is_in([f"train:{i}" for i in range(1, 9)]))["split"]) <= {"train", "validation"}
    (kept,) = [item.message for item in label_set.findings if "duplicate group" in item.message]
    parts = out.filter(pl.col("split") != "excluded").group_by("group").agg(pl.col("split").unique(), pl.len())
    several = [set(split) for _, split, rows in parts.iter_rows() if rows > 1]
    assert any({"train", "test"} <= split for split in several), "a group is in two parts"
    assert "each within one part" not in kept
    assert kept.endswith(
        "none of them in training and validation both; variants of evaluation rows stay where they are."
    )
    assert not any({"train", "validation"} <= split for split in several)


def test_groups_of_one_dataset_are_said_to_be_within_one_part(tmp_path: Path) -> None:
    rows = [(f"how far is it to {place}ville from here", "travel") for place in ("Green", "Clinton", "Oak")] + pairs(60)
    out, label_set = resolved(tmp_path, rows)
    (kept,) = [item.message for item in label_set.findings if "duplicate group" in item.message]
    assert kept.endswith("each within one part.")
    assert out.select("group", "split").unique().height == out["group"].n_unique()


@pytest.mark.parametrize(
    ("name", "labels", "multi_label", "ratio"),
    [("banking77", 77, False, 187 / 35), ("clinc150", 150, False, 100 / 95), ("sms_spam", 2, False, 3005 / 405)],
)
def test_real_data(name: str, labels: int, multi_label: bool, ratio: float, shared_data: Path) -> None:
    folder = shared_data / name
    frame, facts = inspect_in_memory(folder / "train.jsonl", folder / "test.jsonl", Session())
    _, label_set = resolve(frame, facts, Session())
    assert len(label_set.labels) == labels
    assert label_set.multi_label == multi_label
    assert label_set.imbalance.ratio == pytest.approx(ratio)
    assert label_set.aliases == ()
    assert label_set.extraction.name == "whole_message"
    assert label_set.split.rows.test == facts.eval_rows
    left = facts.rows - facts.eval_rows - label_set.overlap.removed_from_train
    assert left > 0.98 * (facts.rows - facts.eval_rows)
    assert label_set.split.rows.validation == pytest.approx(0.1 * left, rel=0.05)
    assert len(label_set.contained) == {"banking77": 3, "clinc150": 26, "sms_spam": 0}[name]


def test_real_multi_label_data(shared_data: Path) -> None:
    frame, facts = inspect_in_memory(shared_data / "goemotions" / "train.jsonl", None, Session())
    out, label_set = resolve(frame, facts, Session())
    assert label_set.multi_label
    assert label_set.imbalance.ratio == pytest.approx(14219 / 77)
    assert label_set.split.too_rare == ()
    for count in label_set.counts:
        assert count.test / count.total == pytest.approx(0.2, abs=0.06)
        assert count.validation / count.total == pytest.approx(0.08, abs=0.05)
    assert out.filter(pl.col("split") == "test").height == pytest.approx(0.2 * facts.rows, rel=0.01)
