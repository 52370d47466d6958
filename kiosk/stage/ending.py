"""How a play is ended from outside: a signal asks, and the play stops where nothing gets lost.

A handler that raised could do so between the start of a process and the line that remembers it,
or in the middle of stopping one. So it only leaves word, and every wait of the play looks.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from kiosk.stage.errors import EndedError

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Whether somebody asked the play to end.

    Attributes:
        asked: The first signal that came, 0 for none.
    """

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """Leave word; a handler of signals."""
        del frame
        self.asked = self.asked or number

    def check(self) -> None:
        """Raise EndedError when the play is to end."""
        if self.asked:
            raise EndedError(self.asked)


@contextmanager
def heeded() -> Iterator[Ending]:
    """Yield the ending of a play: Ctrl-C, SIGTERM and a closed terminal only ask while it runs.

    Main thread only. A closed terminal stays ignored where it was, as under nohup.
    """
    ending = Ending()
    before = {
        number: signal.signal(number, ending.ask)
        for number in SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
