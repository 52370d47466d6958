"""Errors of the clients, split by what the caller does next."""

from http import HTTPStatus


class RemoteError(Exception):
    """Root of the errors of services that are asked over HTTP.

    RemoteError
    +-- UnreachableError  no connection, or it broke before an answer: try again later
    |   +-- NoAddressError  what was given is no address: nothing was sent
    +-- TimedOutError     the total deadline passed; the socket was shut down
    +-- RefusedError      the service answered with an error status
    +-- BadAnswerError    what came back is not an answer: cut, oversized or not what was asked
    +-- AllowListError    the allow-list of staff cannot be read or changed: mend the file

    A message names the service and the remedy, never a token, a customer or a path.

    Attributes:
        peer: Address of the service, or path of the list, as configured.
    """

    exit_code: int = 4

    def __init__(self, peer: str, message: str) -> None:
        super().__init__(f"{peer}: {message}")
        self.peer = peer


class UnreachableError(RemoteError):
    """Nobody answers there; whether a request arrived is not known."""


class NoAddressError(UnreachableError):
    """What was given as the address of a service is none; nothing was sent."""

    exit_code = 2


class TimedOutError(RemoteError):
    """The deadline passed; whether a request was carried out is not known."""


class BadAnswerError(RemoteError):
    """An answer arrived that cannot be trusted or understood."""


class RefusedError(RemoteError):
    """The service understood and said no.

    Attributes:
        status: HTTP status, 300 or above.
        reason: One line in the service's words, "" when it gave none.
        retry_after_s: Seconds to wait before asking again; None when it did not say.
    """

    def __init__(
        self, peer: str, status: int, reason: str, retry_after_s: int | None = None
    ) -> None:
        super().__init__(peer, f"refused with status {status}" + (f": {reason}" if reason else ""))
        if status in range(400, 500) and status != HTTPStatus.TOO_MANY_REQUESTS:
            self.exit_code = 2  # who asked must change something; asking again changes nothing
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


class AllowListError(RemoteError):
    """The file of the allow-list is broken or cannot be written; nothing was changed."""

    exit_code = 2
