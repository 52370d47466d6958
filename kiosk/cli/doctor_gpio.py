"""The pins: is the library there, and may this account use the chip?"""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kiosk.cli.doctor_finding import Finding, May, fix, join, note, ok
from kiosk.settings import Settings

DEV: Final = Path("/dev")
PACKED: Final = Path("/usr/lib/python3/dist-packages/lgpio.py")
NO_WHEEL: Final = (3, 13)  # PyPI's lgpio 0.2.2.0 has wheels up to Python 3.12
ANEW: Final = "make .venv anew so that it sees it: rm -r .venv && ./run setup"

Load = Callable[[str], object]
"""Imports a module by its name."""


def pins(
    settings: Settings,
    dev: Path = DEV,
    load: Load = importlib.import_module,
    may: May = os.access,
) -> Iterator[Finding]:
    """Yield what the pins need: library and chip; nothing is opened.

    Args:
        dev: Where the system keeps its devices.
        load: Imports a module, or raises as `import` does.
        may: Whether this account may use a path.
    """
    wanted = sorted(_on_pins(settings))
    if not wanted:
        yield ok("pins", "none are used by this configuration")
        return
    yield library(load)
    yield _chip(dev, ", ".join(wanted), may)


def library(
    load: Load = importlib.import_module,
    packed: Path = PACKED,
    version: tuple[int, int] = sys.version_info[:2],
) -> Finding:
    """Return whether lgpio loads, and how to get it here.

    Args:
        packed: Where the distribution's package puts it.
        version: Of this Python.
    """
    try:
        load("lgpio")
    except ImportError:
        return fix("lgpio", "the library that drives the pins is missing", _remedy(packed, version))
    except OSError as error:
        directory = os.environ.get("LG_WD") or "this directory"
        return fix("lgpio", f"does not load: {error}", f"let this account write to {directory}")
    return ok("lgpio", "loads")


def _remedy(packed: Path, version: tuple[int, int]) -> str:
    """Return one line for Raspberry Pi OS and for Debian, whose packages a .venv may not see."""
    if packed.exists():
        return f"python3-lgpio is installed, but this .venv does not see it; {ANEW}"
    if version < NO_WHEEL:
        return f"{sys.executable} -m pip install lgpio"
    return f"sudo apt-get install python3-lgpio, then {ANEW}"


def _chip(dev: Path, wanted: str, may: May) -> Finding:
    chips = sorted(dev.glob("gpiochip*"))
    if not chips:
        remedy = 'run it on a Raspberry Pi, or say kind = "sim" in these tables'
        return fix("pins", f"there is no {dev}/gpiochip*, and {wanted} want pins", remedy)
    if not any(may(chip, os.R_OK | os.W_OK) for chip in chips):
        return fix("pins", f"{chips[0]} may not be opened", join(chips[0], "gpio"))
    return ok("pins", f"{chips[0]} may be opened, for {wanted}")


def _on_pins(settings: Settings) -> Iterator[str]:
    """Yield the tables whose devices hang on pins."""
    parts = {"lock": settings.lock, "door": settings.door, "indicator": settings.indicator}
    for name, part in parts.items():
        if part is not None and part.kind == "gpio":
            yield f"[{name}]"
    if settings.exit.trigger in {"button", "beam"} and settings.exit.kind == "gpio":
        yield "[exit]"
    if any(button.kind == "gpio" for button in settings.button):
        yield "[[button]]"


def unconfigured(dev: Path = DEV) -> Finding:
    """Return whether there are pins at all, for a machine without a configuration."""
    chips = sorted(dev.glob("gpiochip*"))
    return note("pins", ", ".join(map(str, chips)) or f"no {dev}/gpiochip*: only simulated devices")
