"""One writer per ledger, held as a lock on a file beside it."""

import fcntl
import os
from pathlib import Path
from typing import Final

from kiosk.ledger.errors import LedgerError

LOCK_FILE: Final = "ledger.lock"


def lock_beside(path: Path) -> int:
    """Take the writer's lock of the ledger at `path`; return the descriptor that holds it.

    The kernel lets go when the process ends, however it ends.

    Raises:
        LedgerError: Another process has it, or the directory cannot be written.
    """
    place = path.with_name(LOCK_FILE)
    try:
        held = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerError(f"{place}: {error.strerror}; give a directory to write in") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise LedgerError(
            f"{path}: in use by another process; stop it, or ask the running kiosk"
        ) from error
    return held


def unlock(held: int) -> None:
    """Let go of the lock; the file stays, since removing it would race with the next writer."""
    os.close(held)
