"""Slots among coroutines and processes, on real locks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from fw_assets.workspace.slots import slot
from fw_assets.workspace.workspace import Workspace

HOLDER = """
import asyncio, sys
from fw_assets.workspace.slots import slot
from fw_assets.workspace.workspace import Workspace

async def hold():
    async with slot(Workspace(sys.argv[1]), 1, "other", "tickets", "slots", poll=0.01):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(hold())
"""


def test_no_more_than_the_limit_hold_one_at_a_time(tmp_path: Path) -> None:
    active, most = 0, 0

    async def hold(number: int) -> None:
        nonlocal active, most
        store = Workspace(str(tmp_path))
        async with slot(store, 3, str(number), "tickets", "slots", poll=0.001):
            active += 1
            most = max(most, active)
            await asyncio.sleep(0.005)
            active -= 1

    async def hold_all() -> None:
        await asyncio.gather(*map(hold, range(12)))

    asyncio.run(hold_all())
    assert (active, most) == (0, 3)


def test_the_slot_of_a_killed_process_is_free_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    async def hold() -> None:
        async with slot(Workspace(str(tmp_path)), 1, "one", "tickets", "slots", poll=0.01):
            return

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(hold(), 0.1))
    holder.kill()
    holder.wait()
    asyncio.run(asyncio.wait_for(hold(), 60))
    holder.stdout.close()
