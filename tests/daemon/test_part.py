"""The thread of a part: it beats while it rests, ends on request, and is not missed after that."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kiosk.daemon.beats import Beats
from kiosk.daemon.part import PartThread
from tests.patience import patient_s

LIMIT_S = 5.0
FOREVER_S = 3600.0


@contextmanager
def part(run: Callable[[PartThread], object], beats: Beats) -> Iterator[PartThread]:
    """Yield a part that was started; it has ended afterwards."""
    thread = PartThread("camera", lambda: run(thread), beats)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()


def test_a_long_rest_beats_on_and_ends_when_it_is_asked_to() -> None:
    beats = Beats(limit_s=LIMIT_S)
    began, rests = threading.Event(), list[bool]()

    def run(thread: PartThread) -> None:
        """Rest for an hour."""
        began.set()
        rests.append(thread.rest(FOREVER_S, step_s=0.001))

    before = time.monotonic()
    with part(run, beats) as thread:
        assert began.wait(patient_s(LIMIT_S))
        assert beats.silent() == ()
        assert not thread.stopping
    assert rests == [True]
    assert time.monotonic() - before < patient_s(LIMIT_S)


def test_a_rest_that_is_over_goes_on() -> None:
    rested = threading.Event()

    def run(thread: PartThread) -> None:
        """Rest for a moment."""
        if not thread.rest(0.001):
            rested.set()

    with part(run, Beats()):
        assert rested.wait(patient_s(LIMIT_S))


def test_a_part_is_expected_to_beat_from_its_start_until_it_was_stopped() -> None:
    now = [0.0]
    beats = Beats(lambda: now[0], limit_s=LIMIT_S)
    hang = threading.Event()
    with part(lambda _: hang.wait(), beats):
        now[0] = LIMIT_S + 1
        assert beats.silent() == ("camera",)
        hang.set()
    assert beats.silent() == ()


def test_a_part_that_never_began_can_be_stopped() -> None:
    thread = PartThread("camera", lambda: None, Beats())
    thread.stop()
    assert thread.stopping
