"""From (role, kind) of the configuration to a device; hardware libraries load only here."""

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from drivers.base import DeviceConfigError, MissingLibraryError
from drivers.options import Options

KINDS: Final[Mapping[tuple[str, str], str]] = {
    ("lock", "gpio"): "drivers.gpio_board:lock",
    ("lock", "sim"): "drivers.sim.gpio:SimLock",
    ("contact", "gpio"): "drivers.gpio_board:contact",
    ("contact", "sim"): "drivers.sim.gpio:SimContact",
    ("indicator", "gpio"): "drivers.gpio_board:indicator",
    ("indicator", "sim"): "drivers.sim.gpio:SimIndicator",
    ("indicator", "none"): "drivers.absent:NoIndicator",
    ("screen", "console"): "drivers.screen:ConsoleScreen",
    ("screen", "sim"): "drivers.sim.screen:SimScreen",
    ("screen", "none"): "drivers.absent:NoScreen",
    ("reader", "m100"): "drivers.rfid.m100_reader:M100Reader",
    ("reader", "r200"): "drivers.rfid.m100_reader:M100Reader",
    ("reader", "rdm6300"): "drivers.rfid.em4100_reader:Em4100Reader",
    ("reader", "id12la"): "drivers.rfid.em4100_reader:Em4100Reader",
    ("reader", "sim"): "drivers.sim.rfid:SimReader",
    ("code", "v4l2"): "drivers.code_camera:v4l2_reader",
    ("code", "file"): "drivers.code_camera:file_reader",
    ("code", "folder"): "drivers.code_camera:folder_reader",
    ("code", "eye"): "drivers.eye_socket:EyeSocket",
    ("code", "sim"): "drivers.sim.camera:SimCamera",
}
PACKAGES: Final = {
    "serial": "pyserial",
    "gpiozero": "gpiozero",
    "cv2": "opencv-python-headless",
    "zxingcpp": "zxing-cpp",
    "segno": "segno",
    "numpy": "numpy",
}
SIM_PORT: Final = "sim:"  # a reader on such a port is simulated, with the protocol of its kind


def create(role: str, kind: str, name: str, options: Options) -> Any:  # noqa: ANN401 - per role
    """Return the device of this role and kind, not yet open.

    Args:
        role: lock, contact, indicator, screen, reader or code.
        kind: As in the configuration; a reader with port "sim:..." is simulated.
        name: The device's name in every reading and error.
        options: The device's section of the configuration.

    Raises:
        DeviceConfigError: No such role or kind, or an option is wrong.
        MissingLibraryError: A library that it needs is not installed.
    """
    if role == "reader" and str(options.get("port", "")).startswith(SIM_PORT):
        options = {**options, "protocol": kind}
        kind = "sim"
    target = KINDS.get((role, kind))
    if target is None:
        raise DeviceConfigError(name, _unknown(role, kind))
    module_name, _, attribute = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        package = PACKAGES.get(missing, missing)
        raise MissingLibraryError(
            name, f"{role} {kind!r} needs the library {package} (kiosk doctor says how to get it)"
        ) from error
    return getattr(module, attribute)(name, options)


def _unknown(role: str, kind: str) -> str:
    """Return what is wrong with a role or kind, with the nearest one that there is."""
    kinds = sorted(each for known, each in KINDS if known == role)
    if not kinds:
        roles = sorted({known for known, _ in KINDS})
        return f"unknown role {role!r} (known: {', '.join(roles)})"
    near = get_close_matches(kind, kinds, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {role} kind {kind!r} ({hint}known: {', '.join(kinds)})"
