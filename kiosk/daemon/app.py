"""The daemon put together: what is opened in which order, and closed in reverse.

The state directory is locked first, so that a second daemon touches no pin. The lock comes up at
its safe level, the open visits are recovered, and only then does the gate listen. The calling
thread becomes the owner thread.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, Protocol

import uuid_utils

from drivers.base import Lock
from kiosk.clock import Clock, boot_id
from kiosk.core.commands import Record, Show
from kiosk.core.events import EventRecord
from kiosk.core.reasons import Reason
from kiosk.core.signing import VerifyKey, b64decode
from kiosk.core.values import CoreError, VisitId
from kiosk.daemon.beats import Beats
from kiosk.daemon.claim import claim
from kiosk.daemon.control import SOCKET, ControlSocket
from kiosk.daemon.devices import Devices, build
from kiosk.daemon.effects import Effects
from kiosk.daemon.ending import Ending
from kiosk.daemon.errors import NoRulesError
from kiosk.daemon.feeds import Follower, document_feed, payment_feed
from kiosk.daemon.health import Health
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.loop import Owner
from kiosk.daemon.memory import give_back, lean_heap
from kiosk.daemon.peers import Peers
from kiosk.daemon.questions import Desk
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.rulebook import Rulebook, reload
from kiosk.daemon.scrubber import Scrubber
from kiosk.daemon.services import Services, connect
from kiosk.daemon.uploader import Uploader
from kiosk.ledger.keys import load as load_keys
from kiosk.ledger.outbox import HUB
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.ledger.store import Ledger
from kiosk.remote.errors import RemoteError
from kiosk.remote.hub import HubClient
from kiosk.settings import Settings

log = logging.getLogger(__name__)

DOCUMENTS_S: Final = 5.0  # how long a first start waits for the hub; systemd then starts it anew
RETRY_S: Final = 0.5
TRIED_S: Final = 3.0  # how long a start waits for a device that takes its time to be missing


def run(settings: Settings) -> None:
    """Serve the gate until SIGTERM, SIGINT or SIGHUP; call it on the main thread.

    Raises:
        AlreadyRunningError: The state directory is served by another daemon.
        NoRulesError: No documents are held and the hub cannot be reached.
        LedgerError: The ledger cannot be opened, or recovery not recorded.
        DriverError: A device that must be there is not.
        ThreadDiedError: A fault of our own ended it.
    """
    with ExitStack() as stack:
        claim(settings.kiosk.state_dir, stack)
        lean_heap()
        clock = Clock(settings.clock_offset_file, settings.clock_trust)
        stack.callback(clock.close)
        rhythm = Rhythm(Inbox(), clock, Beats())
        ending = Ending(rhythm.inbox)
        stack.callback(ending.stop)
        ending.start()
        try:
            _Daemon(settings, rhythm, stack).serve()
        finally:
            # Before anything is waited for: the lock may be open at this moment.
            ending.now()
        ending.check()


class Part(Protocol):
    """A part of the daemon with threads of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, and wait for it."""


@dataclass(frozen=True, slots=True)
class _Door:
    """The door as staff may move it, without waiting for the owner thread."""

    _lock: Lock
    _owner: Owner

    def lock(self) -> None:
        """Lock it now."""
        self._lock.lock()

    def unlock(self) -> None:
        """Unlock it for as long as the policy says."""
        self._lock.unlock(self._owner.rules.policy.timing.unlock_s)


class _Daemon:
    """One run of the daemon; everything it opens is closed by the stack, in reverse."""

    def __init__(self, settings: Settings, rhythm: Rhythm, stack: ExitStack) -> None:
        self._settings = settings
        self._rhythm = rhythm
        self._stack = stack
        self._owner: Owner | None = None
        self._following: Sequence[Follower] = ()

    def serve(self) -> None:
        """Open everything, recover, listen, and stop in order."""
        ledger = self._ledger()
        devices = build(self._settings)
        devices.open(self._stack, self._rhythm)
        services = connect(self._settings, self._keys)
        book = self._documents(ledger, services.documents)
        uploader = self._uploader(services)
        peers = self._peers(services)
        self._scrubber = Scrubber(ledger.path, ledger.key, self._rhythm)
        effects = Effects(
            ledger=ledger,
            lock=devices.lock,
            face=devices.face,
            peers=peers,
            uploader=uploader,
            clock=self._rhythm.clock,
        )
        self._owner = Owner(
            book=book,
            ledger=ledger,
            effects=effects,
            rhythm=self._rhythm,
            new_visit=_new_visit,
            answer=self._desk(devices, peers, uploader).answer,
        )
        self._begin(self._owner, effects, devices, services, uploader)
        self._owner.run()
        effects.carry_out([_record("device.stopped"), Show("entry", Reason.IDLE)])

    def _peers(self, services: Services) -> Peers:
        peers = Peers(
            kiosk=self._settings.origin,
            providers=services.providers,
            payments=services.settling,
            counter=services.counter,
            rhythm=self._rhythm,
        )
        self._stack.callback(peers.stop)
        return peers

    def _desk(self, devices: Devices, peers: Peers, uploader: Uploader) -> Desk:
        inbox, clock = self._rhythm.inbox, self._rhythm.clock
        name = self._settings.kiosk.name
        return Desk(
            name=name,
            lock=devices.lock,
            health=devices.health,
            peers=peers,
            uploader=uploader,
            is_hub_away=lambda: any(each.away for each in self._following),
            scrubber=self._scrubber,
            inbox=inbox,
            clock=clock,
        )

    def _begin(
        self,
        owner: Owner,
        effects: Effects,
        devices: Devices,
        services: Services,
        uploader: Uploader,
    ) -> None:
        """Recover first; then let the world in, part by part."""
        rhythm, kiosk = self._rhythm, self._settings.kiosk
        effects.carry_out([_record("device.started")])
        owner.recover(door_open=devices.door_open)
        effects.carry_out([Show("entry", Reason.IDLE)])
        self._stack.callback(uploader.stop)
        uploader.start(owner.ledger.cursor(HUB))
        self._following = self._followers(services, owner)
        for follower in self._following:
            self._start(follower)
        self._start(self._scrubber)
        self._start(devices.watch(rhythm))
        pumps = list(devices.pumps(rhythm))
        for pump in pumps:
            self._start(pump)
        door = _Door(devices.lock, owner)
        self._start(ControlSocket(kiosk.state_dir / SOCKET, rhythm, door))
        for pump in pumps:
            pump.wait_tried(TRIED_S)
        give_back()
        health = Health(rhythm.beats)
        self._stack.callback(health.stop)
        health.ready(f"serving {kiosk.name}")
        log.info("ready kiosk=%s log=%s", kiosk.name, owner.ledger.size)

    def _start(self, part: Part) -> None:
        self._stack.callback(part.stop)
        part.start()

    def _ledger(self) -> Ledger:
        state_dir = self._settings.kiosk.state_dir
        keys = load_keys(state_dir)
        ledger = Ledger.open(
            state_dir / LEDGER_FILE, self._settings.origin, keys.log, keys.wrap, boot_id()
        )
        self._stack.callback(ledger.close)
        return ledger

    def _documents(self, ledger: Ledger, hub: HubClient) -> Rulebook:
        settings = self._settings
        owner = b64decode(settings.owner_key)
        book = reload(Rulebook(settings.kiosk.name, settings.audiences, owner, {}), ledger.document)
        ends = time.monotonic() + DOCUMENTS_S
        while book.missing():
            if time.monotonic() > ends or self._rhythm.inbox.is_closed:
                missing = ", ".join(book.missing())
                raise NoRulesError(
                    f"no {missing} yet; start the hub and publish them, or check hub.url"
                )
            book = _fetch(book, ledger, hub)
            if book.missing():
                time.sleep(RETRY_S)
        return book

    def _uploader(self, services: Services) -> Uploader:
        return Uploader(
            path=self._settings.kiosk.state_dir / LEDGER_FILE,
            origin=self._settings.origin,
            hub=services.upload,
            rhythm=self._rhythm,
            linger_s=self._settings.linger_s,
        )

    def _followers(self, services: Services, owner: Owner) -> list[Follower]:
        beats = self._rhythm.beats
        documents = document_feed(
            services.documents,
            lambda kind: owner.book.versions.get(kind, 0),
            self._rhythm.inbox,
        )
        return [
            Follower("payments", payment_feed(services.feed, self._rhythm), beats),
            Follower("documents", documents, beats),
        ]

    def _keys(self) -> Mapping[str, VerifyKey]:
        return self._owner.rules.keys if self._owner else {}


def _fetch(book: Rulebook, ledger: Ledger, hub: HubClient) -> Rulebook:
    """Return the book with what the hub has; a hub that is away changes nothing."""
    for kind in book.missing():
        try:
            envelope = hub.document(kind)
            if envelope is not None:
                book = book.adopt(kind, envelope)
                ledger.put_document(kind, book.versions[kind], envelope)
        except (RemoteError, CoreError) as error:
            log.warning("document not fetched kind=%s why=%s", kind, error)
    return book


def _record(kind: str) -> Record:
    return Record((EventRecord(kind, {}),))


def _new_visit() -> VisitId:
    return VisitId(str(uuid_utils.uuid7()))
