"""Text volumes of a dataset's parts, which the prices of a plan apply to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import polars as pl

from fw_assets.classification.arm import ZERO_SHOT, read_arm
from fw_assets.classification.arms.arm_prompt import arm_prompt
from fw_assets.classification.arms.few_shot import example_room
from fw_assets.classification.arms.shortlist_source import ShortlistSource
from fw_assets.classification.arms.two_stage import first_question, second_question
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.text_volumes import TextVolume, measure_volumes, under_arm
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.prompting.decision import longest_options, questions_text
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.pipeline.planning.examples import FewShotRows
from fw_assets.pipeline.platform.platform import Platform

Measure = Callable[..., Mapping[str, TextVolume]]
"""`measure_volumes` with the dataset's answers and tokens."""


def plan_volumes(
    frame: pl.DataFrame,
    session: Session,
    prompt: Prompt,
    platform: Platform,
    few_shot: FewShotRows | None,
    context: int | None,
    shortlists: ShortlistSource | None = None,
) -> Mapping[str, TextVolume]:
    """The volume of each part of the split rows, of the sweep's sample where there is one, and of what arms ask.

    Args:
        few_shot: the examples of few-shot arms.
        context: of the base model that reads most; None: not known.
        shortlists: of decisions, the longest of which is counted.
    """
    rows = _with_any_label(with_sweep_sample(frame, session.sweep_rows, session.seed), prompt)
    if prompt.fields:
        rows = rows.with_columns(labels=pl.concat_list("record"))
    measure = partial(
        measure_volumes,
        render="".join if prompt.fields else prompt.render,
        count=platform.count_tokens,
        estimate=BYTE_PAIR.expected_tokens,
    )
    volumes = dict(measure(rows, system=prompt.system or ""))
    asked = rows.filter(pl.col("split").is_in(["validation", "test", OUT_OF_SCOPE]))
    if prompt.mode == "decision":
        # What is asked is the conversation and the questions; what is learned is the chat of the same rows.
        volumes |= measure(asked, system=_questions(prompt, shortlists))
    for name in session.arms:
        if name != ZERO_SHOT:
            arm = read_arm(name)
            question = arm_prompt(prompt, arm, session.label_descriptions, session.label_parents)
            if question.stages:
                volumes |= under_arm(two_stage_volumes(asked, question, measure), name)
                continue
            before = _questions(question, shortlists) if question.mode == "decision" else question.system or ""
            room = example_room(context, question)
            tried = [
                measure(few_shot.before(number, room)(asked) if few_shot else asked, system=before)
                for number in arm.tried or (0,)
            ]
            volumes |= under_arm(_together(tried), name)
    return volumes


def _questions(prompt: Prompt, shortlists: ShortlistSource | None) -> str:
    number = max((row.options for row in shortlists.rows), default=0) if shortlists else 0
    return questions_text(longest_options(prompt, number) if number else prompt)


def _with_any_label(frame: pl.DataFrame, prompt: Prompt) -> pl.DataFrame:
    """The rows, those of no label with one each in turn: what is written of them is priced as an answer."""
    answers = pl.Series([[label] for label in prompt.labels], dtype=pl.List(pl.String))
    is_out = frame["split"] == OUT_OF_SCOPE
    if not is_out.any():
        return frame
    turn = (is_out.cum_sum() % len(prompt.labels)).cast(pl.UInt32)
    return frame.with_columns(labels=pl.when(is_out).then(answers.gather(turn)).otherwise(pl.col("labels")))


def longest_context(models: Sequence[CatalogueModel]) -> int | None:
    """The context of the base model that reads most; None where one is not known."""
    contexts = [model.context_length for model in models]
    return None if None in contexts else max((length for length in contexts if length is not None), default=None)


def _together(tried: Sequence[Mapping[str, TextVolume]]) -> dict[str, TextVolume]:
    """The volumes of an arm: of the test rows as they are asked last, of the validation rows all that are tried."""
    *others, last = tried
    volumes = dict(last)
    for other in others:
        volumes["validation"] += other["validation"]
    if others:
        volumes.pop("validation/asked", None)
    return volumes


def two_stage_volumes(asked: pl.DataFrame, question: Prompt, measure: Measure) -> dict[str, TextVolume]:
    """The volumes of both requests for each row, where the second asks below the row's own top."""
    rows = asked.unique(["split", "messages"], maintain_order=True).with_columns(label=pl.col("labels").list.first())
    tops = {label: top for top, labels in question.stages for label in labels}
    first = first_question(question)
    top = rows.with_columns(labels=pl.concat_list(pl.col("label").replace_strict(tops, return_dtype=pl.String)))
    volumes = dict(measure(top, system=first.system or "", render=first.render))
    for name, labels in question.stages:
        if (second := second_question(question, name)) is not None:
            below = measure(
                rows.filter(pl.col("label").is_in(labels)), system=second.system or "", render=second.render
            )
            volumes = {part: volume + below.get(part, TextVolume()) for part, volume in volumes.items()}
    return volumes


def with_sweep_sample(frame: pl.DataFrame, rows: int, seed: int) -> pl.DataFrame:
    """The split rows, followed by those that the sweep will train on as the part `sweep`, where it samples."""
    train = frame.filter(pl.col("split") == "train")
    if train.height <= rows:
        return frame
    columns = [name for name in ("id", "split", "messages", "labels", "record") if name in frame.columns]
    sample = stratified_sample(train, rows, seed).with_columns(split=pl.lit("sweep", frame.schema["split"]))
    return pl.concat([frame.select(columns), sample.select(columns)])
