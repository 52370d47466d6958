"""One thread writes, in order; whoever waits is woken by the ring and not by chance."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from kiosk.hub import desk as desks
from kiosk.hub.desk import Bell, Desk, wait
from kiosk.hub.errors import RefusalError


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def test_work_is_done_in_order_on_one_thread(desk: Desk) -> None:
    done: list[tuple[int, str]] = []

    def work(number: int) -> None:
        done.append((number, threading.current_thread().name))

    async def all_of_it() -> None:
        await asyncio.gather(*(desk.run(partial(work, n)) for n in range(50)))

    asyncio.run(all_of_it())
    assert [number for number, _ in done] == list(range(50))
    assert len({name for _, name in done}) == 1


def test_a_fault_in_the_work_comes_back_and_the_desk_goes_on(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(desk.run(lambda: 1 // 0))
    assert desk.now(lambda: 7) == 7


def test_too_much_waiting_work_is_refused_with_a_time_to_come_back(desk: Desk) -> None:
    held = threading.Event()

    async def flood() -> list[object]:
        waiting = [asyncio.ensure_future(desk.run(held.wait)) for _ in range(desks.MAX_WAITING)]
        await asyncio.sleep(0)
        try:
            with pytest.raises(RefusalError) as refused:
                await desk.run(lambda: None)
            assert refused.value.status == 503
            assert refused.value.extra["retry_after_s"] == desks.RETRY_S + 1
        finally:
            held.set()
        return list(await asyncio.gather(*waiting))

    assert all(asyncio.run(flood()))
    assert asyncio.run(desk.run(lambda: 7)) == 7


async def turned_away(desk: Desk) -> int:
    """Ask a desk that is full; return after how many seconds to come back."""
    try:
        await desk.run(lambda: None)
    except RefusalError as refused:
        return int(str(refused.extra["retry_after_s"]))
    raise AssertionError("the desk was not full")


def test_a_fleet_that_is_turned_away_is_booked_one_after_the_other() -> None:
    now_s = 1000.0
    desk = Desk(lambda: now_s)
    desk._waiting = desks.MAX_WAITING

    async def fleet(size: int) -> Counter[int]:
        return Counter([await turned_away(desk) for _ in range(size)])

    slots = asyncio.run(fleet(1000))
    assert min(slots) > desks.RETRY_S
    assert max(slots.values()) <= desks.MAX_WAITING / desks.RETRY_S + 1, "no second is a crowd"
    now_s += 3600
    assert asyncio.run(turned_away(desk)) == desks.RETRY_S + 1, "a booking is no debt"
    desk.close()


def test_a_ring_between_looking_and_waiting_is_heard() -> None:
    async def listen() -> float:
        bell = Bell()
        heard = bell.listen()
        bell.ring()
        began = time.monotonic()
        await wait(heard, 20)
        return time.monotonic() - began

    assert asyncio.run(listen()) < 10


def test_a_wait_ends_by_itself() -> None:
    async def listen() -> bool:
        heard = Bell().listen()
        await wait(heard, 0.01)
        return heard.is_set()

    assert asyncio.run(listen()) is False


def test_a_silenced_bell_lets_nobody_wait_again() -> None:
    async def listen() -> bool:
        bell = Bell()
        bell.silence()
        await wait(bell.listen(), 20)
        return bell.silent

    assert asyncio.run(listen()) is True
