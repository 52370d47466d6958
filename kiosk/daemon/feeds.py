"""Threads that follow the hub: its payment feed by long poll, its documents now and then."""

import logging
from collections.abc import Callable
from typing import Final

from kiosk.core.inputs import PaymentsSeen
from kiosk.daemon.beats import Beats
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.messages import DocumentFetched, Happened
from kiosk.daemon.part import PartThread
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.rulebook import KINDS
from kiosk.remote.errors import RemoteError
from kiosk.remote.hub import HubClient
from kiosk.remote.payments.base import PaymentProvider

log = logging.getLogger(__name__)

POLL_S: Final = 2  # of a long poll; short enough that stopping and the watchdog never wait
AWAY_S: Final = 1.0  # between attempts while the feed is away
DOCUMENTS_S: Final = 30.0


class Follower:
    """A thread that calls `look` again and again; `look` returns how long to pause.

    Args:
        part: Name for the thread and the watchdog.
        look: Raises RemoteError when the peer is away.
    """

    def __init__(self, part: str, look: Callable[[], float], beats: Beats) -> None:
        self._part = part
        self._look = look
        self._thread = PartThread(part, self._run, beats)
        self.away = False

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the call that is under way."""
        self._thread.stop()

    def _run(self) -> None:
        while not self._thread.stopping:
            self._thread.beat()
            try:
                pause_s = self._look()
            except RemoteError as error:
                if not self.away:
                    log.warning("feed is away part=%s why=%s", self._part, error)
                self.away = True
                pause_s = AWAY_S
            else:
                if self.away:
                    log.info("feed is back part=%s", self._part)
                self.away = False
            self._thread.rest(pause_s)


def payment_feed(payments: PaymentProvider, rhythm: Rhythm) -> Callable[[], float]:
    """Return a look at the payment feed, from its beginning."""
    cursor = 0

    def look() -> float:
        """Hand new payments to the owner; return how long to rest."""
        nonlocal cursor
        page = payments.since(cursor, POLL_S)
        if page.payments:
            seen = PaymentsSeen(rhythm.clock.now(), page.payments, page.next)
            if not rhythm.inbox.put_surely(Happened(seen), AWAY_S):
                return AWAY_S
        cursor = page.next
        return 0.0

    return look


def document_feed(
    hub: HubClient, versions: Callable[[str], int], inbox: Inbox
) -> Callable[[], float]:
    """Return a look at the owner's documents; `versions` tells which are held."""

    def look() -> float:
        """Hand newer documents to the owner; return how long to rest."""
        for kind in KINDS:
            envelope = hub.document(kind, versions(kind))
            if envelope is not None:
                inbox.put(DocumentFetched(kind, envelope))
        return DOCUMENTS_S

    return look
