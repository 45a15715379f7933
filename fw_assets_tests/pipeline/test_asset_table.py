from __future__ import annotations

import pkgutil

from fw_assets.definitions import defs
from fw_assets.pipeline import assets
from fw_assets.pipeline.asset_table import ASSETS, CHECKS, phase_assets


def test_every_asset_has_a_module_and_a_function_of_its_name() -> None:
    keys = {entry.key for entry in ASSETS}
    assert {module.name for module in pkgutil.iter_modules(assets.__path__)} == keys
    assert {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()} == keys
    assert set(CHECKS) == keys


def test_what_an_asset_needs_stands_above_it() -> None:
    above: set[str] = set()
    for entry in ASSETS:
        assert above.issuperset(entry.needs), entry.key
        above.add(entry.key)


def test_the_run_of_a_phase_is_one_partition() -> None:
    for phase in {entry.phase for entry in ASSETS if entry.phase}:
        assert len({entry.per for entry in ASSETS if entry.phase == phase}) == 1, phase


def test_a_phase_lists_its_assets_in_order() -> None:
    assert phase_assets("tuning") == ("sweep", "fine_tuned_models", "metrics")
