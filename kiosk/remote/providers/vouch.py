"""The provider of staff: their word, kept in the allow-list, for customers without a score."""

from pathlib import Path

from kiosk.core.values import Answer, Verdict
from kiosk.remote.errors import AllowListError
from kiosk.remote.providers.allow_list import AllowList
from kiosk.remote.providers.base import CheckRequest, Fault, unknown


class VouchProvider:
    """Says yes for a customer whom staff vouch for, and never no.

    Args:
        path: The allow-list; it is read at each check, so an edit counts at once.
    """

    kind = "vouch"

    def __init__(self, path: Path) -> None:
        self._list = AllowList(path)

    def check(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        """Return yes for every threshold while staff's word holds, else unknown; never raises."""
        del deadline_s
        try:
            found = [one for one in self._list.read() if one.customer == request.customer]
        except AllowListError:
            return unknown(request, self.kind, Fault.BROKEN_LIST)
        if any(one.holds(now_s) for one in found):
            verdicts = dict.fromkeys(request.thresholds, Verdict.YES)
            return Answer(request.request_id, verdicts, ("vouched",), provider=self.kind)
        return unknown(request, self.kind, reasons=("vouch-expired",) if found else ())

    def close(self) -> None:
        """Do nothing: the file is closed after each check."""
