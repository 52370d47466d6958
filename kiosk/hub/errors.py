"""The hub's errors: what stops the process, and what a caller is refused with.

HubError
+-- HubStateError     the state directory is missing something, damaged, or of another shop
|   +-- HubVersionError   its database was written by a newer kiosk
+-- ItemsError        a list of items, or the key to sign it with, is wrong; one line for each
+-- RefusalError      one request is refused; nothing was changed
"""

from collections.abc import Mapping

from kiosk.core.values import Json


class HubError(Exception):
    """Root of the hub's errors."""

    exit_code: int = 2


class HubStateError(HubError):
    """The state directory cannot be used as it is."""


class HubVersionError(HubStateError):
    """The database was written by a newer version; nothing was changed."""


class ItemsError(HubError):
    """What is wrong with a list of items, one line each; nothing was published."""


class RefusalError(HubError):
    """One request is refused, with the reason in one line.

    Attributes:
        status: HTTP status to answer with.
        kind: Short machine word, the `type` of the problem document.
        detail: One line for a reader.
        extra: Further members of the problem document.
    """

    def __init__(
        self, status: int, kind: str, detail: str, extra: Mapping[str, Json] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.extra: Mapping[str, Json] = extra or {}
