"""The one bounded queue into the owner thread; overflow is itself an input, never silence."""

import queue
import threading
from typing import Final

from kiosk.core.inputs import InboxOverflowed
from kiosk.core.values import Moment
from kiosk.daemon.messages import Happened, Message, Stop

CAPACITY: Final = 1000  # a reader at its line rate (480 reads/s, in batches of 50 ms) for minutes
RESERVE: Final = 100  # room that a flood of readings leaves to the door, to answers and to staff


class Inbox:
    """Messages for the owner; any thread puts, one thread takes."""

    def __init__(self, capacity: int = CAPACITY, reserve: int = RESERVE) -> None:
        self._queue: queue.Queue[Message] = queue.Queue(maxsize=capacity + reserve)
        self._capacity = capacity
        self._dropped = 0
        self._told = False
        self._guard = threading.Lock()
        self._closed = threading.Event()

    def put(self, message: Message) -> bool:
        """Add one of many without waiting; False when it was dropped and counted."""
        if self._queue.qsize() < self._capacity:
            return self.put_fact(message)
        self._drop()
        return False

    def put_fact(self, message: Message) -> bool:
        """Add what comes singly and must not be lost to a flood: it has room kept for it."""
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            self._drop()
            return False
        return True

    def put_surely(self, message: Message, timeout_s: float) -> bool:
        """Add a message that must not be dropped, waiting for room up to `timeout_s`."""
        try:
            self._queue.put(message, timeout=timeout_s)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Have the owner stop before it takes anything else, however much waits."""
        self._closed.set()
        # Wakes an owner that waits; in a full queue it does not wait.
        self.put_surely(Stop(), 0)

    @property
    def is_closed(self) -> bool:
        """Whether the owner was told to stop."""
        return self._closed.is_set()

    def take(self, timeout_s: float, at: Moment) -> Message | None:
        """Return the next message, None when none came in time; overflow is reported first.

        Between two reports comes a message: whatever goes on being dropped, those that wait do not.
        """
        if self._closed.is_set():
            return Stop()
        if self._told:
            self._told = False
        elif dropped := self._take_dropped():
            self._told = True
            return Happened(InboxOverflowed(at, dropped))
        try:
            return self._queue.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            return None

    def is_empty(self) -> bool:
        """Whether nothing waits; the message being handled does not count."""
        return self._queue.empty()

    def _take_dropped(self) -> int:
        with self._guard:
            dropped, self._dropped = self._dropped, 0
        return dropped

    def _drop(self) -> None:
        with self._guard:
            self._dropped += 1
