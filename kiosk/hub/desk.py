"""The one thread that writes, and the bell that wakes whoever waits for what it wrote."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from kiosk.hub.errors import RefusalError

T = TypeVar("T")

MAX_WAITING: Final = 128  # ~5 s of full batches; beyond that a kiosk had better come back later
RETRY_S: Final = 5
EACH_S: Final = RETRY_S / MAX_WAITING  # what one full batch takes


class Desk:
    """Runs work one piece after the other on its own thread, in the order it was handed in.

    Args:
        now_s: Monotonic seconds, for the booking of those who must come back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub-desk")
        self._waiting = 0
        self._now_s = now_s
        self._booked_s = float("-inf")

    def now(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; for use before and after the event loop runs."""
        return self._pool.submit(work).result()

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; RefusalError 503 when too much is waiting already."""
        if self._waiting >= MAX_WAITING:
            later = {"retry_after_s": self._book()}
            raise RefusalError(503, "busy", "the hub has too much to do; come back later", later)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def _book(self) -> int:
        """Return when to come back, in seconds: each after the last, so that not all come at once.

        Event loop's thread only.
        """
        now_s = self._now_s()
        self._booked_s = max(self._booked_s, now_s + RETRY_S) + EACH_S
        return math.ceil(self._booked_s - now_s)

    def close(self) -> None:
        """Finish what was handed in and end the thread."""
        self._pool.shutdown(wait=True)


class Bell:
    """Wakes every waiter at once; a ring between looking and waiting is not missed.

    Attributes:
        silent: Nobody may wait any more.
    """

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.silent = False

    def listen(self) -> asyncio.Event:
        """Return what the next ring sets; take it before looking for what it announces."""
        return self._next

    def ring(self) -> None:
        """Wake everyone who listens; event loop's thread only."""
        self._next.set()
        if not self.silent:
            self._next = asyncio.Event()

    def silence(self) -> None:
        """Wake everyone and let nobody wait again; the hub is stopping."""
        self.silent = True
        self.ring()


async def wait(event: asyncio.Event, at_most_s: float) -> None:
    """Return when the event is set, or when the time is up."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), at_most_s)
