"""Results of asset checks. Checks inform and never gate: what is decided is in the values."""

from __future__ import annotations

import dagster as dg


def check_result(
    asset: str,
    name: str,
    passed: bool,
    title: str,
    sentence: str,
    **metadata: float | int | str | dg.MetadataValue | None,
) -> dg.AssetCheckResult:
    """One result; a check that does not pass warns.

    Args:
        title: the dataset, or dataset and model. A check's page shows its newest result over all partitions.
        metadata: what is None is left out.
    """
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{title}: {sentence}",
        metadata={key: value for key, value in metadata.items() if value is not None},
    )
