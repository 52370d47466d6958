"""One writer per ledger, held as a lock on a file beside it; the file also says whose log began.

That it began is kept outside of the ledger, so that a ledger that is lost is not taken for one
that never was: a second log of the same key contradicts every head that was signed before.
"""

import fcntl
import os
from contextlib import suppress
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


def require_not_lost(held: int, path: Path, vkey: str) -> None:
    """Refuse to begin the log of this key anew where it was begun before.

    Args:
        held: The writer's lock.
        path: The ledger, looked at before anything makes a file there.
        vkey: Verifier key of the log.

    Raises:
        LedgerError: The ledger is away or empty.
    """
    began = os.pread(held, len(vkey) + 1, 0).decode(errors="replace") == vkey
    if began and not (path.exists() and path.stat().st_size):
        raise LedgerError(
            f"{path}: the ledger that began here is gone; put a backup back, "
            "or begin a new state directory with kiosk init"
        )


def remember_begun(held: int, vkey: str) -> None:
    """Keep beside a ledger that is on the disk whose log began; a full disk is no error.

    A start that could not write it leaves the words to the next one.
    """
    if os.pread(held, len(vkey) + 1, 0) == vkey.encode():
        return
    with suppress(OSError):
        os.ftruncate(held, 0)
        os.pwrite(held, vkey.encode(), 0)
        os.fsync(held)


def unlock(held: int) -> None:
    """Let go of the lock; the file stays, since removing it would race with the next writer."""
    os.close(held)
