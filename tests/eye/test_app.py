"""The eye's loop: codes out, a lost camera told and opened again, the watchdog fed."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from drivers.base import CodeRead, DeviceLostError, DeviceUnavailableError, Health
from drivers.eye_lines import Seeing, decode
from drivers.eye_socket import EyeSocket
from kiosk.eye.app import Eye, run
from kiosk.eye.outlet import Outlet
from tests.environment import environment
from tests.patience import patient_s

LIMIT_S = 5.0


class Camera:
    """A code reader that does as the test says; one text a poll while `text` is set."""

    name = "cam"

    def __init__(self) -> None:
        self.text = ""
        self.is_there = True
        self.opens = 0
        self.closes = 0
        self.polling = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def open(self) -> None:
        """Open, when it is there."""
        if not self.is_there:
            raise DeviceUnavailableError(self.name, "no such camera")
        self.opens += 1

    def poll(self, timeout_s: float) -> Sequence[CodeRead]:
        """Return the text; wait a little otherwise."""
        self.polling.set()
        self.go.wait(LIMIT_S)
        if not self.is_there:
            raise DeviceLostError(self.name, "unplugged")
        time.sleep(min(timeout_s, 0.005))
        return [CodeRead(self.text, time.monotonic(), self.name)] if self.text else []

    def close(self) -> None:
        """Count it."""
        self.closes += 1

    def health(self) -> Health:
        """Say how it is."""
        return Health(self.is_there, "fine", time.monotonic(), {"frames": self.opens})


class Manager:
    """A service manager that keeps what it is told."""

    def __init__(self) -> None:
        self.readies = 0
        self.pings = 0

    def ready(self) -> None:
        """Count it."""
        self.readies += 1

    def ping(self) -> None:
        """Count it."""
        self.pings += 1


class Running:
    """An eye on a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.camera = Camera()
        self.manager = Manager()
        self.stop = threading.Event()
        eye = Eye(self.camera, Outlet(path), self.manager)
        self.thread = threading.Thread(target=eye.run, args=(self.stop,), name="eye")

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.thread.start()
        wait(self.path.exists)

    def end(self) -> None:
        """Stop."""
        self.stop.set()
        self.thread.join()


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + patient_s(LIMIT_S)
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.002)


@pytest.fixture
def eye(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path / "eye.sock")
    yield made
    made.end()


@pytest.fixture
def listener(eye: Running) -> Iterator[EyeSocket]:
    """The daemon's end."""
    reader = EyeSocket("camera", {"device": str(eye.path)})
    yield reader
    reader.close()


def heard(reader: EyeSocket) -> str:
    """Poll until a code comes."""
    end = time.monotonic() + patient_s(LIMIT_S)
    while time.monotonic() < end:
        for read in reader.poll(0.1):
            return read.text
    raise AssertionError("no code came")


def heard_nothing(reader: EyeSocket) -> None:
    """Poll on; only an error ends it in time."""
    end = time.monotonic() + patient_s(LIMIT_S)
    while time.monotonic() < end:
        reader.poll(0.1)


def test_codes_of_the_camera_come_out_of_the_socket(eye: Running, listener: EyeSocket) -> None:
    eye.start()
    eye.camera.text = "K1:ABC"
    listener.open()
    assert heard(listener) == "K1:ABC"
    assert listener.health().ok


def test_a_lost_camera_is_told_opened_again_and_logged_once(
    eye: Running, listener: EyeSocket, caplog: pytest.LogCaptureFixture
) -> None:
    eye.camera.text = "K1:ABC"
    eye.start()
    listener.open()
    with caplog.at_level(logging.INFO, "kiosk.eye"):
        assert heard(listener) == "K1:ABC"
        eye.camera.text = ""
        eye.camera.is_there = False
        with pytest.raises(DeviceLostError, match="the eye has no camera: cam: unplugged"):
            heard_nothing(listener)
        with pytest.raises(DeviceUnavailableError, match="the eye has no camera"):
            listener.open()
        eye.camera.is_there, eye.camera.text = True, "K1:ABC"
        wait(lambda: eye.camera.opens == 2)
        eye.camera.polling.clear()
        wait(eye.camera.polling.is_set)
    listener.open()
    assert heard(listener) == "K1:ABC"
    told = [record.getMessage() for record in caplog.records]
    assert told == ["camera lost why=cam: unplugged", "camera is back"]
    assert "K1:" not in caplog.text


