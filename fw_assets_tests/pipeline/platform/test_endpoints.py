"""Endpoints of a session in the catalogue and in the book of prices."""

from __future__ import annotations

from fw_assets.classification.cost.prices import Price, PriceBook
from fw_assets.classification.session_input import make_session
from fw_assets.pipeline.platform.endpoints import endpoint_prices, with_endpoints


def test_prices_are_those_of_the_session_else_the_users_own_else_unknown() -> None:
    session = make_session({"endpoints": {"mine": {"url": "http://h/v1", "model": "m", "input_usd": 2}}})
    shipped = PriceBook(layers=((Price(item="inference-input", usd=9), Price(item="inference-output", usd=9)),))
    book = endpoint_prices(shipped, session.endpoints, ())
    (entry,) = with_endpoints((), session)
    assert book.price(entry.name, "inference-input").usd == 2
    assert book.price(entry.name, "inference-output").usd is None
    assert book.price("accounts/fireworks/models/other", "inference-output").usd == 9
    own = (Price(item="inference-output", usd=3, model="mine"),)
    assert endpoint_prices(shipped, session.endpoints, own).price(entry.name, "inference-output").usd == 3
