"""What `kiosk doctor` says about one thing that it looked at."""

import grp
import os
import pwd
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

May = Callable[[Path, int], bool]
"""Says whether this account may use a path so, as `os.access` does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        mark: "OK", "NOTE" (works, but could be better) or "FIX".
        what: Its name.
        remedy: One line: what to do; "" when nothing.
    """

    mark: str
    what: str
    detail: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as JSON, the mark in lower case."""
        return {**asdict(self), "mark": self.mark.lower()}


def ok(what: str, detail: str) -> Finding:
    """Return that this is well."""
    return Finding("OK", what, detail)


def note(what: str, detail: str, remedy: str = "") -> Finding:
    """Return that this works but could be better."""
    return Finding("NOTE", what, detail, remedy)


def fix(what: str, detail: str, remedy: str) -> Finding:
    """Return that this must be mended before the kiosk works."""
    return Finding("FIX", what, detail, remedy)


def account() -> str:
    """Return the name of the account that looks."""
    uid = os.getuid()
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def join(path: Path, group: str) -> str:
    """Return how to give this account the device, by the group that it belongs to.

    Args:
        group: The group it has on Debian, in case the device says root.
    """
    with suppress(KeyError, OSError):
        found = grp.getgrgid(path.stat().st_gid).gr_name
        group = group if found == "root" else found
    return f"sudo usermod -aG {group} {account()}, then log in again"
