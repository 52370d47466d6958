"""A signal only leaves word; the play ends at its next look, and handlers are put back."""

import os
import signal
from collections.abc import Iterator

import pytest

from kiosk.stage.ending import SIGNALS, Ending, heeded
from kiosk.stage.errors import EndedError


@pytest.fixture(autouse=True)
def handlers_are_put_back() -> Iterator[None]:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_nothing_by_itself_and_ends_the_play_at_its_next_look(
    number: signal.Signals,
) -> None:
    with heeded() as ending:
        ending.check()
        os.kill(os.getpid(), number)
        assert ending.asked == number
        with pytest.raises(EndedError, match=f"ended by {number.name}") as raised:
            ending.check()
    assert raised.value.exit_code == 128 + number


def test_the_first_signal_counts_and_more_of_them_change_nothing() -> None:
    with heeded() as ending:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert ending.asked == signal.SIGTERM


def test_a_closed_terminal_stays_ignored_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeded() as ending:
            os.kill(os.getpid(), signal.SIGHUP)
            ending.check()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nobody_asks_until_somebody_does() -> None:
    ending = Ending()
    ending.check()
    assert ending.asked == 0