def test_an_eye_without_a_camera_is_ready_and_says_that_it_sees_nothing(
    eye: Running, listener: EyeSocket
) -> None:
    eye.camera.is_there = False
    eye.start()
    wait(lambda: eye.manager.readies)
    with pytest.raises(DeviceUnavailableError, match="no such camera"):
        listener.open()


def test_the_watchdog_is_fed_with_and_without_a_camera(eye: Running) -> None:
    eye.start()
    wait(lambda: eye.manager.pings > 5)
    eye.camera.is_there = False
    fed = eye.manager.pings
    wait(lambda: eye.manager.pings > fed + 3)
    assert eye.manager.readies


def test_a_decoder_that_hangs_starves_the_watchdog(eye: Running) -> None:
    eye.start()
    wait(lambda: eye.manager.pings)
    eye.camera.go.clear()  # the planted fault
    began = time.monotonic()
    wait(lambda: time.monotonic() > began + 0.2)
    fed = eye.manager.pings
    wait(lambda: time.monotonic() > began + 0.4)
    assert eye.manager.pings == fed
    eye.camera.go.set()


def test_stopping_closes_camera_and_socket_in_less_than_a_second(eye: Running) -> None:
    eye.start()
    eye.camera.polling.wait(LIMIT_S)
    began = time.monotonic()
    eye.end()
    assert time.monotonic() - began < patient_s(1.0)
    assert eye.camera.closes >= 1
    assert not eye.path.exists()


def test_stopping_does_not_wait_for_the_back_off(eye: Running) -> None:
    eye.camera.is_there = False
    eye.start()
    wait(lambda: eye.manager.readies > 1)
    began = time.monotonic()
    eye.end()
    assert time.monotonic() - began < patient_s(1.0)


def test_how_the_camera_is_comes_without_being_asked(eye: Running, tmp_path: Path) -> None:
    eye.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(LIMIT_S)
        line.connect(str(tmp_path / "eye.sock"))
        with line.makefile("rb") as stream:
            first, second = (decode(stream.readline(), "x") for _ in range(2))
    assert isinstance(first, Seeing)
    assert isinstance(second, Seeing)
    assert second.health.last_seen is not None


def test_a_socket_that_cannot_be_listened_on_ends_the_eye_before_the_camera_opens(
    tmp_path: Path,
) -> None:
    camera = Camera()
    with pytest.raises(DeviceUnavailableError, match="cannot listen on"):
        run(camera, tmp_path / "none" / "eye.sock")
    assert camera.opens == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_the_handlers_are_put_back(
    tmp_path: Path, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    camera = Camera()

    def shoot() -> None:
        camera.polling.wait(LIMIT_S)
        os.kill(os.getpid(), number)

    shooter = threading.Thread(target=shoot)
    shooter.start()
    run(camera, tmp_path / "eye.sock")
    shooter.join()
    assert camera.closes == 1
    assert signal.getsignal(number) == before


def test_the_service_manager_is_told_over_its_socket(tmp_path: Path) -> None:
    notify = str(tmp_path / "notify")
    with (
        environment(NOTIFY_SOCKET=notify, WATCHDOG_USEC="100000", WATCHDOG_PID=None),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(notify)
        manager.settimeout(LIMIT_S)
        told: list[bytes] = []

        def listen() -> None:
            while told.count(b"WATCHDOG=1\n") < 2:
                told.append(manager.recv(100))
            os.kill(os.getpid(), signal.SIGTERM)

        ear = threading.Thread(target=listen)
        ear.start()
        run(Camera(), tmp_path / "eye.sock")
        ear.join()
    assert told[0] == b"READY=1\n"
