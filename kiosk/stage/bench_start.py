"""What starting costs: the daemon beside its own imports, the help beside a bare Typer program.

Memory is the resident set of the running daemon, as the kernel counts it.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import tomlkit

from kiosk.stage.child import Child
from kiosk.stage.links import Control
from kiosk.stage.plot import POLICY, Script
from kiosk.stage.props import CONFIG
from kiosk.stage.theatre import SOCKET, Theatre, prepared

RUNS: Final = 5
MAX_MB: Final = 125.0
MAX_BARE_MB: Final = 80.0
MAX_RATIO: Final = 2.0
SETTLE_S: Final = 3.0
KB_PER_MB: Final = 1024
DEPENDENCIES: Final = (
    "cv2, cryptography.hazmat.primitives.asymmetric.ed25519, gpiozero, numpy, orjson, "
    "pydantic_settings, requests, segno, serial, sqlite3, systemd_watchdog, "
    "tomlkit, typer, uuid_utils, zxingcpp, msgspec, cbor2, base45"
)
BARE_TYPER: Final = (
    "import typer\napp = typer.Typer()\n\n\n"
    "@app.command()\ndef hello(name: str = 'you') -> None:\n"
    "    'Say hello.'\n    typer.echo(name)\n\n\napp()\n"
)


def run(runs: int = RUNS, settle_s: float = SETTLE_S) -> dict[str, Any]:
    """Return rows and bars of DESIGN 11 for start and memory.

    Ours and the reference take turns, so that whatever else the machine does falls on both.

    Raises:
        ProcessError: The daemon did not start.
    """
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        theatre = prepared(directory, Script("EUR", POLICY, (), (), (), ()))
        theatre.start_services(stack)
        ready = _Ready(theatre, directory, settle_s)
        starts = [(ready.once(), _import_s()) for _ in range(runs)]
        with_camera = ready.resident_mb()
        ready.without_camera()
        without_camera = ready.resident_mb()
        bare = directory / "bare.py"
        bare.write_text(BARE_TYPER, encoding="ascii")
        pairs = [_help_pair(bare) for _ in range(runs)]
    rows = [
        _row("ready", [ours for ours, _ in starts]),
        _row("import of its dependencies", [theirs for _, theirs in starts]),
        _row("kiosk --help", [ours for ours, _ in pairs]),
        _row("one-command Typer program", [theirs for _, theirs in pairs]),
        {"what": "memory with the camera", "mb": with_camera},
        {"what": "memory without", "mb": without_camera},
    ]
    ratio = statistics.median(ours / theirs for ours, theirs in starts)
    help_ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    bars = [
        _bar("ready, times the imports", ratio, MAX_RATIO),
        _bar("kiosk --help, times a bare Typer program", help_ratio, MAX_RATIO),
        _bar("MB with the camera", with_camera, MAX_MB),
        _bar("MB without", without_camera, MAX_BARE_MB),
    ]
    return {"bench": "start", "rows": rows, "bars": bars}


class _Ready:
    """Starts and stops the daemon of a theatre whose services run."""

    def __init__(self, theatre: Theatre, directory: Path, settle_s: float) -> None:
        self._theatre = theatre
        self._settle_s = settle_s
        self._config = directory / CONFIG
        self._control = Control(directory / SOCKET)

    def once(self) -> float:
        """Return the seconds until a fresh daemon answers."""
        return self._while_up(lambda _daemon, took_s: took_s)

    def resident_mb(self) -> float:
        """Return the resident memory of a daemon that has settled."""

        def measure(daemon: Child, _took_s: float) -> float:
            """Return the memory in MB once the start is over."""
            time.sleep(self._settle_s)
            return resident_mb(daemon.pid)

        return self._while_up(measure)

    def without_camera(self) -> None:
        """Take the camera out of the configuration."""
        config = tomlkit.parse(self._config.read_text(encoding="utf-8"))
        del config["camera"]
        self._config.write_text(tomlkit.dumps(config), encoding="utf-8")

    def _while_up(self, measure: Callable[[Child, float], float]) -> float:
        daemon = self._theatre.daemon
        began = time.monotonic()
        daemon.start()
        try:
            daemon.wait_until(self._control.alive, "its control socket answered")
            return measure(daemon, time.monotonic() - began)
        finally:
            self._control.close()
            daemon.stop()


def resident_mb(pid: int, proc: Path = Path("/proc")) -> float:
    """Return the memory that the kernel counts for this process, 0 for one without any."""
    for line in (proc / str(pid) / "status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / KB_PER_MB, 1)
    return 0.0


def _import_s() -> float:
    return _timed([sys.executable, "-c", f"import {DEPENDENCIES}"])


def _help_pair(bare: Path) -> tuple[float, float]:
    ours = _timed([sys.executable, "-m", "kiosk", "--help"])
    return ours, _timed([sys.executable, str(bare), "--help"])


def _timed(command: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command lines
    return time.monotonic() - began


def _row(what: str, seconds: Sequence[float]) -> Mapping[str, Any]:
    return {"what": what, "runs": len(seconds), "median_s": round(statistics.median(seconds), 3)}


def _bar(what: str, value: float, bar: float) -> Mapping[str, Any]:
    return {"what": what, "value": round(value, 2), "bar": bar, "ok": value <= bar}
