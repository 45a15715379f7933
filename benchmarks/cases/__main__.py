"""Every case of a folder as a row of a table: python -m benchmarks.cases [FOLDER] [NUMBER ...]

A case is a folder `NN-name` with an input, `cmd.txt` and `expected.txt`. Its commands are run with this program in a
copy of the folder, and what they come to is held against what `benchmarks.cases` expects of that number. Without
numbers all are run. The exit code is 1 if a case is not as expected.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cases.expectation import Case, shortened
from benchmarks.cases.expected_files import FILES
from benchmarks.cases.expected_labels import LABELS
from benchmarks.cases.expected_runs import RUNS
from benchmarks.cases.trial import try_case

CASES = {case.number: case for case in (*RUNS, *LABELS, *FILES)}
DEFAULT = Path(__file__).parents[3] / "shared" / "cases"


def main() -> int:
    """Run the cases, and print the table as they end."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cases", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default=str(DEFAULT), metavar="FOLDER", help="the cases (../shared/cases)")
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help="the cases to run (all)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what the cases write in this folder")
    arguments = parser.parse_args()
    numbers: list[int] = arguments.numbers
    folder = Path(arguments.folder)
    if arguments.folder.isdigit():
        numbers, folder = [int(arguments.folder), *numbers], DEFAULT
    if not folder.is_dir():
        print(f"skipped: there is no folder of cases, {folder}")
        return 0
    folders = [path for path in sorted(folder.iterdir()) if path.name.partition("-")[0].isdigit()]
    by_number = {int(path.name.partition("-")[0]): path for path in folders}
    absent = [number for number in numbers if number not in by_number]
    if absent:
        parser.error(f"no such case: {', '.join(map(str, absent))}")
    chosen = {number: by_number[number] for number in numbers} or by_number
    good = 0
    print("| case | expected | found | verdict | seconds |\n|--:|:--|:--|:--|--:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="fw-cases-", ignore_cleanup_errors=True) as name:
        for number, path in chosen.items():
            expected, found, verdict, seconds = _tried(CASES.get(number), path, arguments.keep or Path(name))
            print(f"| {path.name} | {expected} | {found} | {verdict} | {seconds:.0f} |".replace("\n", " "), flush=True)
            good += verdict == "as expected"
    print(f"\n{good} of {len(chosen)} cases are as expected")
    return int(good < len(chosen))


def _tried(case: Case | None, path: Path, scratch: Path) -> tuple[str, str, str, float]:
    """(expected, found, verdict, seconds) of one case."""
    if case is None:
        return shortened((path / "expected.txt").read_text("utf-8")), "", "no expectation is known", 0.0
    try:
        trial = try_case(path, scratch, daemon=case.daemon)
    except subprocess.TimeoutExpired as error:
        return case.expected, f"no end within {error.timeout:.0f} s", "OTHERWISE", error.timeout
    faults = case.faults(trial)
    found = "; ".join(faults) if faults else case.found(trial)
    return case.expected, found.replace("|", "\\|"), "OTHERWISE" if faults else "as expected", trial.seconds


if __name__ == "__main__":
    sys.exit(main())
