"""The frame of the attacks: what is counted, and the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.attacks.__main__ import print_table
from benchmarks.attacks.families import FAMILIES
from benchmarks.attacks.frame import Attacks, Family, ImpossibleError, require, run_family


def impossible() -> None:
    raise ImpossibleError("no such program")


def attacked(attacks: Attacks) -> None:
    with attacks.attack("holds"):
        require(attacks.new_folder("a").is_dir(), "no folder")
    with attacks.attack("breaks"):
        require(False, "does not\nhold")
    with attacks.attack("fails"):
        int("x")
    with attacks.attack("cannot be tried"):
        impossible()
    attacks.note(f"drawn: {attacks.chance.random()}")


def test_what_broke_is_counted_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    family = Family("some", "some attacks", attacked)
    result = run_family(family, tmp_path, None, seed=1)
    assert (result.tried, result.survived) == (3, 1)
    assert result.broken == ["breaks: does not hold", "fails: ValueError: invalid literal for int() with base 10: 'x'"]
    assert result.left_out == ["cannot be tried: no such program"]
    assert run_family(family, tmp_path, None, seed=1).notes == result.notes
    assert run_family(family, tmp_path, None, seed=2).notes != result.notes
    print_table([result], {"some": "some attacks"})
    table = capsys.readouterr().out
    assert "| some | some attacks | 3 | 1 | 2 |" in table
    assert "- some, broke: breaks: does not hold" in table


def test_a_family_that_ends_early_has_broken(tmp_path: Path) -> None:
    def ends(attacks: Attacks) -> None:
        raise OSError("gone")

    result = run_family(Family("x", "", ends), tmp_path, None, seed=1)
    assert (result.tried, result.broken) == (1, ["ended early: OSError: gone"])


def test_families_have_names_of_their_own() -> None:
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names) > 15
