"""What can keep the daemon from starting, one plain line each.

DaemonError
+-- AlreadyRunningError   another daemon serves this state directory
+-- NoRulesError          the owner's documents are not there and the hub cannot give them
+-- NotRunningError       nobody answers on the control socket
"""


class DaemonError(Exception):
    """Root of the daemon's errors; no pin was touched."""

    exit_code: int = 2


class AlreadyRunningError(DaemonError):
    """Another daemon has the state directory."""


class NoRulesError(DaemonError):
    """There are no signed documents to decide by."""

    exit_code = 4


class NotRunningError(DaemonError):
    """No daemon answers on this state directory."""

    exit_code = 4
