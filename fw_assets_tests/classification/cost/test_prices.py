from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from fw_assets.classification.cost.prices import (
    BROADER,
    UNITS,
    Item,
    Price,
    PriceBook,
    platform_prices,
    read_prices,
    shipped_prices,
)
from fw_assets.classification.errors import InputError

TUNED_HOUR: Item = "tuned-deployment-hour"


def test_every_shipped_price_has_unit_source_and_date() -> None:
    (layer,) = shipped_prices().layers
    assert {price.item for price in layer} == set(UNITS) - set(BROADER)
    for price in layer:
        assert price.unit == UNITS[price.item]
        assert price.source
        assert price.date


@pytest.mark.parametrize(
    ("parameters", "usd"), [(6e8, 0.5), (16e9, 0.5), (16.1e9, 3.0), (80e9, 3.0), (235e9, 6.0), (744e9, 10.0)]
)
def test_training_is_priced_by_size(parameters: float, usd: float) -> None:
    assert shipped_prices().price("some-model", "training", int(parameters)).usd == usd


def test_what_is_not_published_is_unknown_and_not_guessed() -> None:
    book = shipped_prices()
    assert book.price("mystery", "training").usd is None
    assert book.price("mystery", "inference-input", int(200e9)).usd is None


def test_a_models_own_price_wins_over_its_size_band() -> None:
    price = shipped_prices().price("accounts/fireworks/models/gpt-oss-20b", "inference-output", int(20e9))
    assert (price.usd, price.model) == (0.30, "gpt-oss-20b")


def test_layers_in_front_win_even_when_they_say_unknown_or_zero() -> None:
    published = platform_prices(
        [
            {"model": "accounts/fireworks/models/char-ngram", "item": "training", "unit": "1M tokens", "usd": 0.0},
            {"model": "char-ngram", "item": "electricity", "unit": "kWh", "usd": 1.0},
        ],
        date="2026-11-22",
    )
    book = shipped_prices().with_layer(published)
    assert book.price("char-ngram", "training", 1000).usd == 0.0
    assert book.price("qwen3-8b", "training", int(8e9)).usd == 0.5
    unknown = book.with_layer([Price(item="training", usd=None, source="mine")])
    assert unknown.price("qwen3-8b", "training", int(8e9)).usd is None


def test_per_unit_is_of_one_token_or_one_hour() -> None:
    assert Price(item="training", usd=3.0).per_unit == pytest.approx(3e-6)
    assert Price(item="deployment-hour", usd=8.0).per_unit == 8.0


def test_a_price_per_another_unit_is_refused() -> None:
    with pytest.raises(ValidationError, match="per 1M tokens, not per token"):
        Price(item="training", usd=1.0, unit="token")


def test_user_prices_are_read_and_name_their_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("prices:\n- {item: training, model: qwen3-8b, usd: 0.4}\n- {item: training, usd: null}\n")
    book = shipped_prices().with_layer(read_prices(file))
    assert book.price("qwen3-8b", "training").usd == 0.4
    assert book.price("qwen3-8b", "training").source == "prices.yaml"
    assert book.price("qwen3-14b", "training", int(14e9)).usd is None


def test_the_documented_price_file_works_as_it_stands(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "plan.md"
    (example,) = re.findall(r"```yaml\n(prices:.*?)```", page.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "prices.yaml"
    file.write_text(example, "utf-8")
    training, hour = read_prices(file)
    assert (training.usd, training.source, training.date) == (0.5, "our contract", "2026-11-01")
    assert (hour.usd, hour.source, hour.date) == (2.9, "prices.yaml", "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-01", "2026-11-01"),
        ("'2026-11-01'", "2026-11-01"),
        ("2026-11-01T08:00:00", "2026-11-01T08:00:00"),
        ("2026", "2026"),
    ],
)
def test_a_date_is_text_however_yaml_takes_it(tmp_path: Path, written: str, read: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(f"- {{item: training, usd: 0.5, date: {written}, source: 2026}}\n", "utf-8")
    (price,) = read_prices(file)
    assert (price.date, price.source) == (read, "2026")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("training: 1", "expected a list"),
        ("- {item: trainin, usd: 1}", "prices\\[0\\].item"),
        ("- {item: training, usd: -1}", "prices\\[0\\].usd"),
        ("- {item: training, usd: 1, units: x}", "prices\\[0\\].units"),
        ("- [", "is not YAML"),
    ],
)
def test_a_wrong_price_file_is_one_error(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(content)
    with pytest.raises(InputError, match=said):
        read_prices(file)


@pytest.mark.parametrize("usd", [-5, float("nan"), float("inf"), "cheap", [], {}])
def test_a_platforms_price_that_is_no_amount_is_named(usd: object) -> None:
    with pytest.raises(InputError, match="training of m") as failure:
        platform_prices([{"item": "training", "model": "m", "usd": usd}, {"item": "sorcery", "usd": -1}], "2026-11-01")
    assert len(failure.value.problems) == 1


def test_an_adapter_has_its_own_price_then_that_of_its_base() -> None:
    base = Price(item="deployment-hour", model="qwen3-8b", usd=7.0)
    book = PriceBook(layers=((Price(item="deployment-hour", max_parameters=1e12, usd=9.0), base),))

    def price(book: PriceBook) -> float | None:
        return book.price("accounts/me/models/mine", "deployment-hour", 8 * 10**9, "accounts/f/models/qwen3-8b").usd

    assert price(book) == 7.0
    assert price(book.with_layer([Price(item="deployment-hour", model="mine", usd=3.0), base])) == 3.0


def test_an_hour_of_what_is_fine_tuned_has_a_price_of_its_own_or_that_of_its_base_layer_by_layer() -> None:
    base, tuned = (Price(item=item, model="m", usd=usd) for item, usd in (("deployment-hour", 8), (TUNED_HOUR, 52)))
    listed = Price(item="deployment-hour", usd=1.0)
    book = PriceBook(layers=((base, tuned), (listed,)))
    assert [book.price("m", item).usd for item in ("deployment-hour", TUNED_HOUR)] == [8.0, 52.0]
    assert book.price("other", TUNED_HOUR) == listed
    own = book.with_layer([Price(item="deployment-hour", model="m", usd=3.0)])
    assert own.price("m", TUNED_HOUR).usd == 3.0, "a user's own price of before holds for both"
    assert book.with_layer([Price(item=TUNED_HOUR, usd=2.0)]).price("m", "deployment-hour").usd == 8.0
    assert PriceBook(layers=()).price("m", TUNED_HOUR).item == "deployment-hour"
