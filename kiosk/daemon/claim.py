"""One daemon a state directory: the claim that a second one does not get."""

import fcntl
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from kiosk.daemon.errors import AlreadyRunningError

LOCK: Final = "daemon.lock"
PID: Final = "daemon.pid"


def claim(state_dir: Path, stack: ExitStack) -> None:
    """Lock the state directory for this process, and say who holds it."""
    try:
        handle = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        remedy = "this account must be able to write there"
        if isinstance(error, FileNotFoundError):
            remedy = "run kiosk init first"
        raise AlreadyRunningError(f"{state_dir}: {error.strerror}; {remedy}") from error
    stack.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise AlreadyRunningError(
            f"{state_dir}: another daemon serves it; stop that one first"
        ) from error
    pid = state_dir / PID
    stack.callback(pid.unlink, missing_ok=True)
    with suppress(OSError):  # a full disk; only a play reads it
        pid.write_text(f"{os.getpid()}\n", encoding="ascii")
