"""The decode ladder: grey frames in, texts out; it never raises on what a picture shows.

The cheapest reader sees every frame. While it reads nothing that is wanted and something has
lately moved, one extra rung a frame has a try, in turn; a picture that stands still gets each once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from drivers import qr_rungs
from drivers.qr_rungs import Rung, Texts
from drivers.vision import Gray, Image, cv2

MOTION_S: Final = 3.0  # extra rungs run this long after something moved
MOVED_LEVELS: Final = 12  # grey levels; noise of sigma 8 stays below
MOVED_SHARE: Final = 0.005  # an object of 1 % of the picture gives 1.3 %, noise 0.06 %
GATE_SIZE: Final = (80, 60)
GATE_WIDTH: Final = 320  # columns looked at before shrinking; the rest is skipped
REFRESH_S: Final = 1.0  # how old the picture compared with may be, so that slow motion adds up
GRAY_DIMENSIONS: Final = 2
SAMPLE: Final = 16  # stride of the first look at whether two pictures are one


def rungs() -> Mapping[str, bool]:
    """Return every rung by name and whether its library is there; the first runs on every frame."""
    there = {qr_rungs.FIRST.name: True} | {rung.name: True for rung in qr_rungs.EXTRA}
    return {**there, "pyzbar": qr_rungs.HAS_ZBAR}


class MotionGate:
    """Says whether a picture differs from an earlier one by more than noise."""

    def __init__(self) -> None:
        self._before: Image | None = None
        self._before_at = 0.0
        self.moved_at: float | None = None

    def look(self, gray: Gray, at: float) -> None:
        """Take in a picture; `moved_at` becomes `at` when something moved."""
        step = max(1, gray.shape[1] // GATE_WIDTH)
        small = cv2.resize(gray[::step, ::step], GATE_SIZE, interpolation=cv2.INTER_AREA)
        before = self._before
        if before is None or self._differ(small, before):
            self.moved_at = at
        elif at - self._before_at < REFRESH_S:
            return
        self._before, self._before_at = small, at

    @staticmethod
    def _differ(small: Image, before: Image) -> bool:
        moved = int(np.count_nonzero(cv2.absdiff(small, before) > MOVED_LEVELS))
        return moved >= MOVED_SHARE * small.size


class Ladder:
    """Reads frames of one camera, in the order they were taken; one thread only.

    Args:
        first: Sees every frame.
        extra: Tried in turn while there is nothing wanted.
        wanted: Whether a text ends the search in its frame; a poster behind the customer, or a
            packet in the hand, must not.

    Attributes:
        extra: Extra rungs tried so far.
        faults: Pictures that made a library raise.
    """

    def __init__(
        self,
        first: Rung = qr_rungs.FIRST,
        extra: Sequence[Rung] = qr_rungs.EXTRA,
        wanted: Callable[[str], bool] = bool,
    ) -> None:
        self._wanted = wanted
        self._first = first
        self._extra = tuple(extra)
        self._gate = MotionGate()
        self._next = 0
        self._tries_left = 0
        self._unread: Gray | None = None
        self.extra = 0
        self.faults = 0

    def read(self, gray: Gray, at: float) -> Texts:
        """Return the texts of one frame; empty when nothing is read.

        Args:
            gray: uint8 of shape (height, width); kept, so the caller may not write to it again.
            at: Monotonic seconds when the frame was taken.
        """
        if gray.ndim != GRAY_DIMENSIONS or gray.size == 0:
            self.faults += 1
            return ()
        texts: Texts = ()
        if not self._same_as_unread(gray):
            texts = self._try(self._first, gray)
            if any(map(self._wanted, texts)):
                self._unread = None
                return texts
            self._unread = gray
            self._tries_left = len(self._extra)
            self._gate.look(gray, at)
        return tuple(dict.fromkeys(texts + self._read_extra(gray, at)))

    def _same_as_unread(self, gray: Gray) -> bool:
        """Return whether this is the very picture that the first rung could not read."""
        unread = self._unread
        if unread is None or unread.shape != gray.shape:
            return False
        if not np.array_equal(unread[::SAMPLE, ::SAMPLE], gray[::SAMPLE, ::SAMPLE]):
            return False
        return np.array_equal(unread, gray)

    def _read_extra(self, gray: Gray, at: float) -> Texts:
        """Try the next rung, when it is worth its cost; a rung that reads stays the next."""
        moved_at = self._gate.moved_at
        if self._tries_left == 0 or moved_at is None or at - moved_at > MOTION_S:
            return ()
        self._tries_left -= 1
        self.extra += 1
        texts = self._try(self._extra[self._next], gray)
        if any(map(self._wanted, texts)):
            self._unread = None
        else:
            self._next = (self._next + 1) % len(self._extra)
        return texts

    def _try(self, rung: Rung, gray: Gray) -> Texts:
        try:
            return rung.read(gray)
        except qr_rungs.FAULTS:
            self.faults += 1
            return ()
