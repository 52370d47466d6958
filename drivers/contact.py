"""A debounced contact on one GPIO line: door, beam, button, tamper loop.

gpiozero's callbacks only enqueue; a thread of the contact's own debounces and polls the level
every second, because edges get lost. Options: `pin`, `active_high` (the level that means active;
default false, a button to ground), `pull` ("up", "down", "none"), `debounce_s`.
"""

import time
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Thread
from typing import Final

from drivers.base import (
    ContactChange,
    DeviceLostError,
    DeviceUnavailableError,
    DriverError,
    Health,
)
from drivers.debounce import Debouncer
from drivers.gpio import LAST_PIN, PULLS, Input, Pins
from drivers.options import Options, choice, fact, number, whole

DEBOUNCE_S: Final = 0.03  # reeds and micro switches bounce for 1 to 10 ms
POLL_S: Final = 1.0
EDGES: Final = 1024  # a line that chatters faster than we look; the poll tells the truth after


class GpioContact:
    """Tells stable changes; see `drivers.base.Contact`."""

    def __init__(
        self, name: str, options: Options, pins: Pins, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._pin = whole(name, options, "pin", 0, LAST_PIN)
        self._active_high = fact(name, options, "active_high", default=False)
        self._pull = choice(name, options, "pull", tuple(PULLS)) or "up"
        self._stable_s = number(name, options, "debounce_s", DEBOUNCE_S, 5)
        self._pins = pins
        self._clock = clock
        self._line: Input | None = None
        self._thread: Thread | None = None
        self._edges: Queue[tuple[float, bool] | None] = Queue(EDGES)
        self._debouncer = Debouncer(self._stable_s, level=not self._active_high)
        self._fault = ""
        self._last_seen: float | None = None
        self._counts = {"opens": 0, "changes": 0, "lost_edges": 0, "healed": 0, "glitches": 0}

    def open(self, put: Callable[[ContactChange], None]) -> None:
        """Claim the pin and read its level; `put` is called from the contact's thread.

        Raises:
            DeviceUnavailableError: The pin is held by something else.
            DeviceConfigError: The pin cannot be this input.
        """
        self.close()
        self._counts["glitches"] += self._debouncer.glitches
        self._edges = Queue(EDGES)
        line = Input(self.name, self._pin, self._pins, self._pull)
        try:
            level = line.level()
            line.watch(self._edge)
        except DriverError as error:
            line.close()
            raise DeviceUnavailableError(self.name, f"pin {self._pin} gives no level") from error
        self._debouncer = Debouncer(self._stable_s, level=level)
        self._line = line
        self._fault = ""
        self._counts["opens"] += 1
        self._thread = Thread(
            target=self._run, args=(line, put), name=f"contact {self.name}", daemon=True
        )
        self._thread.start()

    def is_active(self) -> bool:
        """The stable level, in the contact's own meaning."""
        return self._debouncer.level == self._active_high

    def close(self) -> None:
        """Release the pin; may be called twice and raises nothing."""
        line, self._line = self._line, None
        thread, self._thread = self._thread, None
        if line is not None:
            line.close()
        if thread is not None:
            if thread.is_alive():  # a dead one empties no queue: putting could wait for ever
                self._edges.put(None)
            thread.join()

    def health(self) -> Health:
        """State and counters: changes, glitches, healed (edges the poll found), lost_edges."""
        counts = dict(self._counts)
        counts["glitches"] += self._debouncer.glitches
        if self._line is None:
            return Health(False, "closed", self._last_seen, counts)
        if self._fault or self._thread is None or not self._thread.is_alive():
            why = self._fault or "the contact's thread ended"
            return Health(False, why, self._last_seen, counts)
        return Health(True, "active" if self.is_active() else "at rest", self._last_seen, counts)

    def _edge(self, _ticks: object, level: object) -> None:
        """Enqueue one edge; runs in gpiozero's thread."""
        try:
            self._edges.put_nowait((self._clock(), bool(level)))
        except Full:
            self._counts["lost_edges"] += 1

    def _run(self, line: Input, put: Callable[[ContactChange], None]) -> None:
        """Debounce edges and poll the level, until None is in the queue."""
        debouncer = self._debouncer
        poll_at = self._clock() + POLL_S
        while True:
            wake_at = poll_at if debouncer.due is None else min(poll_at, debouncer.due)
            try:
                edge = self._edges.get(timeout=max(0.0, wake_at - self._clock()))
            except Empty:
                now = self._clock()
                began = debouncer.settle(now)
                self._tell(began, put)
                if now >= poll_at:
                    poll_at = now + POLL_S
                    self._tell(self._poll(line, now), put)
                continue
            if edge is None:
                return
            at, level = edge
            self._tell(debouncer.edge(at, level=level), put)

    def _poll(self, line: Input, now: float) -> float | None:
        """Look at the level itself; return as `Debouncer.sample` does."""
        try:
            level = line.level()
        except DeviceLostError:
            self._fault = "the pin cannot be read"
            return None
        self._fault = ""
        self._last_seen = now
        if self._debouncer.due is None and level != self._debouncer.level:
            self._counts["healed"] += 1
        return self._debouncer.sample(now, level=level)

    def _tell(self, began: float | None, put: Callable[[ContactChange], None]) -> None:
        if began is not None:
            self._counts["changes"] += 1
            self._last_seen = self._clock()
            put(ContactChange(self.name, self.is_active(), began))
