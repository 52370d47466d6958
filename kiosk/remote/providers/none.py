"""The provider of a shop that asks nobody: every door opens by the other ways in."""

from kiosk.core.values import Answer
from kiosk.remote.providers.base import CheckRequest, unknown


class NoProvider:
    """Knows nothing about anybody, and that is no fault."""

    kind = "none"

    def check(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        """Return unknown for every threshold."""
        del now_s, deadline_s
        return unknown(request, self.kind)

    def close(self) -> None:
        """Do nothing: nothing is open."""
