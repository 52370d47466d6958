"""Threads that turn readings into messages: one per device, opening, polling, opening again.

The thread that opens a device closes it. Repeats are dropped here, so that the core sees one
showing and not thirty frames of it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Generic, Protocol, TypeVar

from drivers.base import CodeRead, DeviceLostError, DriverError, TagRead
from kiosk.clock import Clock
from kiosk.core.epc import is_plausible
from kiosk.core.inputs import DeviceFound, DeviceLost, ExitRequested, Read, TagsRead
from kiosk.core.values import Epc
from kiosk.daemon.beats import LIMIT_S
from kiosk.daemon.messages import CodeSeen, FobSeen, Happened, Message
from kiosk.daemon.part import PartThread
from kiosk.daemon.rhythm import Rhythm

log = logging.getLogger(__name__)

POLL_S: Final = 0.05  # how long tags are gathered into one message
REOPEN_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # hardware note C: back-off of a lost device
SAME_CODE_S: Final = 2.0  # a code out of sight for longer is shown anew
REST_S: Final = 15.0  # a shelf tag is read far more often than that

Reading_co = TypeVar("Reading_co", covariant=True)
Reading = TypeVar("Reading")


class Device(Protocol[Reading_co]):
    """What a pump needs of a device."""

    name: str

    def open(self) -> None:
        """Open the device."""

    def poll(self, timeout_s: float) -> Sequence[Reading_co]:
        """Return the readings since the last call."""

    def close(self) -> None:
        """Close the device."""


class Pump(Generic[Reading]):
    """A thread that owns one device.

    Args:
        role: What losing it means to the core: "exit-reader", "entry-reader", "camera", ...
        translate: Readings in, messages out; called on the pump's thread.
    """

    def __init__(
        self,
        device: Device[Reading],
        role: str,
        translate: Callable[[Sequence[Reading]], Sequence[Message]],
        rhythm: Rhythm,
    ) -> None:
        self._device = device
        self._role = role
        self._translate = translate
        self._inbox = rhythm.inbox
        self._clock = rhythm.clock
        self._thread = PartThread(f"pump-{device.name}", self._run, rhythm.beats)
        self._tried = threading.Event()
        self.failures = 0

    def start(self) -> None:
        """Begin; a device that is not there is reported and tried again."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait until the device is closed."""
        self._thread.stop()

    def wait_tried(self, timeout_s: float) -> bool:
        """Wait until the device was opened, or found missing, once; False when it took longer."""
        return self._tried.wait(timeout_s)

    def _run(self) -> None:
        while not self._thread.stopping:
            try:
                with _faults_as_loss(self._device.name):
                    self._serve()
            except DriverError as error:
                self._lost(error)
            finally:
                self._device.close()
            self._thread.rest(REOPEN_S[min(max(self.failures - 1, 0), len(REOPEN_S) - 1)])

    def _serve(self) -> None:
        """Open the device and hand on its readings until stopped."""
        self._device.open()
        self._found()
        while not self._thread.stopping:
            self._thread.beat()
            readings = self._device.poll(POLL_S)
            for message in self._translate(readings) if readings else ():
                self._inbox.put(message)

    def _found(self) -> None:
        if self.failures:
            log.info("device is back device=%s", self._device.name)
        self.failures = 0
        found = DeviceFound(self._clock.now(), self._device.name, self._role)
        self._inbox.put_surely(Happened(found), timeout_s=LIMIT_S)
        self._tried.set()

    def _lost(self, error: DriverError) -> None:
        if not self.failures:
            log.warning("device lost device=%s why=%s", self._device.name, error)
            gone = DeviceLost(self._clock.now(), self._device.name, self._role, str(error))
            self._inbox.put_surely(Happened(gone), timeout_s=LIMIT_S)
        self.failures += 1
        self._tried.set()


@contextmanager
def _faults_as_loss(device: str) -> Iterator[None]:
    """Turn a fault in a driver's code into the loss of its device: opened anew, and reported."""
    try:
        yield
    except DriverError:
        raise
    except Exception as error:
        # Its message may hold what was shown to the device.
        raise DeviceLostError(device, f"its driver failed ({type(error).__name__})") from error


class Showings:
    """Drops repeats: a text in view without a gap of `SAME_CODE_S` is one showing.

    Args:
        now: Seconds of the kiosk's own clock, which a play may move.
        gap_s: How long it must have been out of sight to be shown anew.
    """

    def __init__(self, now: Callable[[], float], gap_s: float = SAME_CODE_S) -> None:
        self._now = now
        self._gap_s = gap_s
        self._seen: dict[str, float] = {}

    def fresh(self, text: str) -> bool:
        """Return whether this text begins a new showing; any read of it keeps the showing."""
        now = self._now()
        self._seen = {old: at for old, at in self._seen.items() if now - at < self._gap_s}
        new = text not in self._seen
        self._seen[text] = now
        return new


def _seconds(clock: Clock) -> Callable[[], float]:
    return lambda: clock.now().mono_ms / 1000


def codes(side: str, clock: Clock) -> Callable[[Sequence[CodeRead]], Sequence[Message]]:
    """Return the translation of a camera's texts."""
    showings = Showings(_seconds(clock))

    def translate(reads: Sequence[CodeRead]) -> Sequence[Message]:
        """Return the codes that are newly shown."""
        at = clock.now()
        return [CodeSeen(read.text, side, at) for read in reads if showings.fresh(read.text)]

    return translate


def fobs(side: str, clock: Clock) -> Callable[[Sequence[TagRead]], Sequence[Message]]:
    """Return the translation of a fob reader's ids."""
    showings = Showings(_seconds(clock))

    def translate(reads: Sequence[TagRead]) -> Sequence[Message]:
        """Return the fobs that are newly held there."""
        at = clock.now()
        seen = [read.epc.hex().upper() for read in reads]
        return [FobSeen(fob, side, at) for fob in seen if showings.fresh(fob)]

    return translate


def tags(clock: Clock) -> Callable[[Sequence[TagRead]], Sequence[Message]]:
    """Return the translation of an exit reader's tags; what cannot be an item is dropped."""

    def translate(reads: Sequence[TagRead]) -> Sequence[Message]:
        """Return the items among the tags, if any."""
        items = tuple(
            Read(Epc(read.epc.hex().upper()), read.rssi_dbm)
            for read in reads
            if is_plausible(read.epc)
        )
        return [Happened(TagsRead(clock.now(), items))] if items else []

    return translate


def exit_zone(clock: Clock) -> Callable[[Sequence[TagRead]], Sequence[Message]]:
    """Return the translation of a reader whose zone is the exit trigger.

    A tag that was not in the field begins an exit; one that rests there does not.
    """
    translate = tags(clock)
    resting = Showings(_seconds(clock), REST_S)

    def begin(reads: Sequence[TagRead]) -> Sequence[Message]:
        """Ask for an exit before the tags that came newly into the field."""
        messages = translate(reads)
        came = [read for read in reads if is_plausible(read.epc) and resting.fresh(read.epc.hex())]
        if not came:
            return messages
        return [Happened(ExitRequested(clock.now(), "reader")), *messages]

    return begin
