"""Attacks on this package, and a table of what survived: python -m benchmarks.attacks [FAMILY...]

Without names every family runs but those that take long. The exit code is 1 if anything broke.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.attacks.families import FAMILIES
from benchmarks.attacks.frame import Attacks, run_family


def main() -> int:
    """Run the families that are named, and print the table."""
    by_name = {family.name: family for family in FAMILIES}
    listed = "\n".join(f"  {f.name:<20} {f.title}{' (by name only)' if f.by_name else ''}" for f in FAMILIES)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.attacks",
        description=__doc__,
        epilog=f"families:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="the families to run")
    parser.add_argument(
        "--rounds", type=int, help="of the families that are random; by default each has its own number"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the families' files in this folder")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.families if name not in by_name]
    if unknown:
        parser.error(f"no such family: {', '.join(unknown)}; there are {', '.join(by_name)}")
    chosen = [by_name[name] for name in arguments.families] or [f for f in FAMILIES if not f.by_name]
    results = []
    with tempfile.TemporaryDirectory(prefix="fw-attacks-", ignore_cleanup_errors=True) as scratch:
        for family in chosen:
            folder = (arguments.keep or Path(scratch)) / family.name
            folder.mkdir(parents=True)
            results.append(run_family(family, folder, arguments.rounds, arguments.seed))
            print(f"{family.name}: {_counts(results[-1])}", file=sys.stderr, flush=True)
    print_table(results, {family.name: family.title for family in chosen})
    return 1 if any(result.broken for result in results) else 0


def print_table(results: list[Attacks], titles: dict[str, str]) -> None:
    """One row per family, then a line for each that broke or could not be tried."""
    print("| family | attack | tried | survived | broke | seconds |\n|---|---|---|---|---|---|")
    for result in results:
        print(
            f"| {result.family} | {titles[result.family]} | {result.tried} | {result.survived} | {len(result.broken)} "
            f"| {result.seconds:.0f} |"
        )
    tried, survived = sum(result.tried for result in results), sum(result.survived for result in results)
    print(f"| all | | {tried} | {survived} | {tried - survived} | {sum(r.seconds for r in results):.0f} |")
    for result in results:
        for kind, lines in (("broke", result.broken), ("not tried", result.left_out), ("note", result.notes)):
            for line in lines:
                print(f"- {result.family}, {kind}: {line}")


def _counts(result: Attacks) -> str:
    return f"{result.tried} tried, {result.survived} survived, {result.seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
