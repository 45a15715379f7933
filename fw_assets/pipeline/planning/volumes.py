"""Text volumes of a dataset's parts, which the prices of a plan apply to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl

from fw_assets.classification.arm import ZERO_SHOT, read_arm
from fw_assets.classification.arms.arm_prompt import arm_prompt
from fw_assets.classification.arms.few_shot import example_room
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.text_volumes import TextVolume, measure_volumes, under_arm
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.prompting.decision import questions_text
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.pipeline.planning.examples import FewShotRows
from fw_assets.pipeline.platform.platform import Platform


def plan_volumes(
    frame: pl.DataFrame,
    session: Session,
    prompt: Prompt,
    platform: Platform,
    few_shot: FewShotRows | None,
    context: int | None,
) -> Mapping[str, TextVolume]:
    """The volume of each part of the split rows, of the sweep's sample where there is one, and of what arms ask.

    Args:
        few_shot: the examples of few-shot arms.
        context: of the base model that reads most; None: not known.
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
        volumes |= measure(asked, system=questions_text(prompt))
    for name in session.arms:
        if name != ZERO_SHOT:
            arm = read_arm(name)
            question = arm_prompt(prompt, arm, session.label_descriptions)
            before = questions_text(question) if question.mode == "decision" else question.system or ""
            room = example_room(context, question)
            tried = [
                measure(few_shot.before(number, room)(asked) if few_shot else asked, system=before)
                for number in arm.tried or (0,)
            ]
            volumes |= under_arm(_together(tried), name)
    return volumes


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


def with_sweep_sample(frame: pl.DataFrame, rows: int, seed: int) -> pl.DataFrame:
    """The split rows, followed by those that the sweep will train on as the part `sweep`, where it samples."""
    train = frame.filter(pl.col("split") == "train")
    if train.height <= rows:
        return frame
    columns = [name for name in ("id", "split", "messages", "labels", "record") if name in frame.columns]
    sample = stratified_sample(train, rows, seed).with_columns(split=pl.lit("sweep", frame.schema["split"]))
    return pl.concat([frame.select(columns), sample.select(columns)])
