"""The devices that the configuration names: are they there, and may this account use them?

Nothing is opened: a running kiosk holds its devices, and some change when they are opened.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kiosk.cli.doctor_finding import Finding, May, fix, join, note, ok
from kiosk.settings import Settings
from kiosk.settings.devices import CameraSection, ReaderSection
from kiosk.stage.terminals import REMEDY, why_none

DEV: Final = Path("/dev")
CONSOLE: Final = "tty1"
CHANGING_PORTS: Final = ("ttyUSB", "ttyACM")


def devices(settings: Settings, dev: Path = DEV, may: May = os.access) -> Iterator[Finding]:
    """Yield a finding for each device with a path; pins are looked at by `doctor_gpio`.

    Args:
        dev: Where the system keeps its devices.
        may: Whether this account may use a path.
    """
    for reader in settings.reader:
        yield _reader(reader, dev, may)
    for name, camera in (("camera", settings.camera), ("exit camera", settings.exit_camera)):
        if camera is not None:
            yield _camera(name, camera, dev, may)
    if settings.screen is not None and settings.screen.kind == "console":
        yield _console(Path(settings.screen.path or dev / CONSOLE), may)


def plugged(dev: Path = DEV) -> Iterator[Finding]:
    """Yield what is there, for a machine without a configuration."""
    ports, cameras = _names(dev / "serial/by-id"), _names(dev / "v4l/by-id")
    yield note("serial ports", ", ".join(ports) or f"none under {dev}/serial/by-id")
    yield note("cameras", ", ".join(cameras) or f"none under {dev}/v4l/by-id")


def _reader(reader: ReaderSection, dev: Path, may: May) -> Finding:
    what = f"reader {reader.name}"
    if reader.port.startswith("sim:"):
        missing = why_none()
        return fix(what, missing, REMEDY) if missing else ok(what, "simulated")
    if "://" in reader.port:
        return note(what, f"{reader.port} is not looked at", "try it: kiosk rfid scan")
    path = Path(reader.port)
    trouble = _gone(what, path, dev / "serial/by-id") or _shut(what, path, "dialout", may)
    if trouble is not None:
        return trouble
    if path.name.startswith(CHANGING_PORTS):
        return _changing(what, path, dev / "serial/by-id")
    return ok(what, f"{path} may be opened")


def _camera(what: str, camera: CameraSection, dev: Path, may: May) -> Finding:
    if camera.kind == "sim":
        return ok(what, "simulated")
    path = Path(camera.device or "")
    if camera.kind == "eye":
        remedy = "start it: kiosk eye, or systemctl start kiosk-eye"
        if path.is_socket():
            return ok(what, f"the eye listens on {path}")
        return fix(what, f"{path}: no eye listens there", remedy)
    if camera.kind in {"file", "folder"}:
        if path.exists():
            return ok(what, f"pictures from {path}")
        return fix(what, f"{path} is not there", "correct camera.device")
    trouble = _gone(what, path, dev / "v4l/by-id") or _shut(what, path, "video", may)
    if trouble is not None:
        return trouble
    if path.parent == dev:
        return _changing(what, path, dev / "v4l/by-id")
    return ok(what, f"{path} may be opened; kiosk camera test looks through it")


def _console(path: Path, may: May) -> Finding:
    if path.exists() and not may(path, os.W_OK):
        return fix("screen", f"{path} may not be written to", join(path, "tty"))
    if not path.exists() and not path.parent.is_dir():
        return fix("screen", f"{path} is not there", "correct screen.path")
    return ok("screen", f"{path} may be written to")


def _gone(what: str, path: Path, by_id: Path) -> Finding | None:
    """Return that a device is not plugged in, None when it is."""
    if path.exists():
        return None
    others = _names(by_id)
    there = f"plug it in, or name one of: {', '.join(others)}" if others else "plug it in"
    return fix(what, f"{path} is not there", f"{there} (they are listed in {by_id})")


def _shut(what: str, path: Path, group: str, may: May) -> Finding | None:
    """Return that this account may not open a device, None when it may."""
    if may(path, os.R_OK | os.W_OK):
        return None
    return fix(what, f"{path} may not be opened", join(path, group))


def _changing(what: str, path: Path, by_id: Path) -> Finding:
    """Return that the name of a device depends on what is plugged in first."""
    same = [name for name in _names(by_id) if Path(name).resolve() == path.resolve()]
    remedy = f"name it {same[0] if same else f'by its entry in {by_id}'}"
    return note(what, f"{path} changes with the order of plugging", remedy)


def _names(directory: Path) -> list[str]:
    return sorted(str(path) for path in directory.glob("*") if "-index1" not in path.name)
