"""What stops the score service, in one line each."""


class ScoringError(Exception):
    """Root of the score service's errors.

    ScoringError
    +-- StateError    the state directory is damaged, in use or written by a newer version
    +-- ListenError   the address is taken or not ours

    A message names place and remedy, never a customer, a token or a number.
    """

    exit_code: int = 2


class StateError(ScoringError):
    """The state directory cannot be used as it is; nothing in it was changed."""


class ListenError(ScoringError):
    """The address cannot be listened on."""
