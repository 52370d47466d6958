"""What still waits to be uploaded, cut into requests, and when to try again.

The outbox is a cursor: entries from there on are due. A request ends at a signed head, so that
the hub can check it whole. Pure but for the reader: chance is passed in.
"""

from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from kiosk.ledger.errors import LedgerCorruptError
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.wire import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_CHECKPOINT_BYTES,
    checkpoint_line,
    event_line,
)

HUB: Final = "hub"
"""Name of the hub among a ledger's peers."""
BASE_S: Final = 1.0
CAP_S: Final = 300.0  # with full jitter a fleet drains 10 minutes of outage at 1.3 x the ideal time
MAX_DOUBLINGS: Final = 16  # 2^16 s is far above the cap; keeps the power finite


@dataclass(frozen=True, slots=True)
class Batch:
    """One request of an upload.

    Attributes:
        start: Index of its first event; the `from` of the request.
        size: Size of the log with it; the peer's cursor once it is acknowledged.
        note: Signed checkpoint of that size.
        body: NDJSON: one line per event, then the checkpoint.
    """

    start: int
    size: int
    note: str
    body: bytes = field(repr=False)


def next_batch(reader: LedgerReader, start: int) -> Batch | None:
    """Return the next request from `start` on: as many whole appends as fit; None when all is sent.

    Raises:
        LedgerCorruptError: An entry, or the checkpoint after it, is not there any more.
    """
    lines = [event_line(entry) for entry in reader.entries(start, MAX_BATCH_EVENTS)]
    if not lines:
        return None
    ends = reader.checkpoints(start, start + len(lines))
    lengths = list(accumulate(map(len, lines)))
    room = MAX_BATCH_BYTES - MAX_CHECKPOINT_BYTES
    fitting = [end for end in ends if lengths[end[0] - start - 1] <= room]
    if not fitting:
        raise LedgerCorruptError(f"entry {start}: no signed head within reach; run ledger verify")
    size, note = fitting[-1]
    return Batch(start, size, note, b"".join(lines[: size - start]) + checkpoint_line(note))


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait after failures in a row; full jitter, so that a fleet does not march.

    Attributes:
        failures: Failures since the last success.
    """

    failures: int = 0

    def failed(self) -> "Backoff":
        """Return the state after one more failure."""
        return Backoff(self.failures + 1)

    def wait_s(self, chance: float, retry_after_s: float | None = None) -> float:
        """Return the seconds to wait.

        Args:
            chance: Uniform in [0, 1).
            retry_after_s: The slot that the hub booked for this kiosk; kept exactly, since the
                hub has spread its slots already. None when it named none.
        """
        if retry_after_s is not None:
            return max(0.0, retry_after_s)
        if self.failures == 0:
            return 0.0
        return chance * min(CAP_S, BASE_S * 2.0 ** min(self.failures - 1, MAX_DOUBLINGS))
