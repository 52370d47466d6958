"""The radio field of a simulated reader: which tags are there, how strong, and what goes wrong.

Orders: `enter` (epcs, rssi_dbm), `leave` (epcs or "all"), `drift` (dbm_per_s), `silence`,
`resume`; faults for the next `frames` frames: `noise` (bytes), `split`, `bad_checksum`,
`bad_crc`, `shifted` (an EPC moved by one byte under its old CRC), `zeros` (an EPC of zeros).
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from drivers.sim.orders import Order, amount, count, epcs, verb

FAULTS: Final = ("noise", "split", "bad_checksum", "bad_crc", "shifted", "zeros")
VERBS: Final = ("enter", "leave", "drift", "silence", "resume", *FAULTS)
WEAKEST_DBM: Final = -90
STRONGEST_DBM: Final = -20
SPREAD_DB: Final = 2  # repeated reads of one resting tag differ by a few dB


@dataclass(frozen=True, slots=True)
class Present:
    """A tag that is there.

    Attributes:
        rssi_dbm: Strength when it came.
        since: Monotonic seconds of that moment; drift counts from there.
    """

    rssi_dbm: float
    since: float


class Field:
    """Tags and faults; the script writes, the simulated reader looks. Any thread may call."""

    def __init__(
        self, sizes: range, seed: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sizes = sizes
        self._clock = clock
        self._guard = Lock()
        self._tags: dict[bytes, Present] = {}
        self._faults = dict.fromkeys(FAULTS, 0)
        self._noise_bytes = 0
        self._drift = 0.0
        self._silent = False
        self._random = random.Random(seed)  # noqa: S311 - noise, not a secret

    @property
    def silent(self) -> bool:
        """Whether the reader neither hears nor speaks."""
        return self._silent

    def obey(self, order: Order) -> Mapping[str, object]:
        """Carry out one order; see the module.

        Raises:
            ValueError: Unknown order or argument; nothing was changed.
        """
        do = verb(order, VERBS)
        with self._guard:
            if do == "enter":
                self._enter(order)
            elif do == "leave":
                self._leave(order)
            elif do == "drift":
                self._drift = amount(order, "dbm_per_s", 0, -100, 100)
            elif do in ("silence", "resume"):
                self._silent = do == "silence"
            else:
                self._fault(do, order)
            return {"present": len(self._tags)}

    def tags(self) -> list[tuple[bytes, int]]:
        """Return the tags that answer this round, with their strength in dBm."""
        now = self._clock()
        with self._guard:
            return [(epc, self._strength(tag, now)) for epc, tag in self._tags.items()]

    def take(self, fault: str) -> bool:
        """Return whether the next frame has this fault, counting it down."""
        with self._guard:
            if not self._faults[fault]:
                return False
            self._faults[fault] -= 1
            return True

    def noise(self) -> bytes:
        """Return bytes that no module sent."""
        with self._guard:
            return self._random.randbytes(self._noise_bytes)

    def _enter(self, order: Order) -> None:
        tags = epcs(order, self._sizes)
        rssi = amount(order, "rssi_dbm", -55, WEAKEST_DBM, STRONGEST_DBM)
        self._tags.update(dict.fromkeys(tags, Present(rssi, self._clock())))

    def _leave(self, order: Order) -> None:
        if order.get("epcs", "all") == "all":
            self._tags.clear()
            return
        for epc in epcs(order, self._sizes):
            self._tags.pop(epc, None)

    def _fault(self, fault: str, order: Order) -> None:
        frames = count(order, "frames", 1, 100_000)
        if fault == "noise":
            self._noise_bytes = count(order, "bytes", 8, 1000)
        self._faults[fault] = frames

    def _strength(self, tag: Present, now: float) -> int:
        drifted = tag.rssi_dbm + self._drift * (now - tag.since)
        jitter = self._random.uniform(-SPREAD_DB, SPREAD_DB)
        return round(min(max(drifted + jitter, WEAKEST_DBM), STRONGEST_DBM))
