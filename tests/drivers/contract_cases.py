"""The devices under the contract suite, each in a rig that plays the world around it.

`CASES` maps a name to what makes a rig in a directory of its own; other files of this folder
named `contract_cases_*.py` add theirs. A rig has the attributes that `test_contract.Rig` names.
"""
# ruff: noqa: D102 - test_contract.Rig says what each method of a rig does

import os
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.base import ContactChange, DriverError, RfidReader
from drivers.contact import GpioContact
from drivers.indicator import GpioIndicator
from drivers.lock import GpioLock
from drivers.rfid import m100
from drivers.rfid.em4100_reader import Em4100Reader
from drivers.rfid.m100_reader import M100Reader
from drivers.screen import ConsoleScreen
from drivers.sim.field import Field
from drivers.sim.gpio import SimContact, SimIndicator, SimLock
from drivers.sim.pins import sim_factory
from drivers.sim.pty_peer import PtyPeer
from drivers.sim.rfid import LF_SIZES, UHF_SIZES, SimReader
from drivers.sim.rfid_mind import Em4100Mind, M100Mind
from drivers.sim.screen import SimScreen
from tests.patience import patient_s

PIN = 17
LIMIT_S = 5.0
TAG = {"uhf": "30751FEB705C5904E3D50D70", "lf": "67003B51C6"}


def heard(reader: RfidReader) -> bool:
    """Whether the reader reads a tag within the limit."""
    end = time.monotonic() + patient_s(LIMIT_S)
    while time.monotonic() < end:
        if reader.poll(0.1):
            return True
    return False


def lost(reader: RfidReader) -> bool:
    """Whether the reader says that it is gone, within the limit."""
    end = time.monotonic() + patient_s(LIMIT_S)
    try:
        while time.monotonic() < end:
            reader.poll(0.1)
    except DriverError:
        return True
    return False


class ReaderRig:
    """A real reader driver at a port; the other end is a pseudo terminal with a module."""

    can_be_lost = True
    needs_device = True

    def __init__(self, directory: Path, protocol: str) -> None:
        is_lf = protocol in ("rdm6300", "id12la")
        self._field = Field(LF_SIZES if is_lf else UHF_SIZES)
        self._tag = TAG["lf" if is_lf else "uhf"]
        framing = m100.AA if protocol == "r200" else m100.BB
        mind = (
            Em4100Mind(self._field, crlf=protocol == "id12la")
            if is_lf
            else M100Mind(self._field, framing)
        )
        self._peer = PtyPeer("reader", directory / "port", mind, self._field)
        options = {"port": str(directory / "port")}
        self.device: RfidReader = (
            Em4100Reader("reader", options) if is_lf else M100Reader("reader", options)
        )
        self.grows = ("opens", "frames", "reads")

    def restore(self) -> None:
        self._peer.start()

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        self._field.obey({"do": "enter", "epcs": [self._tag]})
        return heard(self.device)

    def lose(self) -> None:
        self._peer.stop()

    def is_lost(self) -> bool:
        return lost(self.device)

    def end(self) -> None:
        self.device.close()
        self._peer.stop()


class SimReaderRig:
    """A simulated reader, as a play has it."""

    can_be_lost = True
    needs_device = True
    grows = ("opens", "frames", "reads")

    def __init__(self, directory: Path, protocol: str) -> None:
        self.device = SimReader("reader", {"protocol": protocol, "port": f"sim:{directory}/port"})
        self._tag = TAG["lf" if protocol in ("rdm6300", "id12la") else "uhf"]
        self.device.obey({"do": "unplug"})

    def restore(self) -> None:
        self.device.obey({"do": "replug"})

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        self.device.obey({"do": "enter", "epcs": [self._tag]})
        return heard(self.device)

    def lose(self) -> None:
        self.device.obey({"do": "unplug"})

    def is_lost(self) -> bool:
        return lost(self.device)

    def end(self) -> None:
        self.device.close()


class HardwareReaderRig:
    """A reader on this machine, with a tag in front of it."""

    can_be_lost = False
    needs_device = False
    grows = ("opens", "frames", "reads")

    def __init__(self, make: Callable[[str, dict[str, object]], RfidReader], port: str) -> None:
        self.device = make("reader", {"port": port})

    def restore(self) -> None:
        pass

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        return heard(self.device)

    def lose(self) -> None:
        raise NotImplementedError

    def is_lost(self) -> bool:
        raise NotImplementedError

    def end(self) -> None:
        self.device.close()


class PinRig:
    """What the rigs of lock, contact and indicator share: one pin that can break."""

    can_be_lost = True
    needs_device = False
    grows: tuple[str, ...] = ("opens",)
    device: Any

    def __init__(self) -> None:
        self.factory = sim_factory()
        self.pin = self.factory.pin(PIN)

    def restore(self) -> None:
        self.pin.broken = False

    def lose(self) -> None:
        self.pin.broken = True

    def end(self) -> None:
        self.pin.broken = False
        self.device.close()


