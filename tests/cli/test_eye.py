"""`kiosk eye` as a process: codes on its socket, ready for the manager, stopped in time."""

import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.base import DriverError
from drivers.eye_socket import EyeSocket
from drivers.sim.scene import Scene, Showing
from drivers.vision import cv2
from tests.cli.conftest import Kiosk
from tests.cli.test_camera import TOKEN, configured
from tests.patience import patient_s

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 20.0


class Process:
    """One run of `kiosk eye`, with a service manager that listens."""

    def __init__(self, directory: Path, *words: str) -> None:
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(directory / "notify"))
        self.manager.settimeout(LIMIT_S)
        self.child = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "eye", *words],
            cwd=ROOT,
            env=os.environ
            | {"NOTIFY_SOCKET": str(directory / "notify"), "WATCHDOG_USEC": "200000"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def told(self) -> bytes:
        """What the manager is told next."""
        return self.manager.recv(100)

    def end(self) -> tuple[int, str, str]:
        """Send SIGTERM; return exit code and outputs."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        out, err = self.child.communicate(timeout=LIMIT_S)
        return self.child.returncode, out, err

    def close(self) -> None:
        """Leave nothing running."""
        self.end()
        self.manager.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a picture of an ID QR."""
    scene = Scene(320, 240)
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), scene.frame(scene.view(Showing(TOKEN))))
    return folder


@pytest.fixture
def eye(tmp_path: Path, pictures: Path) -> Iterator[Process]:
    """The eye on that folder, as a kiosk is configured that has one."""
    config = configured(tmp_path, '[camera]\nkind = "eye"\ndevice = "eye.sock"\nfps = 30\n')
    process = Process(tmp_path, "--config", str(config), "--device", str(pictures))
    yield process
    process.close()


def read(path: Path) -> str:
    """Read a code as the daemon does."""
    reader = EyeSocket("camera", {"device": str(path)})
    end = time.monotonic() + patient_s(LIMIT_S)
    while time.monotonic() < end:
        try:
            reader.open()
            for each in reader.poll(0.2):
                reader.close()
                return each.text
        except DriverError:
            select.select([], [], [], 0.05)
    raise AssertionError("no code came")


def test_it_says_codes_on_an_owner_only_socket_and_stops_within_a_second(
    eye: Process, tmp_path: Path
) -> None:
    assert eye.told() == b"READY=1\n"
    assert read(tmp_path / "eye.sock") == TOKEN
    assert stat.S_IMODE((tmp_path / "eye.sock").stat().st_mode) & 0o007 == 0
    while eye.told() != b"WATCHDOG=1\n":
        pass
    began = time.monotonic()
    code, out, err = eye.end()
    assert time.monotonic() - began < patient_s(1.5)
    assert (code, out) == (0, "")
    assert TOKEN not in err
    assert not (tmp_path / "eye.sock").exists()


def test_it_is_killable_and_the_next_one_takes_over(
    eye: Process, tmp_path: Path, pictures: Path
) -> None:
    assert read(tmp_path / "eye.sock") == TOKEN
    eye.child.kill()
    eye.child.wait(LIMIT_S)
    (tmp_path / "again").mkdir()
    config = str(tmp_path / "kiosk.toml")
    again = Process(tmp_path / "again", "--config", config, "--device", str(pictures))
    assert read(tmp_path / "eye.sock") == TOKEN
    again.close()


def test_a_second_eye_is_refused_in_one_line(kiosk: Kiosk, tmp_path: Path) -> None:
    config = configured(tmp_path, '[camera]\nkind = "eye"\ndevice = "eye.sock"\n')
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as first:
        first.bind(str(tmp_path / "eye.sock"))
        first.listen()
        done = kiosk("eye", "--config", config)
    assert done.code == 3
    assert done.err.splitlines() == [
        f"kiosk: eye: another eye listens on {tmp_path}/eye.sock (stop it)"
    ]


def test_a_wrong_configuration_is_told_and_nothing_is_opened(kiosk: Kiosk, tmp_path: Path) -> None:
    config = configured(tmp_path, '[camera]\nkind = "ey"\ndevice = "eye.sock"\n')
    done = kiosk("eye", "--config", config)
    assert done.code == 2
    assert "camera.kind" in done.err
    assert not (tmp_path / "eye.sock").exists()


def test_help_says_why_it_is_a_process_of_its_own(kiosk: Kiosk) -> None:
    assert "untrusted bytes" in " ".join(kiosk("eye", "--help").out.split())
