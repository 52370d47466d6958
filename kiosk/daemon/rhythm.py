"""What every thread of the daemon shares: the inbox, the clock, the signs of life."""

from dataclasses import dataclass

from kiosk.clock import Clock
from kiosk.daemon.beats import Beats
from kiosk.daemon.inbox import Inbox


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The three things that a thread needs to take part."""

    inbox: Inbox
    clock: Clock
    beats: Beats
