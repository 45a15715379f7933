from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.dataset_reference import (
    MAX_DATASET_NAME,
    check_dataset_name,
    dataset_name,
    former_dataset_name,
    is_remote,
)
from fw_assets.classification.errors import InputError


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("data/Support Intents.jsonl.gz", "support-intents"),
        ("banking77/train.jsonl", "banking77-train"),
        ("train.jsonl", "train"),
        ("accounts/me/datasets/tickets-2", "tickets-2"),
        ("https://host/rows.jsonl?signature=abc", "rows"),
        (f"{'a' * 60}.jsonl", "a" * 48),
        ("客服.jsonl", "客服"),
        ("情感.jsonl", "情感"),
        ("Ü bung.jsonl", "ü-bung"),
        ("Ｆｕｌｌ.jsonl", "full"),
        ("inbox.jsonl", "inbox-dataset"),
        ("staged/train.jsonl", "staged-train"),
        ("../evil", "evil"),
        ("a\x1b[31m.jsonl", "a-31m"),
    ],
)
def test_a_dataset_is_named_by_its_file(reference: str, name: str) -> None:
    assert dataset_name(reference) == name


def test_names_without_a_letter_are_kept_apart() -> None:
    assert len({dataset_name(f"{stem}.jsonl") for stem in ("???", "🎉", "🔥", "")}) == 4


def test_names_of_the_version_before_are_known() -> None:
    assert former_dataset_name("客服.jsonl") == "dataset"
    assert former_dataset_name("Übung 1.jsonl") == "bung-1"


@given(st.text())
def test_every_file_has_a_name_that_is_one_folder_everywhere(text: str) -> None:
    name = dataset_name(text)
    check_dataset_name(name)
    assert dataset_name(name) == name
    assert 1 <= len(name) <= MAX_DATASET_NAME + len("-dataset")
    assert len(name.encode()) <= 255
    assert name == name.casefold()
    assert not set(name) & set("/\\|.:*?[]'\" \n")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../evil", "/etc", ".platform", ".dagster", "staged", "inbox", "[x]", "a|b", "a/b", "a b"),
        *(
            "Tickets",
            "_tickets",
            "tickets__1",
            "tickets_-1",
            "-a",
            "a--b",
            "a\x1b[31mb",
            "a\nb",
            "a\x00b",
            "x" * 300,
            "Ａ",
            "\udcff",
        ),
    ],
)
def test_a_name_that_is_no_slug_is_refused_with_one_that_is(name: str) -> None:
    with pytest.raises(InputError) as refused:
        check_dataset_name(name)
    assert refused.value.problems[0].field == "name"
    check_dataset_name(refused.value.advice.removeprefix("For example: "))
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("name", ["tickets", "tickets_1", "客服", "übung-2", "2024", "हिन्दी"])
def test_letters_of_every_script_make_a_name(name: str) -> None:
    check_dataset_name(name)


def test_urls_and_platform_datasets_are_remote() -> None:
    assert is_remote("s3://bucket/rows.jsonl")
    assert is_remote("accounts/me/datasets/tickets")
    assert not is_remote("accounts/me/rows.jsonl")
