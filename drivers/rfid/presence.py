"""Which tags are there, from reads that repeat: who came and who left. Pure; time comes in."""

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.base import TagRead


@dataclass(frozen=True, slots=True)
class Arrived:
    """A tag was read `min_reads` times."""

    read: TagRead


@dataclass(frozen=True, slots=True)
class Left:
    """A tag that was there has not been read for `hold_s`."""

    epc: bytes
    at: float


class Presence:
    """Tells arrivals and departures; EM4100 readers repeat every 65 ms and hold for 300 ms."""

    def __init__(self, hold_s: float = 0.3, min_reads: int = 1) -> None:
        self._hold_s = hold_s
        self._min_reads = min_reads
        self._seen: dict[bytes, tuple[int, float]] = {}

    @property
    def present(self) -> frozenset[bytes]:
        """The tags that are there."""
        return frozenset(epc for epc, (n, _) in self._seen.items() if n >= self._min_reads)

    def update(self, reads: Iterable[TagRead], now: float) -> list[Arrived | Left]:
        """Return what changed, arrivals first."""
        changes: list[Arrived | Left] = []
        for read in reads:
            count = self._seen.get(read.epc, (0, 0.0))[0] + 1
            self._seen[read.epc] = (count, read.at)
            if count == self._min_reads:
                changes.append(Arrived(read))
        gone = [epc for epc, (_, at) in self._seen.items() if now - at >= self._hold_s]
        for epc in gone:
            count, at = self._seen.pop(epc)
            if count >= self._min_reads:
                changes.append(Left(epc, at))
        return changes
