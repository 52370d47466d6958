"""The one bounded queue into the owner thread; overflow is itself an input, never silence."""

import queue
import threading
from typing import Final

from kiosk.core.inputs import InboxOverflowed
from kiosk.core.values import Moment
from kiosk.daemon.messages import Happened, Message

CAPACITY: Final = 1000  # a reader at its line rate (480 reads/s, in batches of 50 ms) for minutes


class Inbox:
    """Messages for the owner; any thread puts, one thread takes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._queue: queue.Queue[Message] = queue.Queue(maxsize=capacity)
        self._dropped = 0
        self._guard = threading.Lock()

    def put(self, message: Message) -> bool:
        """Add a message without waiting; False when it was dropped and counted."""
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            with self._guard:
                self._dropped += 1
            return False
        return True

    def put_surely(self, message: Message, timeout_s: float) -> bool:
        """Add a message that must not be dropped, waiting for room up to `timeout_s`."""
        try:
            self._queue.put(message, timeout=timeout_s)
        except queue.Full:
            return False
        return True

    def take(self, timeout_s: float, at: Moment) -> Message | None:
        """Return the next message, None when none came in time; overflow is reported first."""
        with self._guard:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            return Happened(InboxOverflowed(at, dropped))
        try:
            return self._queue.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            return None

    def is_empty(self) -> bool:
        """Whether nothing waits; the message being handled does not count."""
        return self._queue.empty()
