"""The lines that the eye says on its socket: a code seen, or how the camera is; JSON, one a line.

Whoever reads them trusts none of it: a code is checked against the token grammar again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from drivers.base import CodeRead, Health
from drivers.qr_token import is_token

LINE_BYTES: Final = 4096  # a code takes some 600 bytes
EVERY_S: Final = 1.0  # how often the eye says how it is
COUNTERS: Final = ("frames", "stale", "decoded", "rejected", "extra", "faults")
DETAIL_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Seeing:
    """How the eye's camera is.

    Attributes:
        is_open: Whether the eye has its camera; without it no code can come.
    """

    is_open: bool
    health: Health


def encode_code(read: CodeRead) -> bytes:
    """Return the line for a code."""
    return _line({"code": read.text, "at": read.at})


def encode_seeing(seeing: Seeing) -> bytes:
    """Return the line for the camera's state."""
    health = seeing.health
    return _line(
        {
            "open": seeing.is_open,
            "ok": health.ok,
            "detail": health.detail,
            "last_seen": health.last_seen,
            "counters": dict(health.counters),
        }
    )


def decode(line: bytes, device: str) -> CodeRead | Seeing | None:
    """Return what a line says; None when it says nothing that may be believed."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    return _code(said, device) if "code" in said else _seeing(said)


def _line(said: Mapping[str, object]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _code(said: Mapping[str, object], device: str) -> CodeRead | None:
    text, at = said["code"], _seconds(said.get("at"))
    if not isinstance(text, str) or not is_token(text) or at is None:
        return None
    return CodeRead(text, at, device)


def _seeing(said: Mapping[str, object]) -> Seeing | None:
    is_open, ok, detail = said.get("open"), said.get("ok"), said.get("detail")
    if not isinstance(is_open, bool) or not isinstance(ok, bool) or not isinstance(detail, str):
        return None
    given = said.get("counters")
    told = given if isinstance(given, dict) else {}
    counters = {name: told[name] for name in COUNTERS if _is_count(told.get(name))}
    plain = "".join(letter for letter in detail[:DETAIL_CHARS] if letter.isprintable())
    return Seeing(is_open, Health(ok, plain, _seconds(said.get("last_seen")), counters))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if isfinite(seconds) else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
