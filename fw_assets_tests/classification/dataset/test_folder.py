"""Folders of dataset files: what is read, as which part, and what is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.classification.dataset.files import file_sha256
from fw_assets.classification.dataset.folder import FAMILIES, list_folder, parts, stem
from fw_assets.classification.dataset_reference import dataset_name
from fw_assets.classification.errors import InputError


def folder_of(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def read(folder: Path) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in list_folder(folder).files]


def test_folders_within_capitals_and_other_suffixes_of_json_lines_are_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.jsonl", "2025/b.JSONL", "c.ndjson", "d.jsonl.gz")
    assert read(folder) == ["2025/b.JSONL", "a.jsonl", "c.ndjson", "d.jsonl.gz"]


def test_hidden_files_and_what_macos_leaves_are_passed_over_in_silence(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.jsonl", "._a.jsonl", ".git/b.jsonl", "__MACOSX/c.jsonl")
    listing = list_folder(folder)
    assert read(folder) == ["a.jsonl"]
    assert listing.passed_over == ()


def test_everything_else_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.jsonl", "notes.txt", "old/b.csv", "c.json")
    assert list_folder(folder).passed_over == ("c.json", "notes.txt", "old/b.csv")


def test_what_hugging_face_keeps_beside_the_rows_is_no_row(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "train/data-00000-of-00001.arrow", "train/state.json", "dataset_dict.json")
    listing = list_folder(folder)
    assert (read(folder), listing.passed_over) == (["train/data-00000-of-00001.arrow"], ())


def test_two_formats_without_json_lines_are_two_readings(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a.csv \(CSV, 1\) or b.parquet \(Parquet, 1\)"):
        list_folder(folder_of(tmp_path, "a.csv", "b.parquet"))


def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.jsonl")
    (folder / "b.jsonl").symlink_to(folder / "gone.jsonl")
    with pytest.raises(InputError, match=r"b\.jsonl: is a link that leads nowhere"):
        list_folder(folder)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("train.csv", "valid.csv", "test.csv"), ("train", "validation", "test")),
        (("data/train-00000-of-00002.parquet", "data/test-00000-of-00001.parquet"), ("train", "test")),
        (("train/data-0.arrow", "dev/data-0.arrow"), ("train", "validation")),
        (("tickets_train.jsonl", "tickets_eval.jsonl"), ("train", "test")),
        (("rows.csv", "test.csv"), ("train", "test")),
        (("a.csv", "b.csv"), ("train", "train")),
        (("test.csv",), ("train",)),
        (("latest.csv", "greatest.csv", "train.csv"), ("train", "train", "train")),
    ],
)
def test_parts_follow_from_names(names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert parts(names) == expected


def test_the_digest_of_a_flat_folder_is_that_of_its_names_and_contents(tmp_path: Path) -> None:
    """Registrations of earlier versions hold it."""
    folder = folder_of(tmp_path, "a.jsonl", "b.jsonl")
    assert file_sha256(folder) == "b3a6b8a5bfdb4774391e86eebfddbf4952aa61f0fb28b1fc6bd96aa0d367fa31"


@pytest.mark.parametrize("suffix", [suffix for group in FAMILIES.values() for suffix in group])
@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_names_of_datasets_have_no_suffix(suffix: str, packed: str) -> None:
    assert stem(f"May.{suffix.upper()}{packed}") == "May"
    assert dataset_name(f"/data/May.{suffix}{packed}") == "may"
