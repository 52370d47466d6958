"""The hub as a process of its own, as systemd or a play starts it."""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from kiosk.core.signing import b64encode
from tests.hub.worlds import Owner
from tests.patience import patient_s

START_S = 30.0
STOP_S = 10.0


@dataclass
class Running:
    """A running hub."""

    process: subprocess.Popen[str]
    state: Path
    said: "queue.Queue[str]" = field(default_factory=queue.Queue)
    logged: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, from the file that it wrote."""
        return (self.state / "hub.url").read_text().strip()

    def line(self) -> str:
        """The next line of its output."""
        return self.said.get(timeout=patient_s(START_S))

    def token(self, name: str) -> str:
        """One of its tokens."""
        return (self.state / f"{name}.token").read_text().strip()

    def ask(
        self, method: str, path: str, data: bytes | None = None, json: object = None
    ) -> requests.Response:
        """Return the answer to a request of staff."""
        headers = {"Authorization": f"Bearer {self.token('staff')}"}
        url = f"{self.url}{path}"
        return requests.request(method, url, data=data, json=json, headers=headers, timeout=30)

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(patient_s(STOP_S))


def command(state: Path, *more: str) -> list[str]:
    """Return the command line of a hub."""
    key = b64encode(Owner().public)
    fixed = ["--state", str(state), "--owner-key", key, "--shop", "shop"]
    return [sys.executable, "-m", "kiosk", "hub", *fixed, "--listen", "127.0.0.1:0", *more]


@contextmanager
def running(
    state: Path, *more: str, notify: Path | None = None, measured: bool = True
) -> Iterator[Running]:
    """Start a hub and stop it at the end of the block, whatever happened.

    Args:
        measured: Whether its coverage is kept, which a full disk would not let it write.
    """
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    if not measured:
        environment = {k: v for k, v in environment.items() if not k.startswith("COVERAGE_")}
    if notify is not None:
        environment |= {"NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": "400000"}
    process = subprocess.Popen(
        command(state, *more),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    hub = Running(process, state)
    assert process.stdout
    assert process.stderr
    readers = [
        threading.Thread(target=_read, args=(process.stdout, hub.said.put)),
        threading.Thread(target=_read, args=(process.stderr, hub.logged.append)),
    ]
    for reader in readers:
        reader.start()
    try:
        yield hub
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_S)
        for reader in readers:
            reader.join(STOP_S)
        process.stdout.close()
        process.stderr.close()


@contextmanager
def notices(tmp_path: Path) -> Iterator[tuple[Path, socket.socket]]:
    """A socket like systemd's, on which a service tells how it is."""
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(place))
        listener.settimeout(START_S)
        yield place, listener


def _read(stream: Iterable[str], keep: Callable[[str], None]) -> None:
    for line in stream:
        keep(line.rstrip("\n"))