class LockRig(PinRig):
    """A strike; losing it means that its line cannot be driven."""

    grows = ("opens", "unlocks", "relocks")

    def __init__(self, *, sim: bool) -> None:
        super().__init__()
        options = {"pin": PIN, "fail_mode": "secure", "active_high": True, "external_pull": True}
        self.device = (
            SimLock("front", {**options, "pin_factory": self.factory})
            if sim
            else GpioLock("front", options, lambda: self.factory)
        )

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        self.device.unlock(5)
        was_unlocked = self.device.is_unlocked and self.pin.state
        self.device.lock()
        return was_unlocked and not self.device.is_unlocked and not self.pin.state

    def is_lost(self) -> bool:
        try:
            self.device.unlock(5)
        except DriverError:
            return True
        return False


class ContactRig(PinRig):
    """A door contact; losing it means that its line cannot be read."""

    grows = ("opens", "changes")

    def __init__(self, *, sim: bool) -> None:
        super().__init__()
        self._changes: list[ContactChange] = []
        options: dict[str, object] = {"pin": PIN, "active_high": True}
        self.device = (
            SimContact("door", {**options, "pin_factory": self.factory})
            if sim
            else GpioContact("door", options, lambda: self.factory)
        )

    def open(self) -> None:
        self.device.open(self._changes.append)

    def act(self) -> bool:
        before, active = len(self._changes), self.device.is_active()
        self.pin.wire(level=not active)
        return (
            eventually(lambda: len(self._changes) > before) and self._changes[-1].active != active
        )

    def is_lost(self) -> bool:
        return eventually(lambda: not self.device.health().ok)


class IndicatorRig(PinRig):
    """One lamp; losing it means that its line cannot be driven."""

    grows = ("opens", "shown")

    def __init__(self, *, sim: bool) -> None:
        super().__init__()
        options: dict[str, object] = {"pins": {"green": PIN}}
        self.device = (
            SimIndicator("lamp", {**options, "pin_factory": self.factory})
            if sim
            else GpioIndicator("lamp", options, lambda: self.factory)
        )

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        self.device.show("granted")
        return eventually(lambda: bool(self.pin.state))

    def is_lost(self) -> bool:
        self.device.show("checking")
        return eventually(lambda: not self.device.health().ok)


class ConsoleRig:
    """A console on a pseudo terminal; losing it means that nobody holds the other end."""

    can_be_lost = True
    needs_device = True
    grows = ("opens", "shown")

    def __init__(self, directory: Path) -> None:
        self._path = directory / "tty"
        self._path.symlink_to("/dev/no-such-terminal")
        self._master = -1
        self.device = ConsoleScreen("screen", {"path": str(self._path)})

    def restore(self) -> None:
        if self._master >= 0:
            return
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._path.unlink()
        self._path.symlink_to(os.ttyname(slave))
        os.close(slave)
        os.set_blocking(self._master, False)

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        self.device.show("Welcome", ["Hold your code in front of the camera."])
        return eventually(lambda: b"Welcome" in os.read(self._master, 4096))

    def lose(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1
        self._path.unlink()
        self._path.symlink_to("/dev/no-such-terminal")

    def is_lost(self) -> bool:
        self.device.show("Welcome", [])
        return not self.device.health().ok

    def end(self) -> None:
        self.device.close()
        if self._master >= 0:
            os.close(self._master)


class SimScreenRig:
    """A screen that only remembers."""

    can_be_lost = False
    needs_device = False
    grows = ("opens", "shown")

    def __init__(self) -> None:
        self.device = SimScreen("screen", {})

    def restore(self) -> None:
        pass

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        self.device.show("Welcome", [])
        return self.device.obey({"do": "state"})["title"] == "Welcome"

    def lose(self) -> None:
        raise NotImplementedError

    def is_lost(self) -> bool:
        raise NotImplementedError

    def end(self) -> None:
        self.device.close()


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true within the limit."""
    end = time.monotonic() + patient_s(LIMIT_S)
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


def hardware(
    make: Callable[[str, dict[str, object]], RfidReader], variable: str
) -> Callable[[Path], HardwareReaderRig]:
    """What makes a rig of the reader whose port is in an environment variable."""

    def rig(_directory: Path) -> HardwareReaderRig:
        port = os.environ.get(variable)
        if not port:
            pytest.skip(f"{variable} names no port")
        return HardwareReaderRig(make, port)

    return rig


CASES: dict[str, Callable[[Path], object]] = {
    "m100": lambda directory: ReaderRig(directory, "m100"),
    "r200": lambda directory: ReaderRig(directory, "r200"),
    "rdm6300": lambda directory: ReaderRig(directory, "rdm6300"),
    "id12la": lambda directory: ReaderRig(directory, "id12la"),
    "sim-m100": lambda directory: SimReaderRig(directory, "m100"),
    "sim-rdm6300": lambda directory: SimReaderRig(directory, "rdm6300"),
    "lock": lambda _directory: LockRig(sim=False),
    "sim-lock": lambda _directory: LockRig(sim=True),
    "contact": lambda _directory: ContactRig(sim=False),
    "sim-contact": lambda _directory: ContactRig(sim=True),
    "indicator": lambda _directory: IndicatorRig(sim=False),
    "sim-indicator": lambda _directory: IndicatorRig(sim=True),
    "console": ConsoleRig,
    "sim-screen": lambda _directory: SimScreenRig(),
}
HARDWARE: dict[str, Callable[[Path], object]] = {
    "hardware-m100": hardware(M100Reader, "KIOSK_TEST_M100_PORT"),
    "hardware-rdm6300": hardware(Em4100Reader, "KIOSK_TEST_RDM6300_PORT"),
}
