"""The devices of one gate, built from the configuration, opened in order, closed in reverse.

Camera and readers belong to their pumps; lock, contacts and face are opened here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from drivers.base import CodeReader, Contact, ContactChange, Health, Lock, RfidReader
from drivers.registry import create
from drivers.sim.control import SimServer
from kiosk.core.inputs import Cause, DoorClosed, DoorOpened, ExitRequested
from kiosk.core.values import Moment
from kiosk.daemon.choices import choice
from kiosk.daemon.effects import Face
from kiosk.daemon.messages import Happened
from kiosk.daemon.pumps import Pump, codes, exit_zone, fobs, tags
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.watch import Watch
from kiosk.settings import Settings

EXIT_READER: Final = "exit-reader"
ENTRY_READER: Final = "entry-reader"

Meaning = Callable[[ContactChange, Moment], Cause | None]
"""What a change of a contact means to the core, None when it means nothing."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Everything with a plug, built and not yet open.

    Attributes:
        cameras: Each with the side it looks at.
        readers: Each with its role, "exit" or "entry".
        exit_by_reader: The exit reader's zone is the exit trigger.
        sim_socket: Where a play gives its orders to the simulators, None outside a play.
    """

    lock: Lock
    face: Face
    contacts: tuple[tuple[Contact, Meaning], ...]
    cameras: tuple[tuple[CodeReader, str], ...]
    readers: tuple[tuple[RfidReader, str], ...]
    sim_socket: Path | None
    exit_by_reader: bool = False

    @property
    def door_open(self) -> bool:
        """Whether the door stands open now; no change tells of a door that stood open before."""
        return any(each.is_active() for each, meaning in self.contacts if meaning is _door)

    def health(self) -> Mapping[str, Health]:
        """Return the health of every device by name."""
        return {each.name: each.health() for each in self._all()}

    def open(self, stack: ExitStack, rhythm: Rhythm) -> None:
        """Open lock, face and contacts; the stack closes them in reverse.

        Raises:
            DriverError: One cannot be opened; what was opened is closed by the stack.
        """
        stack.callback(self.lock.close)
        self.lock.open()
        for part in (self.face.indicator, self.face.screen):
            if part is not None:
                stack.callback(part.close)
                part.open()
        for contact, meaning in self.contacts:
            stack.callback(contact.close)
            contact.open(_teller(meaning, rhythm))
        if self.sim_socket is not None:
            server = SimServer(self.sim_socket, [each for each in self._all() if _obeys(each)])
            stack.callback(server.stop)
            server.start()

    def pumps(self, rhythm: Rhythm) -> Iterator[Pump[Any]]:
        """Yield a pump for each reader and camera, not yet started.

        The readers come first: whether they hear must be known before anybody is let in.
        """
        clock = rhythm.clock
        for reader, role in self.readers:
            if role == "exit":
                translate = exit_zone(clock) if self.exit_by_reader else tags(clock)
                yield Pump(reader, EXIT_READER, translate, rhythm)
            else:
                yield Pump(reader, ENTRY_READER, fobs("entry", clock), rhythm)
        for camera, side in self.cameras:
            yield Pump(camera, "camera", codes(side, clock), rhythm)

    def watch(self, rhythm: Rhythm) -> Watch:
        """Return the watch over lock and contacts, not yet started."""
        return Watch((self.lock, *(contact for contact, _ in self.contacts)), rhythm)

    def _all(self) -> Iterator[Any]:
        yield self.lock
        yield from (each for each in (self.face.indicator, self.face.screen) if each is not None)
        yield from (contact for contact, _ in self.contacts)
        yield from (camera for camera, _ in self.cameras)
        yield from (reader for reader, _ in self.readers)


def build(settings: Settings) -> Devices:
    """Return the devices that the configuration names.

    Raises:
        DeviceConfigError: A kind, a library or an option is wrong.
    """
    return Devices(
        lock=_make("lock", "lock", settings.lock),
        face=Face(
            _make("indicator", "indicator", settings.indicator) if settings.indicator else None,
            _make("screen", "screen", settings.screen) if settings.screen else None,
        ),
        contacts=tuple(_contacts(settings)),
        cameras=tuple(_cameras(settings)),
        readers=tuple(
            (_make("reader", reader.name, reader), reader.role) for reader in settings.reader
        ),
        sim_socket=settings.sim.socket if settings.sim else None,
        exit_by_reader=settings.exit.trigger == "reader",
    )


def _contacts(settings: Settings) -> Iterator[tuple[Contact, Meaning]]:
    yield _make("contact", "door", settings.door), _door
    trigger = settings.exit.trigger
    if trigger in {"button", "beam"}:
        yield _make("contact", "exit", settings.exit), _exit(trigger)
    for button in settings.button:
        yield _make("contact", button.name, button), _choice(button.way)


def _cameras(settings: Settings) -> Iterator[tuple[CodeReader, str]]:
    if settings.camera:
        yield _make("code", "camera", settings.camera), "entry"
    if settings.exit_camera:
        yield _make("code", "exit-camera", settings.exit_camera), "exit"


def _make(role: str, name: str, section: Any) -> Any:  # noqa: ANN401 - the registry gives any role
    return create(role, section.kind, name, section.model_dump(exclude_none=True))


def _teller(meaning: Meaning, rhythm: Rhythm) -> Callable[[ContactChange], None]:
    """Return what the driver's thread calls: it only enqueues."""

    def tell(change: ContactChange) -> None:
        """Enqueue what a change means, if anything."""
        fact = meaning(change, rhythm.clock.now())
        if fact is not None:
            rhythm.inbox.put_fact(Happened(fact))

    return tell


def _door(change: ContactChange, at: Moment) -> Cause:
    return DoorOpened(at) if change.active else DoorClosed(at)


def _exit(source: str) -> Meaning:
    def meaning(change: ContactChange, at: Moment) -> Cause | None:
        """Return the wish to leave, when it begins."""
        return ExitRequested(at, source) if change.active else None

    return meaning


def _choice(way: str) -> Meaning:
    def meaning(change: ContactChange, at: Moment) -> Cause | None:
        """Return what was chosen, when the button goes down."""
        return choice(way, at) if change.active else None

    return meaning


def _obeys(device: object) -> bool:
    return hasattr(device, "obey")
