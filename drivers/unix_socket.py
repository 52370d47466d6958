"""A listening Unix socket that appears whole: whoever sees its path can connect to it."""

import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600
NEW: Final = ".new"  # of the name under which a socket is made ready


def listen_at(path: Path, backlog: int, access: int = OWNER_ONLY) -> socket.socket:
    """Return a socket that listens at `path`; one that a dead process left there is replaced.

    Args:
        backlog: How many callers may wait to be taken in.
        access: Permissions that may be given at most, as far as the umask leaves them; the owner
            may always connect.

    Raises:
        OSError: The path is too long or cannot be written; what was there is unchanged.
    """
    fresh = path.with_suffix(NEW)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        fresh.unlink(missing_ok=True)  # of a process that was cut off here
        listener.bind(str(fresh))
        fresh.chmod(fresh.stat().st_mode & access | OWNER_ONLY)
        listener.listen(backlog)
        # Only now, so that nobody who waits for the path to appear is refused (connect(2)).
        fresh.replace(path)
    except OSError:
        listener.close()
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    return listener
