"""The thread that goes over the whole log again and again, slowly, by a connection of its own.

Bits rot and hands meddle; the start check sees only the newest entries. A finding is a device
fault like any other: in the status, in the log, and in the ledger for the owner's page.
"""

import logging
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.core.inputs import DeviceFound, DeviceLost
from kiosk.daemon.messages import Happened
from kiosk.daemon.part import PartThread
from kiosk.daemon.rhythm import Rhythm
from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.reader import LedgerReader

log = logging.getLogger(__name__)

PART: Final = "scrubber"
ROLE: Final = "ledger"
NICE: Final = 15  # whatever else wants the processor comes first
TELL_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard the scrubber works, in seconds.

    Attributes:
        first_s: After the start, before the first pass: a start is busy enough.
        every_s: Between passes (reference/ledger section 3: hourly).
        rest_s: Between slices of 256 entries, each a few milliseconds.
        beat_s: Between signs of life while it waits.
    """

    first_s: float = 60.0
    every_s: float = 3600.0
    rest_s: float = 0.1
    beat_s: float = 1.0


class Scrubber:
    """Verifies the log in the background until it is stopped.

    Args:
        path: The ledger's database.
        key: Whose signature its heads must bear.
    """

    def __init__(self, path: Path, key: LogKey, rhythm: Rhythm, pace: Pace | None = None) -> None:
        self._path = path
        self._key = key
        self._rhythm = rhythm
        self._pace = pace or Pace()
        self._thread = PartThread(PART, self._run, rhythm.beats)
        self.passes = 0
        self.finding = ""

    def start(self) -> None:
        """Begin with a pause."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the slice that is under way."""
        self._thread.stop()

    def _run(self) -> None:
        with suppress(OSError):  # forbidden in the unit's sandbox; then it only rests
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        self._rest(self._pace.first_s)
        while not self._thread.stopping:
            finding = self._pass()
            if finding is not None:
                self._say(finding)
            self._rest(self._pace.every_s)

    def _pass(self) -> str | None:
        """Return what one pass found, "" for nothing, None when it was stopped before its end."""
        try:
            with LedgerReader(self._path) as reader:
                scrub = reader.scrub(self._key)
                while not scrub.done:
                    finding = scrub.step()
                    if finding is not None:
                        return str(finding)
                    if self._rest(self._pace.rest_s):
                        return None
        except LedgerError as error:
            return str(error)
        self.passes += 1
        return ""

    def _say(self, finding: str) -> None:
        """Report what is new: once when it is found, once when it is mended."""
        before, self.finding = self.finding, finding
        now = self._rhythm.clock.now()
        if finding and finding != before:
            log.error("ledger damaged finding=%s", finding)
            lost = DeviceLost(now, PART, ROLE, finding)
            self._rhythm.inbox.put_surely(Happened(lost), TELL_S)
        elif before and not finding:
            log.info("ledger is whole again")
            self._rhythm.inbox.put_surely(Happened(DeviceFound(now, PART, ROLE)), TELL_S)

    def _rest(self, rest_s: float) -> bool:
        """Wait, giving signs of life; return whether it was stopped meanwhile."""
        return self._thread.rest(rest_s, self._pace.beat_s)
