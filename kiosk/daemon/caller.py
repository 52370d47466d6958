"""Asks a running daemon one question over its control socket; for the command line."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kiosk.daemon.control import SOCKET
from kiosk.daemon.errors import NotRunningError

CALL_S: Final = 6.0  # the daemon gives up after five


def ask(state_dir: Path, question: Mapping[str, object]) -> dict[str, Any]:
    """Return the daemon's answer.

    Raises:
        NotRunningError: No daemon serves this state directory, or it did not answer.
        DaemonError: It answered that it would not.
    """
    path = state_dir / SOCKET
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(CALL_S)
        try:
            line.connect(str(path))
            line.sendall(json.dumps(question).encode() + b"\n")
            with line.makefile("rb") as stream:
                answer = json.loads(stream.readline() or b"null")
        except (OSError, ValueError) as error:
            raise NotRunningError(
                f"{path}: no kiosk answers there; start it with kiosk run, or name another place"
            ) from error
    if not isinstance(answer, dict):
        raise NotRunningError(f"{path}: the kiosk hung up; see its log")
    return answer


def is_running(state_dir: Path) -> bool:
    """Return whether a daemon serves this state directory and answers."""
    try:
        ask(state_dir, {"do": "status"})
    except NotRunningError:
        return False
    return True
