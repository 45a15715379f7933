"""Requests that wait together are answered together, each with its own answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import anyio
import numpy as np
import pytest
from anyio import CapacityLimiter

from fw_assets.embedded.engine.updates import row_by_row
from fw_assets.embedded.inference.micro_batcher import MAX_BATCH, MicroBatcher


class Work:
    """Doubles numbers, waits at a gate, and refuses thirteen."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()

    def __call__(self, asked: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(asked))
        self.gate.wait(10)
        if 666 in asked:
            raise OSError("the disk is gone")
        return [ValueError("unlucky") if number == 13 else 2 * number for number in asked]


async def gather(desk: MicroBatcher[int, int], numbers: Sequence[int], work: Work) -> dict[int, int | Exception]:
    found: dict[int, int | Exception] = {}

    async def one(number: int) -> None:
        try:
            found[number] = await desk.ask(number)
        except (ValueError, OSError) as error:
            found[number] = error

    async with anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(one, number)
        await anyio.sleep(0.05)
        work.gate.set()
    return found


def test_those_that_arrive_meanwhile_are_one_batch() -> None:
    work = Work()

    async def main() -> None:
        desk: MicroBatcher[int, int] = MicroBatcher(work, CapacityLimiter(1))
        found = await gather(desk, range(100, 100 + MAX_BATCH + 3), work)
        assert found == {number: 2 * number for number in range(100, 100 + MAX_BATCH + 3)}
        assert desk.idle
        assert await desk.ask(1) == 2

    anyio.run(main)
    assert [len(batch) for batch in work.batches] == [1, MAX_BATCH, 2, 1]


def test_one_refusal_is_one_requests_and_a_failure_is_the_batchs() -> None:
    work = Work()

    async def main() -> None:
        desk: MicroBatcher[int, int] = MicroBatcher(work, CapacityLimiter(1))
        found = await gather(desk, [1, 2, 13], work)
        assert found[2] == 4
        assert isinstance(found[13], ValueError)
        with pytest.raises(OSError, match="gone"):
            await desk.ask(666)
        assert await desk.ask(3) == 6

    anyio.run(main)


@pytest.mark.parametrize("victim", [1, 2])
def test_a_cancelled_request_keeps_nobody_waiting(victim: int) -> None:
    """Whether it is first of the waiting or not, and also when it is called in the same moment."""
    work = Work()

    async def main() -> None:
        desk: MicroBatcher[int, int] = MicroBatcher(work, CapacityLimiter(1))
        scopes: dict[int, anyio.CancelScope] = {}
        found: list[int] = []

        async def one(number: int) -> None:
            with anyio.CancelScope() as scopes[number]:
                found.append(await desk.ask(number))

        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(one, number)
            await anyio.sleep(0.05)
            work.gate.set()
            scopes[victim].cancel()
        assert sorted(found) == [2 * number for number in range(4) if number != victim]
        assert desk.idle

    anyio.run(main)


def test_one_that_is_cancelled_before_a_thread_is_free_leaves_its_batch_to_the_others() -> None:
    work = Work()
    work.gate.set()

    async def main() -> None:
        threads = CapacityLimiter(1)
        desk: MicroBatcher[int, int] = MicroBatcher(work, threads)
        found: list[int] = []
        async with anyio.create_task_group() as group, threads:

            async def one(number: int, scope: anyio.CancelScope) -> None:
                with scope:
                    found.append(await desk.ask(number))

            doomed = anyio.CancelScope()
            group.start_soon(one, 1, doomed)
            await anyio.sleep(0.01)
            for number in (2, 3):
                group.start_soon(one, number, anyio.CancelScope())
            await anyio.sleep(0.01)
            doomed.cancel()
        assert sorted(found) == [4, 6]

    anyio.run(main)


def test_a_row_of_a_product_does_not_depend_on_the_others() -> None:
    rng = np.random.default_rng(0)
    left, right = (rng.normal(size=shape).astype(np.float32) for shape in ((33, 384), (384, 77)))
    whole = row_by_row(left, right)
    assert np.allclose(whole, left @ right, atol=1e-4)
    for size in (1, 2, 7):
        assert np.array_equal(row_by_row(left[5 : 5 + size], right), whole[5 : 5 + size])
