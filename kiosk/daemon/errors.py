"""What can keep the daemon from starting or going on, one plain line each.

DaemonError
+-- AlreadyRunningError   another daemon serves this state directory
+-- NoRulesError          the owner's documents are not there and the hub cannot give them
+-- NotRunningError       nobody answers on the control socket
+-- ThreadDiedError       a fault of our own ended it, in order
"""


class DaemonError(Exception):
    """Root of the daemon's errors; no pin is energised."""

    exit_code: int = 2


class AlreadyRunningError(DaemonError):
    """Another daemon has the state directory."""


class NoRulesError(DaemonError):
    """There are no signed documents to decide by."""

    exit_code = 4


class NotRunningError(DaemonError):
    """No daemon answers on this state directory."""

    exit_code = 4


class ThreadDiedError(DaemonError):
    """A thread died of a fault, and the daemon stopped in order; the next start recovers."""

    exit_code = 70  # sysexits.h EX_SOFTWARE
