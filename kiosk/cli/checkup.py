"""The checks of `kiosk doctor`: each looks at one thing and says what to do about it."""

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from kiosk.clock import kernel_sync
from kiosk.core.values import ClockSync
from kiosk.remote.errors import RemoteError
from kiosk.remote.http import Ask, HttpClient
from kiosk.settings import Settings, load

MIN_FREE_MB: Final = 64  # trust note T30: stop selling before stopping to record
OLDEST: Final = (3, 11)
LIBRARIES: Final = {
    "cv2": "opencv-python-headless",
    "zxingcpp": "zxing-cpp",
    "serial": "pyserial",
    "gpiozero": "gpiozero",
}
HUB_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        mark: "ok", "note" (works, but could be better) or "FIX".
        remedy: What to do; "" when nothing.
    """

    mark: str
    what: str
    detail: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as JSON."""
        return {
            "mark": self.mark.lower(),
            "what": self.what,
            "detail": self.detail,
            "remedy": self.remedy,
        }


def look_over(config: Path | None) -> Iterator[Finding]:
    """Yield a finding for each thing that was looked at; a wrong configuration is an error."""
    yield _python()
    yield from _libraries()
    yield _pyzbar()
    yield _gpio()
    yield _serial_ports()
    yield _cameras()
    yield _clock()
    if config is None:
        yield Finding(
            "note", "configuration", "none was given", "kiosk init DIR makes one; then --config"
        )
        return
    settings = load(config)
    yield Finding("ok", "configuration", f"{config} is valid")
    yield from (Finding("note", "configuration", warning) for warning in _warnings(settings))
    yield _state(settings)
    yield _disk(settings.kiosk.state_dir)
    yield _service("hub", settings.hub.url)
    if settings.provider.url is not None:
        yield _service("provider", settings.provider.url)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST:
        return Finding("FIX", "python", version, "use Debian 12 or newer: Python 3.11 or newer")
    return Finding("ok", "python", version)


def _libraries() -> Iterator[Finding]:
    for module, package in LIBRARIES.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            remedy = f"./run demo installs {package}; or pip install {package}"
            yield Finding("FIX", package, str(error), remedy)
        else:
            yield Finding("ok", package, "loads")


def _pyzbar() -> Finding:
    try:
        importlib.import_module("pyzbar.pyzbar")
    except ImportError:
        remedy = "sudo apt-get install libzbar0 (on Debian 13: libzbar0t64)"
        return Finding(
            "note", "pyzbar", "libzbar0 is missing; codes are read by zxing-cpp alone", remedy
        )
    return Finding("ok", "pyzbar", "loads: one more rung of the code ladder")


def _gpio() -> Finding:
    chips = sorted(Path("/dev").glob("gpiochip*"))
    if not chips:
        return Finding("note", "gpio", "no GPIO chip; only simulated devices work here")
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        remedy = "add this account to the group gpio, or run by the systemd unit"
        return Finding("FIX", "gpio", f"{chips[0]} may not be opened", remedy)
    try:
        importlib.import_module("lgpio")
    except (ImportError, OSError):
        remedy = "sudo apt-get install python3-lgpio (Python 3.13), or pip install lgpio"
        return Finding("FIX", "gpio", "the library lgpio does not load", remedy)
    return Finding("ok", "gpio", f"{len(chips)} chips, lgpio loads")


def _serial_ports() -> Finding:
    ports = sorted(Path("/dev/serial/by-id").glob("*"))
    if not ports:
        return Finding("note", "serial ports", "none under /dev/serial/by-id")
    names = ", ".join(str(port) for port in ports)
    return Finding("ok", "serial ports", names)


def _cameras() -> Finding:
    cameras = sorted(Path("/dev/v4l/by-id").glob("*-index0"))
    if not cameras:
        return Finding("note", "cameras", "none under /dev/v4l/by-id")
    return Finding("ok", "cameras", ", ".join(str(camera) for camera in cameras))


def _clock() -> Finding:
    sync, err_ms = kernel_sync()
    match sync:
        case ClockSync.NTP:
            return Finding("ok", "clock", f"synchronised, within {err_ms} ms")
        case ClockSync.RTC:
            return Finding("ok", "clock", "kept by a battery clock")
        case ClockSync.NONE:
            remedy = "connect the network once, add an RTC, or set clock.trust if it is kept"
            return Finding("note", "clock", "not synchronised: no code is believed", remedy)


def _warnings(settings: Settings) -> tuple[str, ...]:
    return tuple(getattr(settings, "warnings", ()))


def _state(settings: Settings) -> Finding:
    state_dir = settings.kiosk.state_dir
    if not state_dir.is_dir():
        return Finding("FIX", "state", f"{state_dir} is missing", f"kiosk init {state_dir}")
    if not os.access(state_dir, os.W_OK):
        return Finding(
            "FIX", "state", f"{state_dir} may not be written", f"sudo chown -R kiosk {state_dir}"
        )
    return Finding("ok", "state", str(state_dir))


def _disk(state_dir: Path) -> Finding:
    if not state_dir.is_dir():
        return Finding("note", "disk", "not looked at: there is no state directory")
    free_mb = shutil.disk_usage(state_dir).free >> 20
    if free_mb < MIN_FREE_MB:
        return Finding("FIX", "disk", f"{free_mb} MB free", f"make room: {MIN_FREE_MB} MB at least")
    return Finding("ok", "disk", f"{free_mb} MB free")


def _service(what: str, url: str) -> Finding:
    client = HttpClient(url, deadline_s=HUB_S)
    try:
        reply = client.call(Ask("GET", "/healthz"))
    except RemoteError as error:
        return Finding("FIX", what, str(error), f"start it, or correct {what}.url")
    finally:
        client.close()
    if reply.status == HTTPStatus.OK:
        return Finding("ok", what, f"{url} answers")
    return Finding("FIX", what, f"{url} answers {reply.status}", f"see the log of kiosk {what}")
