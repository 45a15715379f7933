"""Labelling of a file: read, priced, asked for what has no answer yet, and written beside the file's own columns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from fw_assets.classification.cost.prediction_cost import PredictionCost
from fw_assets.classification.cost.ranges import NOTHING
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.unlabelled.input_table import MESSAGES, InputTable
from fw_assets.classification.unlabelled.output_table import write_output
from fw_assets.pipeline.errors.budget import PredictionAboveCeiling
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache, StoredAnswer
from fw_assets.pipeline.free_models.free_abstention import free_abstention
from fw_assets.pipeline.free_models.free_model import FreeModel, free_model
from fw_assets.pipeline.machine import this_process
from fw_assets.pipeline.planning.examples import served_messages
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.cascade import FreeFirst, free_first
from fw_assets.pipeline.prediction.label_request import (
    LabelRequest,
    check_names,
    check_probabilities,
    local_copy,
    read_file,
)
from fw_assets.pipeline.prediction.labelled_rows import LabelledRows
from fw_assets.pipeline.prediction.labelling import Labelling
from fw_assets.pipeline.prediction.quote import PricedRequests, price_requests
from fw_assets.pipeline.prediction.run_log import open_run, store_run
from fw_assets.pipeline.prediction.served import Served, served_model
from fw_assets.pipeline.progress import announce
from fw_assets.pipeline.values.prediction import LabelledFile, PredictionQuote
from fw_assets.pipeline.values.served_prompt import tested_opening
from fw_assets.pipeline.workflow.owner import require_its_platform
from fw_assets.report.formatting import plural
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.durable import replacing
from fw_assets.workspace.workspace import Workspace


def label_file(
    store: Workspace,
    platform: Platform,
    dataset: str,
    wanted: LabelRequest,
    agree: Callable[[PredictionQuote], bool] = lambda quote: True,
) -> LabelledFile | None:
    """Label a file with the deployed winner of a dataset, and write it whole; None without an agreement to its price.

    What was answered is kept: called again, it asks for the rest, unless the file, the model or the options are others.

    Args:
        agree: is asked with the quote, also where it costs nothing.

    Raises:
        InputError: the file, its text or the output's name cannot be used.
        PredictionAboveCeiling: it may cost more than `max_spend_usd`; nothing was asked.
        PredictionStopped: it has come to what it may cost; the answers so far are kept.
        PhaseError: nothing is served, or it was removed.
        FireworksError: the platform refuses the key, the account or the model.
    """
    check_names(wanted)
    with _alone(store, dataset), tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        if wanted.free:
            return _label_freely(store, platform, dataset, wanted, agree, Path(folder))
        require_its_platform(store, platform.name)
        served = served_model(store, dataset)
        check_probabilities(wanted, served.prompt, served.address)
        source = local_copy(platform, wanted.file, Path(folder))
        table, sha256 = read_file(source, served.plan.session, served.opening, wanted, Path(folder))
        first = free_first(store, platform, dataset) if wanted.cascade else None
        run, notes = open_run(store, dataset, wanted, served.digest, sha256)
        cache = ResponseCache(store, dataset, served.address, ["predictions", run.id])
        asked = _asked(table)
        unsure = first.unsure(asked) if first else asked
        texts = _with_examples(unsure, store, platform, dataset, served)
        requests = RequestSet(served.prompt, texts, cache, whole=True)

        def answers() -> Iterator[StoredAnswer | str]:
            told = (answer for _, batch in requests.answer_batches() for answer in batch)
            return first.merged(asked, told) if first else told

        labelled = LabelledRows(
            table,
            answers,
            served.prompt,
            served.abstention.at(wanted.threshold),
            wanted.probabilities,
            served.address if first else "",
        )
        priced = platform.call(lambda client: price_requests(client, platform, store, dataset, served, requests))
        notes += _notes_of_cascade(first, asked, requests) if first else []
        notes += [*labelled.renamed, *_notes(served, wanted)]
        quote = _quote(wanted, table, labelled, priced, served.address, requests.total, notes)
        _check_ceiling(wanted, priced.cost)
        if not agree(quote):
            return None
        store_run(store, dataset, wanted, run)
        work = Labelling(store, platform, dataset, wanted, served, run, requests, cache, priced)
        work.ask()
        _write(wanted, labelled)
        store_run(store, dataset, wanted, run.model_copy(update={"complete": not labelled.outcomes["unanswered"]}))
        return _result(quote, labelled).model_copy(
            update={
                "requests": work.sent,
                "prompt_tokens": work.paid_tokens[0],
                "answer_tokens": work.paid_tokens[1],
                "paid_usd": work.paid_usd,
                "error": requests.error or "",
            }
        )


def _label_freely(
    store: Workspace,
    platform: Platform,
    dataset: str,
    wanted: LabelRequest,
    agree: Callable[[PredictionQuote], bool],
    folder: Path,
) -> LabelledFile | None:
    """Label a file with the free model, which costs nothing and is asked anew each time."""
    model, plan = free_model(store, platform, dataset), store.require("plan", dataset, Plan)
    check_probabilities(wanted, model.prompt, model.method)
    source = local_copy(platform, wanted.file, folder)
    table, sha256 = read_file(source, plan.session, tested_opening(store, dataset), wanted, folder)
    run, _ = open_run(store, dataset, wanted, model.method, sha256)
    answers = lambda: _free_answers(model, _asked(table))  # noqa: E731
    abstention = free_abstention(store, plan, model.name).at(wanted.threshold)
    labelled = LabelledRows(table, answers, model.prompt, abstention, probabilities=False)
    free = PredictionCost(prompt_tokens=NOTHING, answer_tokens=NOTHING, minutes=NOTHING, parts=())
    distinct = _asked(table).columns(MESSAGES)[MESSAGES].n_unique()
    priced = PricedRequests(number=distinct, answered=0, over_context=0, context=None, cost=free, probe=None)
    quote = _quote(wanted, table, labelled, priced, model.method, distinct, labelled.renamed)
    if not agree(quote):
        return None
    _write(wanted, labelled)
    store_run(store, dataset, wanted, run.model_copy(update={"complete": True}))
    return _result(quote, labelled)


def _free_answers(model: FreeModel, rows: Batches) -> Iterator[StoredAnswer]:
    for batch in rows:
        for _, confidence, text in model.answers(batch[MESSAGES].to_list()).iter_rows():
            yield StoredAnswer(key="", text=text, finish_reason="stop", confidence=confidence)


def _asked(table: InputTable) -> Batches:
    return Batches(table.frame.select(MESSAGES), pl.col(MESSAGES).is_not_null())


def _with_examples(rows: Batches, store: Workspace, platform: Platform, dataset: str, served: Served) -> Batches:
    """The rows as they are asked."""
    if served.record.few_shot is None:
        return rows
    change = served_messages(store, platform, dataset, served.record.few_shot)
    return replace(
        rows, change=lambda batch: batch.with_columns(pl.Series(MESSAGES, change(batch[MESSAGES].to_list())))
    )


@contextmanager
def _alone(store: Workspace, dataset: str) -> Iterator[None]:
    """One labelling at a time for each dataset, since two of one file would pay for each text twice."""

    def on_wait(holder: str) -> None:
        announce(f"a file is being labelled by {holder}; waiting")

    contender = Contender(this_process("another `fw-assets predict`"), on_wait)
    with store.exclusive(dataset, "predict", contender=contender):
        yield


def _write(wanted: LabelRequest, labelled: LabelledRows) -> None:
    with replacing(wanted.out.absolute()) as target:
        write_output(target, wanted.out.suffix, labelled.frames(), labelled.json_columns)


def _check_ceiling(wanted: LabelRequest, cost: PredictionCost) -> None:
    allowed = wanted.max_spend_usd
    if allowed is not None and (cost.usd is None or cost.usd.high > allowed):
        raise PredictionAboveCeiling(wanted.file, None if cost.usd is None else cost.usd.high, allowed)


def _notes(served: Served, wanted: LabelRequest) -> list[str]:
    notes = [*served.caveats]
    if wanted.threshold is None and not served.is_planned:
        notes.append(
            "the report's confidence threshold belongs to an earlier plan: none is used (--threshold sets one)"
        )
    if wanted.system is None and served.opening.variants > 1:
        notes.append(
            f"the dataset's rows begin with {served.opening.variants} different system messages; the most frequent is "
            "used (--system gives another)"
        )
    return notes


def _notes_of_cascade(first: FreeFirst, asked: Batches, requests: RequestSet) -> list[str]:
    texts = asked.columns(MESSAGES)[MESSAGES].n_unique()
    return [f"{plural(texts - requests.total, 'text')} answered by {first.model.method}, at no cost"]


def _quote(
    wanted: LabelRequest,
    table: InputTable,
    labelled: LabelledRows,
    priced: PricedRequests,
    model: str,
    distinct: int,
    notes: list[str],
) -> PredictionQuote:
    return PredictionQuote(
        file=wanted.file,
        read_as=table.read_as,
        out=str(wanted.out),
        model=model,
        rows=table.rows,
        empty=table.empty,
        repeats=table.rows - table.empty - distinct,
        answered=priced.answered,
        requests=priced.number,
        over_context=priced.over_context,
        context=priced.context,
        cost=priced.cost,
        threshold=labelled.abstention.threshold,
        notes=tuple(notes),
    )


def _result(quote: PredictionQuote, labelled: LabelledRows) -> LabelledFile:
    counts = labelled.outcomes
    return LabelledFile(
        out=quote.out,
        rows=quote.rows,
        labelled=counts["labelled"],
        abstained=counts["abstained"],
        no_label=counts["no-label"],
        unanswered=counts["unanswered"],
        empty=counts["empty"],
        repeats=quote.repeats,
        over_context=quote.over_context,
        threshold=quote.threshold,
        model=quote.model,
        notes=quote.notes,
    )
