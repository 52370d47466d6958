"""Listening to a reader for a while: what each tag was heard as, for scan, survey and learn."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from drivers.base import RfidReader, TagRead

POLL_S: Final = 0.2
MARGIN_DB: Final = 6  # a resting tag is heard a few dB louder when somebody's bag moves it


@dataclass(frozen=True, slots=True)
class Heard:
    """One tag as a reader heard it.

    Attributes:
        epc: Upper-case hex.
        reads: How often.
        reads_per_s: How often a second.
        rssi_min, rssi_max: In dBm; None when the reader tells none.
    """

    epc: str
    reads: int
    reads_per_s: float
    rssi_min: int | None
    rssi_max: int | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What a field was like.

    Attributes:
        seconds: How long it was listened to.
        tags: In the order of their first read.
        reads_per_s: All reads together.
        advised_floor_dbm: A floor that leaves out everything that rests in the field; None when
            the field is quiet or the reader tells no strength.
    """

    seconds: float
    tags: tuple[Heard, ...]
    reads_per_s: float
    advised_floor_dbm: int | None


def listen(
    reader: RfidReader, seconds: float, tell: Callable[[TagRead], None] | None = None
) -> Survey:
    """Return what the reader hears in `seconds`; it is opened and closed here.

    Args:
        tell: Called with the first read of each tag.

    Raises:
        DriverError: The reader is not there, or went away.
    """
    heard: dict[str, _Tally] = {}
    try:
        reader.open()
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            for read in reader.poll(min(POLL_S, seconds - passed)):
                name = read.epc.hex().upper()
                if tell is not None and name not in heard:
                    tell(read)
                heard.setdefault(name, _Tally()).add(read.rssi_dbm)
    finally:
        reader.close()
    tags = tuple(
        Heard(epc, tally.reads, round(tally.reads / seconds, 1), tally.weakest, tally.strongest)
        for epc, tally in heard.items()
    )
    rate = round(sum(tag.reads for tag in tags) / seconds, 1)
    return Survey(seconds, tags, rate, _floor(tags))


class _Tally:
    """One tag's reads so far; a survey may last a day."""

    def __init__(self) -> None:
        self.reads = 0
        self.weakest: int | None = None
        self.strongest: int | None = None

    def add(self, rssi_dbm: int | None) -> None:
        """Take one read."""
        self.reads += 1
        if rssi_dbm is None:
            return
        self.weakest = rssi_dbm if self.weakest is None else min(self.weakest, rssi_dbm)
        self.strongest = rssi_dbm if self.strongest is None else max(self.strongest, rssi_dbm)


def _floor(tags: tuple[Heard, ...]) -> int | None:
    strongest = [tag.rssi_max for tag in tags if tag.rssi_max is not None]
    return min(max(strongest) + MARGIN_DB, 0) if strongest else None
