"""Few rows in words: what the test rows can show, and cautions about each part and each label."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fw_assets.classification.intervals import wilson_half_width
from fw_assets.classification.selection.power import BOUND_CONFIDENCE
from fw_assets.report.formatting import listing, percent, plural, points, points_text, rows_text
from fw_assets.report.schema.power import PowerResult
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.candidates import subject

MIN_TEST_ROWS = 100
MIN_VALIDATION_ROWS = 50
MIN_LABEL_ROWS = 10
"""Distinct rows below which a caution is given."""
MAX_NAMED = 6
_ASSUMED = "assumed until it is known"


def power_sentence(power: PowerResult) -> str:
    """The smallest difference that is shown in four of five runs, and the rows that `wanted` takes.

    Groups of unequal size are worth at least their effective number: models that do not answer a group alike, and the
    single rows beside a few large groups, show more.
    """
    rows, runs = plural(power.rows, "independent test row"), "four of five runs"
    if power.groups is not None:
        worth = f"worth at least {power.rows:,} independent ones of equal weight"
        rows, runs = f"{plural(power.groups, 'distinct test row')}, {worth},", f"at least {runs}"
    if power.difference is None:
        shown = f"No difference can ever be shown with {rows}, whatever the answers."
        if power.groups is not None:
            shown = f"With {rows} no difference is sure to be shown in {runs}."
    else:
        source, known = _source(power)
        if power.difference > power.discordance:
            source = f"no fewer can be with such a difference, and not on {percent(power.discordance)}, {known}"
        share = percent(max(power.difference, power.discordance))
        shown = (
            f"{rows} show a true difference of {points(power.difference).lstrip('+')} points in {runs}, where exactly "
            f"one of the models is right on {share} of the rows ({source}); a smaller one less often."
        )
        if power.accuracy is not None and power.difference > 1 - power.accuracy:
            shown += f" Above {percent(power.accuracy)} there is no room for a gain so large."
    if power.rows_wanted is None or power.rows_wanted <= power.rows:
        return shown
    more = plural(power.rows_wanted - power.rows, "more test row")
    more = more if power.groups is None else f"at most {more}"
    least = f", which takes {percent(power.wanted)} of such rows at least" if power.discordance < power.wanted else ""
    return f"{shown} Label {more} to see {points_text(power.wanted)}{least}."


def _source(power: PowerResult) -> tuple[str, str]:
    """Where the discordance comes from: on its own, and behind a comma."""
    if power.observed_discordance is not None:
        of = f" of {' and '.join(power.models)} on the validation rows" if power.models else " seen here"
        seen = f"the {percent(power.observed_discordance)}" if power.observed_discordance else "none"
        bound = f"the upper {BOUND_CONFIDENCE:.0%} bound of {seen}{of}"
        return bound, bound
    if power.at_most:
        bound = "the most that fits these rows, of which it is none"
        return bound, bound
    if power.models is not None:
        theirs = f"as of {' and '.join(power.models)} on the validation rows"
        return theirs, theirs
    return ("as they do here", "as here") if power.observed else (_ASSUMED, f"as is {_ASSUMED}")


def small_number_notes(report: Report) -> Iterator[str]:
    """The cautions, about all rows first."""
    yield from _test_note(report)
    yield from _validation_note(report)
    yield from _label_note(report)


def _test_note(report: Report) -> Iterator[str]:
    rows = report.rows.test
    groups = report.groups.test if report.groups else rows
    effective = report.groups.effective_test if report.groups else None
    independent = groups if effective is None else int(effective + 1e-9)
    if 0 < independent < MIN_TEST_ROWS and subject(report):
        worth = f", worth at least {independent} of equal weight" if independent < groups else ""
        yield (
            f"Only {rows_text(rows, groups)}{worth}: an accuracy on them is known to within "
            f"{_half_width(independent)} points or so, and small differences between models cannot be told from chance."
        )


def _validation_note(report: Report) -> Iterator[str]:
    rows = report.rows.validation
    groups = report.groups.validation if report.groups else rows
    benchmark = report.status == "benchmark"
    if benchmark and sum(item.base is not None for item in report.candidates) < 2:
        return  # no model was chosen
    if groups < MIN_VALIDATION_ROWS and subject(report):
        if not rows:
            yield "No validation rows: the choices between models rest on nothing."
            return
        chosen = "the model" if benchmark else "finalists, settings and winner"
        yield (
            f"Only {rows_text(rows, groups, 'validation row')}: one of them is worth {percent(1 / groups)}, so that "
            f"{chosen} may have been chosen by a few rows, and the confidence threshold too."
        )


def _label_note(report: Report) -> Iterator[str]:
    candidate = subject(report)
    if candidate is None or candidate.base is None:
        return
    rows = {
        label: result.support if result.groups is None else min(result.support, result.groups)
        for label, result in candidate.base.per_label.items()
    }
    few = sorted((count, label) for label, count in rows.items() if 0 < count < MIN_LABEL_ROWS)
    if not few:
        return
    named = listing([f"{label} ({count})" for count, label in few], MAX_NAMED)
    verb, its = ("has", "its figures") if len(few) == 1 else ("have", "the figures of each")
    yield (
        f"{plural(len(few), 'label')} {verb} fewer than {MIN_LABEL_ROWS} distinct test rows, so that {its} rest on "
        f"single rows: {named}."
    )


def _half_width(rows: int) -> int:
    """Half of the widest 95 % interval (Wilson) of a share of so many rows, in points."""
    return math.ceil(100 * wilson_half_width(0.5, float(rows)))
