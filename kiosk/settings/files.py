"""From a file and the environment to settings, or to every fault in them at once.

Precedence: variables of the environment, systemd credentials, the file, defaults.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from kiosk.settings.devices import LockSection
from kiosk.settings.environment import credentials, unknown_variables, variable, variables
from kiosk.settings.errors import SettingsError
from kiosk.settings.faults import fields_at, findings, near
from kiosk.settings.hub import HubSettings
from kiosk.settings.kiosk import Settings
from kiosk.settings.places import Document, Finding, Key, SyntaxFaultError, dotted, parse
from kiosk.settings.rules import broken

T = TypeVar("T", bound=BaseSettings)

MAX_BYTES: Final = 1 << 18  # a full store.toml has some 8,000
SECTIONS: Final = tuple(Settings.model_fields)
KIOSK: Final = "the configuration of a kiosk, for kiosk run"
HUB: Final = "the configuration of a hub, for kiosk hub"
SCRIPT: Final = "a script, for kiosk play"
_PICTURES: Final = ("file", "folder", "eye")


def load(path: Path) -> Settings:
    """Return the configuration of a kiosk.

    Raises:
        SettingsError: With every fault, each at its file and line.
    """
    return _load(Settings, path)


def load_lock(path: Path) -> LockSection | None:
    """Return the lock of a kiosk whatever is wrong elsewhere; None when that is wrong too."""
    try:
        values = _merged(read(path).values, variables(Settings))
        return LockSection.model_validate(values.get("lock"))
    except (SettingsError, ValidationError):
        return None


def load_hub(path: Path) -> HubSettings:
    """Return the configuration of a hub.

    Raises:
        SettingsError: With every fault, each at its file and line.
    """
    return _load(HubSettings, path)


def load_any(path: Path) -> Settings | HubSettings:
    """Return the configuration of whichever the file is for; in doubt, of a kiosk.

    Raises:
        SettingsError: With every fault, each at its file and line.
    """
    return load_hub(path) if what_is(read(path).values) == HUB else load(path)


def what_is(values: Mapping[str, Any]) -> str:
    """Return what a file with these tables is for, as `KIOSK`, `HUB` or `SCRIPT`; "" in doubt."""
    hub = values.get("hub")
    if "kiosk" in values:
        return KIOSK
    if isinstance(hub, dict) and "state_dir" in hub:
        return HUB
    return SCRIPT if "step" in values else ""


def read(path: Path, first: str = "kiosk init DIR makes a first one") -> Document:
    """Return what a file holds, right or wrong.

    Args:
        first: Where a file comes from that is not there.

    Raises:
        SettingsError: No file, not readable, too large, not text or not TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a file name"
        raise SettingsError([f"{path}: {why} ({_remedy(error, first)})"]) from error
    if len(data) > MAX_BYTES:
        raise SettingsError([f"{path}: larger than {MAX_BYTES} bytes (is it a configuration?)"])
    try:
        return parse(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError([f"{path}:{line}: not UTF-8 (save it as UTF-8)"]) from error
    except SyntaxFaultError as error:
        raise SettingsError([f"{path}:{error.line}:{error.column}: not TOML: {error}"]) from error


def _remedy(error: Exception, first: str) -> str:
    """Return what to do about a file that cannot be read."""
    match error:
        case PermissionError():
            return "it is another account's: sudo -u kiosk, or sudo"
        case IsADirectoryError():
            return "name the file in it, such as kiosk.toml"
        case _:
            return first


def told(path: Path, document: Document, found: Iterable[Finding]) -> list[str]:
    """Return a line for every finding, in the order of the file."""
    lines = []
    for key, what in found:
        name = variable(key)
        number = document.line(key) or 1
        place = f"environment {name}" if name else f"{path}:{number}"
        lines.append((0 if name else number, f"{place}: {dotted(key)}: {what}"))
    return [line for _, line in sorted(lines, key=lambda each: each[0])]


def _load(model: type[T], path: Path) -> T:
    document = read(path)
    found, wanted = what_is(document.values), KIOSK if model is Settings else HUB
    if found not in {"", wanted}:
        raise SettingsError([f"{path}: this is {found}; here goes {wanted}"])
    values: Mapping[str, Any] = document.values
    for key, credential in credentials():
        values = _merged(values, _nested(key, str(credential)))
    values = _merged(values, variables(model))
    values = _anchored(model, values, path.absolute().parent)
    known = tuple(model.model_fields)
    faults: list[Finding] = [
        ((name,), f"unknown table ({near(name, known)})") for name in values if name not in known
    ]
    # Only known names: others could be parameters of the class itself, such as _env_file.
    right = {name: value for name, value in values.items() if name in known}
    settings: T | None = None
    try:
        settings = model(**right)
    except ValidationError as error:
        faults.extend(findings(model, error))
    faults.extend(broken(values) if model is Settings else ())
    lines = [*unknown_variables(SECTIONS), *told(path, document, faults)]
    if settings is None or lines:
        raise SettingsError(lines)
    return settings


def _nested(key: Key, value: object) -> dict[str, Any]:
    for word in reversed(key):
        value = {str(word): value}
    return value if isinstance(value, dict) else {}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with the values of `above`, table by table."""

    def value(name: str) -> object:
        """Return the merged value of one key."""
        old, new = below.get(name), above[name]
        return _merged(old, new) if isinstance(old, dict) and isinstance(new, dict) else new

    return {**below, **{name: value(name) for name in above}}


def _anchored(model: type[BaseSettings], values: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the values with relative paths counted from the directory of the file."""
    anchored = dict(values)
    for name, table in values.items():
        if not isinstance(table, dict):
            continue
        fields = fields_at(model, (name,))
        paths = {key for key in table if key in fields and _is_path(fields[key].annotation)}
        if table.get("kind") in _PICTURES:
            paths.add("device")
        anchored[name] = {
            key: str(base / value) if key in paths and isinstance(value, str | Path) else value
            for key, value in table.items()
        }
    return anchored


def _is_path(annotation: object) -> bool:
    """Say whether an annotation such as `Path` or `Annotated[Path, ...] | None` is of a path."""
    return annotation is Path or any(map(_is_path, get_args(annotation)))
