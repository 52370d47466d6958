"""The machine under a kiosk: Python, libraries, clock, state directory and disk."""

import importlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kiosk.cli.doctor_finding import Finding, account, fix, note, ok
from kiosk.clock import kernel_sync
from kiosk.core.values import ClockSync
from kiosk.settings import Settings

MIN_FREE_MB: Final = 64  # trust note T30: stop selling before stopping to record
OLDEST: Final = (3, 11)
LIBRARIES: Final = {
    "cv2": "opencv-python-headless",
    "zxingcpp": "zxing-cpp",
    "serial": "pyserial",
    "gpiozero": "gpiozero",
}
OTHERS: Final = 0o077
SECRETS: Final = ("log.key", "wrap.key")

Load = Callable[[str], object]
"""Imports a module by its name."""


def software(
    load: Load = importlib.import_module, version: tuple[int, ...] = sys.version_info[:3]
) -> Iterator[Finding]:
    """Yield whether Python and the libraries are there."""
    number = ".".join(str(part) for part in version)
    if version < OLDEST:
        yield fix("python", number, "use Debian 12 or newer: Python 3.11 or newer")
    else:
        yield ok("python", number)
    for module, package in LIBRARIES.items():
        try:
            load(module)
        except ImportError as error:
            yield fix(package, str(error), f"{sys.executable} -m pip install {package}")
        else:
            yield ok(package, "loads")
    yield _zbar(load)


def _zbar(load: Load) -> Finding:
    """Return whether the second decoder loads; the package's name changed with Debian 13."""
    try:
        load("pyzbar.pyzbar")
    except ImportError:
        detail = "is missing: hard codes are read by zxing-cpp alone"
        return note("libzbar0", detail, "sudo apt-get install libzbar0")
    return ok("libzbar0", "loads: one more rung of the code ladder")


def clock(settings: Settings | None, sync: tuple[ClockSync, int] | None = None) -> Finding:
    """Return whether the time is known; without it no ID is believed.

    Args:
        sync: How the kernel knows the time, and the bound of its error in ms; asked if not given.
    """
    how, err_ms = sync or kernel_sync()
    if settings is not None and settings.clock_trust == "always":
        how = ClockSync.TRUSTED
    match how:
        case ClockSync.TRUSTED:
            return ok("clock", 'believed, as clock.trust = "always" says')
        case ClockSync.NTP:
            return ok("clock", f"synchronised, within {err_ms} ms")
        case ClockSync.RTC:
            return ok("clock", "kept by a battery clock")
        case ClockSync.NONE:
            remedy = "sudo timedatectl set-ntp true and connect the network, or add a battery clock"
            if settings is None:
                return note(
                    "clock", "is not synchronised; a kiosk here would believe no ID", remedy
                )
            return fix("clock", "is not synchronised, so no ID is believed", remedy)


def state(settings: Settings) -> Iterator[Finding]:
    """Yield whether the state directory is there, ours alone, whole, and has room."""
    directory = settings.kiosk.state_dir
    if not directory.is_dir():
        yield fix("state", f"{directory} is missing", f"kiosk init {directory}")
        return
    yield _ours(directory)
    missing = [name for name in SECRETS if not (directory / name).exists()]
    if missing:
        detail = f"{directory} has no {' and '.join(missing)}"
        yield fix("keys", detail, "restore the backup; for a new kiosk: kiosk init DIR")
    yield disk(shutil.disk_usage(directory).free >> 20)


def disk(free_mb: int) -> Finding:
    """Return whether the disk has room for what is to be recorded."""
    if free_mb < MIN_FREE_MB:
        return fix("disk", f"{free_mb} MB free", f"make room: {MIN_FREE_MB} MB at least")
    return ok("disk", f"{free_mb} MB free")


def _ours(directory: Path) -> Finding:
    found = directory.stat()
    if found.st_uid != os.getuid():
        return _of_another(directory, found.st_uid)
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return fix("state", f"{directory} may not be written", f"chmod u=rwx {directory}")
    for path in (directory, *sorted(directory.glob("*.key")), *sorted(directory.glob("*.db"))):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & OTHERS and (path == directory or path.suffix == ".key"):
            return fix("state", f"{path}: others may look ({mode:o})", f"chmod go= {path}")
    return ok("state", f"{directory} is {account()}'s alone")


def _of_another(directory: Path, owner: int) -> Finding:
    """Return that another account owns the directory: no harm when that one runs the kiosk."""
    from pwd import getpwuid

    try:
        name = getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    if os.getuid() == 0:
        detail = f"{directory} is {name}'s; as root nothing else can be said"
        return note("state", detail, f"look as the account that runs the kiosk: sudo -u {name} ...")
    remedy = f"run the kiosk as {name}, or sudo chown -R {account()} {directory}"
    return fix("state", f"{directory} is {name}'s, and this is {account()}", remedy)
