"""What the test rows can show, in words."""

from __future__ import annotations

from fw_assets.report.formatting import percent, plural, points, points_text
from fw_assets.report.schema.power import PowerResult


def power_sentence(power: PowerResult) -> str:
    """The smallest difference that is shown in four of five runs, and the rows that `wanted` takes."""
    rows = plural(power.rows, "independent test row")
    if power.difference is None:
        shown = f"No difference can ever be shown with {rows}, whatever the answers."
    else:
        source = "as they do here" if power.observed else "assumed until it is known"
        shown = (
            f"{rows[0].upper()}{rows[1:]} show a true difference of {points(power.difference).lstrip('+')} points in "
            f"four of five runs, where exactly one of the models is right on {percent(power.discordance)} of the rows "
            f"({source}); a smaller one less often."
        )
    if power.rows_wanted is None or power.rows_wanted <= power.rows:
        return shown
    more = plural(power.rows_wanted - power.rows, "more test row")
    return f"{shown} Label {more} to see {points_text(power.wanted)}."
