"""The thread that brings the log to the hub, batch by batch, and never holds anything else up.

It reads the ledger by a connection of its own; what the hub acknowledged goes back to the owner
as a message, because only the owner writes.
"""

import logging
import random
import threading
import time
from pathlib import Path
from typing import Final

from kiosk.daemon.messages import Uploaded
from kiosk.daemon.part import PartThread
from kiosk.daemon.rhythm import Rhythm
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.outbox import Backoff, next_batch
from kiosk.ledger.reader import LedgerReader
from kiosk.remote.errors import RemoteError
from kiosk.remote.hub import (
    Accepted,
    Forked,
    Gap,
    HubClient,
    Rejected,
    RetryLater,
)

log = logging.getLogger(__name__)

PART: Final = "uploader"
STEP_S: Final = 0.1
LAST_S: Final = 3.0  # the last batch of a stop; systemd waits 10 s for all of it
STUCK_S: Final = 300.0  # a fork or a refused batch needs a person; look again now and then


class Uploader:
    """Uploads whenever there is something new, lingering as the hub asks.

    Args:
        path: The ledger's database.
        origin: Name of the log.
        linger_s: How long plain events may wait for company; the hub may change it.
    """

    def __init__(
        self,
        *,
        path: Path,
        origin: str,
        hub: HubClient,
        rhythm: Rhythm,
        linger_s: float,
    ) -> None:
        self._path = path
        self._origin = origin
        self._hub = hub
        self._inbox = rhythm.inbox
        self._linger_s = linger_s
        self._acked = 0
        self._backoff = Backoff()
        self._wake = threading.Event()
        self._caught_up = threading.Event()
        self._thread = PartThread(PART, self._run, rhythm.beats)
        self.trouble = ""

    def start(self, acked: int) -> None:
        """Begin after the entries that the hub already holds."""
        self._acked = acked
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request under way, and one with what is left, if the hub is there."""
        self._thread.ask_to_stop()
        self._wake.set()
        self._thread.stop()
        self._hub.close()

    def flush(self) -> None:
        """Upload now instead of lingering."""
        self._caught_up.clear()
        self._wake.set()

    @property
    def acked(self) -> int:
        """How many entries the hub holds, as far as is known here."""
        return self._acked

    @property
    def idle(self) -> bool:
        """Whether everything is uploaded, or the hub is away and the next attempt is waited for."""
        return self._caught_up.is_set() or (bool(self.trouble) and not self._wake.is_set())

    def _run(self) -> None:
        with LedgerReader(self._path) as reader:
            while not self._thread.stopping:
                self._wake.clear()
                self._wait(self._round(reader))
            self._send_last(reader)

    def _round(self, reader: LedgerReader) -> float:
        """Send what there is; return how long to wait before the next look."""
        try:
            if not self._send_next(reader):
                self._caught_up.set()
                return self._linger_s
        except (RemoteError, LedgerError) as error:
            return self._failed(str(error))
        return 0.0 if not self.trouble else STUCK_S

    def _send_last(self, reader: LedgerReader) -> None:
        """Let a hub that was there know how the log ends; the next start sends what it missed."""
        if not self.trouble:
            try:
                self._send_next(reader, LAST_S)
            except (RemoteError, LedgerError) as error:
                self._failed(str(error))

    def _send_next(self, reader: LedgerReader, deadline_s: float | None = None) -> bool:
        """Send one batch; False when there is nothing to send."""
        size = reader.size()
        if self._acked > size:
            # An older card image was put back: the hub knows more than we do (ledger note 9).
            self._in_trouble(f"the hub holds {self._acked} entries, this log only {size}")
        if self._acked >= size:
            return False
        self._caught_up.clear()
        batch = next_batch(reader, self._acked)
        if batch is not None:
            self._heard(self._hub.upload(self._origin, batch.start, batch.body, deadline_s))
        return True

    def _heard(self, reply: Accepted | Gap | Forked | Rejected | RetryLater) -> None:
        match reply:
            case Accepted(size=size, next_after_s=next_after_s):
                self._linger_s = min(self._linger_s, float(next_after_s)) or self._linger_s
                self._moved(size)
            case Gap(size=size):
                self._moved(size)
            case Forked(detail=detail):
                self._in_trouble(f"the hub holds another history of this log: {detail}")
            case Rejected(reason=reason):
                self._in_trouble(f"the hub refused the log: {reason}")
            case RetryLater(after_s=after_s):
                self._wait(float(after_s))

    def _moved(self, size: int) -> None:
        if self._backoff.failures or self.trouble:
            log.info("upload is back size=%d", size)
        self._backoff = Backoff()
        self.trouble = ""
        self._acked = size
        self._inbox.put(Uploaded(size))

    def _failed(self, why: str) -> float:
        if not self._backoff.failures:
            log.warning("upload failed why=%s", why)
        self.trouble = why
        self._backoff = self._backoff.failed()
        return self._backoff.wait_s(random.random())  # noqa: S311 - jitter, not a secret

    def _in_trouble(self, why: str) -> None:
        if self.trouble != why:
            log.error("upload stopped why=%s", why)
        self.trouble = why

    def _wait(self, wait_s: float) -> None:
        ends = time.monotonic() + wait_s
        while not self._thread.stopping and time.monotonic() < ends:
            self._thread.beat()
            if self._wake.wait(STEP_S):
                return
