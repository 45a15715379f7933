from __future__ import annotations

import json

import polars as pl
import pytest

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.text_volumes import TextVolume, measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.plan.long_rows import LongRows, long_row_warnings, long_rows

SMALL = CatalogueModel(name="accounts/fireworks/models/small", context_length=512)
ALIKE = CatalogueModel(name="accounts/fireworks/models/alike", context_length=512)
LARGE = CatalogueModel(name="accounts/fireworks/models/large", context_length=4096)
ENCODER = CatalogueModel(name="accounts/fireworks/models/encoder", context_length=512, reads_whole_prompt=False)
UNKNOWN = CatalogueModel(name="accounts/fireworks/models/unknown")
ODD = CatalogueModel(name="accounts/fireworks/models/odd", context_length=700)


def frame(*lengths: tuple[str, int]) -> pl.DataFrame:
    """Rows by part and words of their text."""
    rows = [
        {
            "split": part,
            "messages": json.dumps(
                [{"role": "user", "content": "word " * words}, {"role": "assistant", "content": "yes"}]
            ),
            "labels": ["yes"],
        }
        for part, words in lengths
    ]
    return pl.DataFrame(rows)


def words(text: str) -> int:
    return len(text.split())


ROWS = frame(("train", 512), ("train", 513), ("train", 5000), ("validation", 30), ("test", 600), ("test", 5000))


def test_the_rows_of_each_model_are_counted_by_part() -> None:
    volumes = measure_volumes(ROWS, count=words)
    assert long_rows([SMALL, LARGE, UNKNOWN], volumes) == (
        LongRows(model="small", context_length=512, rows={"train": 2, "test": 2}),
        LongRows(model="large", context_length=4096, rows={"train": 1, "test": 1}),
    )


def test_a_context_between_the_bounds_never_counts_a_row_that_fits() -> None:
    assert long_rows([ODD], measure_volumes(ROWS, count=words))[0].rows == {"train": 1, "test": 1}


def test_rows_that_fit_are_not_spoken_of() -> None:
    assert long_rows([SMALL], measure_volumes(frame(("train", 512), ("test", 3)), count=words)) == ()


def test_a_list_of_labels_takes_room_where_the_model_reads_it() -> None:
    rows, system = frame(("train", 500), ("test", 513)), "label " * 600
    volumes = measure_volumes(rows, count=words, system=system)
    language_model, encoder = long_rows([SMALL, ENCODER], volumes)
    assert language_model.rows == {"train": 1, "test": 1}
    assert encoder.rows == {"test": 1}
    assert volumes["test"].prompt_tokens == 513 + 600, "it is paid for all the same"
    assert long_rows([ENCODER], measure_volumes(rows, count=words)) == (encoder,), "nothing was added"


def test_a_list_of_labels_takes_no_room_where_its_tokens_are_estimated() -> None:
    rows = frame(("train", 300), ("test", 5000))
    (encoder,) = long_rows([ENCODER], measure_volumes(rows, estimate=BYTE_PAIR.expected_tokens, system="label " * 600))
    assert encoder.rows == {"test": 1}


def test_both_lengths_are_kept_in_scaled_volumes_and_sums() -> None:
    volumes = measure_volumes(frame(("train", 500), ("test", 513)), count=words, system="label " * 600)
    both = volumes["train"].scaled(4) + volumes["test"].scaled(2)
    assert (both.longer_than(512), both.longer_than(512, whole=False)) == (6, 2)
    mixed = both + measure_volumes(frame(("test", 600)), count=words)["test"]
    assert (mixed.longer_than(512), mixed.longer_than(512, whole=False)) == (7, 3)


def test_without_a_tokenizer_tokens_are_estimated_and_called_so() -> None:
    (found,) = long_rows([LARGE], measure_volumes(ROWS, estimate=BYTE_PAIR.expected_tokens))
    assert found.rows == {"train": 1, "test": 1}
    assert found.estimated
    assert "4,096 tokens, as estimated" in next(long_row_warnings([found], {"train": 3, "test": 2}))


def test_the_added_system_message_counts() -> None:
    rows = frame(("train", 500), ("test", 500))
    assert long_rows([SMALL], measure_volumes(rows, count=words)) == ()
    (found,) = long_rows([SMALL], measure_volumes(rows, count=words, system="rule " * 20))
    assert found.rows == {"train": 1, "test": 1}


def test_models_with_the_same_rows_share_a_sentence() -> None:
    found = long_rows([SMALL, ALIKE, LARGE], measure_volumes(ROWS, count=words))
    first, second = long_row_warnings(found, {"train": 3, "validation": 1, "test": 2})
    assert first.startswith("4 of 6 rows are longer than the context of small and alike (512 tokens): 2 train, 2 test.")
    assert second.startswith("2 of 6 rows are longer than the context of large (4,096 tokens): 1 train, 1 test.")
    assert "All 6 rows" in next(
        long_row_warnings(
            [LongRows(model="m", context_length=8, rows={"train": 4, "test": 2})], {"train": 4, "test": 2}
        )
    )


@pytest.mark.parametrize("times", [2, 10])
def test_scaled_volumes_have_as_many_more_long_rows(times: int) -> None:
    volume = measure_volumes(ROWS, count=words)["train"]
    assert volume.scaled(3 * times).longer_than(512) == 2 * times


def test_volumes_add_up() -> None:
    volumes = measure_volumes(ROWS, count=words)
    both = volumes["train"] + volumes["test"]
    assert (both.longer_than(512), both.longer_than(4096), both.longer_than(8192)) == (4, 2, 0)
    assert TextVolume().longer_than(64) == 0
