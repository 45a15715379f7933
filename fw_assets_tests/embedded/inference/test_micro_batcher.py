"""Requests that wait at the same time are answered in one call, each with its own result."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import anyio
import pytest
from anyio import CapacityLimiter

from fw_assets.embedded.inference.micro_batcher import MAX_BATCH, MicroBatcher


class Work:
    """Doubles numbers once its gate is open; fails for 13 alone, and for the whole batch of 666."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        self.gate.wait(10)
        if 666 in numbers:
            raise OSError("the disk is gone")
        return [ValueError("unlucky") if number == 13 else 2 * number for number in numbers]


async def gather(batcher: MicroBatcher[int, int], numbers: Sequence[int], work: Work) -> dict[int, int | Exception]:
    results: dict[int, int | Exception] = {}

    async def one(number: int) -> None:
        try:
            results[number] = await batcher.submit(number)
        except (ValueError, OSError) as error:
            results[number] = error

    async with anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(one, number)
        await anyio.wait_all_tasks_blocked()
        work.gate.set()
    return results


def test_requests_that_arrive_meanwhile_are_one_batch() -> None:
    work = Work()

    async def main() -> None:
        batcher: MicroBatcher[int, int] = MicroBatcher(work, CapacityLimiter(1))
        results = await gather(batcher, range(100, 100 + MAX_BATCH + 3), work)
        assert results == {number: 2 * number for number in range(100, 100 + MAX_BATCH + 3)}
        assert batcher.idle
        assert await batcher.submit(1) == 2

    anyio.run(main)
    assert [len(batch) for batch in work.batches] == [1, MAX_BATCH, 2, 1]


def test_a_returned_error_is_one_requests_and_a_raised_one_the_batchs() -> None:
    work = Work()

    async def main() -> None:
        batcher: MicroBatcher[int, int] = MicroBatcher(work, CapacityLimiter(1))
        results = await gather(batcher, [1, 2, 13], work)
        assert results[2] == 4
        assert isinstance(results[13], ValueError)
        with pytest.raises(OSError, match="gone"):
            await batcher.submit(666)
        assert await batcher.submit(3) == 6

    anyio.run(main)


@pytest.mark.parametrize("victim", [1, 2])
def test_a_cancelled_request_keeps_no_other_waiting(victim: int) -> None:
    """Whether it is the first of the queue or not, and also when it is woken in the same moment."""
    work = Work()

    async def main() -> None:
        batcher: MicroBatcher[int, int] = MicroBatcher(work, CapacityLimiter(1))
        scopes: dict[int, anyio.CancelScope] = {}
        results: list[int] = []

        async def one(number: int) -> None:
            with anyio.CancelScope() as scopes[number]:
                results.append(await batcher.submit(number))

        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(one, number)
            await anyio.wait_all_tasks_blocked()
            work.gate.set()
            scopes[victim].cancel()
        assert sorted(results) == [2 * number for number in range(4) if number != victim]
        assert batcher.idle

    anyio.run(main)


def test_a_request_cancelled_before_a_thread_is_free_leaves_its_batch_to_the_others() -> None:
    work = Work()
    work.gate.set()

    async def main() -> None:
        threads = CapacityLimiter(1)
        batcher: MicroBatcher[int, int] = MicroBatcher(work, threads)
        results: list[int] = []
        async with anyio.create_task_group() as group, threads:

            async def one(number: int, scope: anyio.CancelScope) -> None:
                with scope:
                    results.append(await batcher.submit(number))

            cancelled = anyio.CancelScope()
            group.start_soon(one, 1, cancelled)
            await anyio.wait_all_tasks_blocked()
            for number in (2, 3):
                group.start_soon(one, number, anyio.CancelScope())
            await anyio.wait_all_tasks_blocked()
            cancelled.cancel()
        assert sorted(results) == [4, 6]

    anyio.run(main)
