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
        rssi_min, rssi_max: In dBm; None when the reader tells none.
    """

    epc: str
    reads: int
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
    heard: dict[str, Heard] = {}
    try:
        reader.open()
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            for read in reader.poll(min(POLL_S, seconds - passed)):
                name = read.epc.hex().upper()
                if tell is not None and name not in heard:
                    tell(read)
                heard[name] = _and(heard.get(name), name, read.rssi_dbm)
    finally:
        reader.close()
    tags = tuple(heard.values())
    rate = round(sum(tag.reads for tag in tags) / seconds, 1)
    return Survey(seconds, tags, rate, _floor(tags))


def _and(before: Heard | None, name: str, rssi_dbm: int | None) -> Heard:
    if before is None:
        return Heard(name, 1, rssi_dbm, rssi_dbm)
    known = [each for each in (before.rssi_min, before.rssi_max, rssi_dbm) if each is not None]
    return Heard(name, before.reads + 1, min(known, default=None), max(known, default=None))


def _floor(tags: tuple[Heard, ...]) -> int | None:
    strongest = [tag.rssi_max for tag in tags if tag.rssi_max is not None]
    return max(strongest) + MARGIN_DB if strongest else None
