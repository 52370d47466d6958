"""What stops the score service, in one line each.

ScoringError
+-- StateError      the state directory is damaged, in use or written by a newer version
+-- TooEarlyError   a policy moves a threshold that has not stood long enough; it waits
"""


class ScoringError(Exception):
    """Root of the score service's errors; no message names a customer, a token or a number."""

    exit_code: int = 2


class StateError(ScoringError):
    """The state directory cannot be used as it is; nothing in it was changed."""


class TooEarlyError(ScoringError):
    """A policy moves a threshold before its time; the one before stays in force."""
