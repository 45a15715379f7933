"""The public names of the client: all listed, in order, and each explained."""

from __future__ import annotations

from pathlib import Path

import pytest

import fw_assets.fireworks as public
from fw_assets.fireworks import Fireworks

GUIDE = (Path(__file__).parents[2] / "docs" / "client.md").read_text("utf-8")


def test_everything_imported_into_the_package_is_exported() -> None:
    names = {name for name in vars(public) if not name.startswith("_")}
    assert names == set(public.__all__)


def test_exported_names_are_sorted() -> None:
    constants_classes_functions = sorted(public.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert public.__all__ == constants_classes_functions


@pytest.mark.parametrize("name", public.__all__)
def test_an_exported_name_is_explained(name: str) -> None:
    member = getattr(public, name)
    docstring = member.__doc__ if callable(member) else None
    generated = f"{name}("  # what `dataclass` writes for a class without a docstring
    assert f"`{name}`" in GUIDE or (docstring and not docstring.startswith(generated))


def test_every_method_of_the_client_is_explained() -> None:
    methods = {
        name: method
        for kind in Fireworks.__mro__[:-1]
        for name, method in vars(kind).items()
        if not name.startswith("_")
    }
    assert [name for name, method in methods.items() if not method.__doc__] == []
