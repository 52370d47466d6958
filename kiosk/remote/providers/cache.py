"""Signed answers kept in memory until they run out; nothing here ever reaches a disk."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from kiosk.core.values import Answer, CustomerRef, Verdict
from kiosk.remote.providers.base import CheckRequest

MAX_ENTRIES: Final = 1024  # a shop's customers of five minutes, some hundred kilobytes


@dataclass(frozen=True, slots=True)
class _Key:
    customer: CustomerRef
    purpose: str
    thresholds: frozenset[str]


class AnswerCache:
    """The last yes or no about each customer; any thread may use it.

    Single operations on the dictionary are atomic, and a lost entry is only asked for again.

    Args:
        size: Most entries kept; the oldest goes first.
    """

    def __init__(self, size: int = MAX_ENTRIES) -> None:
        self._size = size
        self._entries: OrderedDict[_Key, tuple[Answer, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, request: CheckRequest, answer: Answer, now_s: int) -> None:
        """Keep `answer` until it runs out, if it says yes or no to every threshold."""
        for key, kept in tuple(self._entries.items()):
            if not _holds(kept, now_s):
                self._entries.pop(key, None)
        key = _key(request)
        self._entries.pop(key, None)
        if answer.valid_until_s <= now_s or Verdict.UNKNOWN in answer.answers.values():
            return
        self._entries[key] = (answer, now_s)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def find(self, request: CheckRequest, now_s: int) -> Answer | None:
        """Return the answer that still holds, as one to `request`; None when there is none."""
        kept = self._entries.get(_key(request))
        if kept is None or not _holds(kept, now_s):
            return None
        return replace(kept[0], request_id=request.request_id)


def _holds(kept: tuple[Answer, int], now_s: int) -> bool:
    """Return whether an answer holds; one that is older than the clock says lets nobody in."""
    answer, since_s = kept
    return since_s <= now_s < answer.valid_until_s


def _key(request: CheckRequest) -> _Key:
    return _Key(request.customer, request.purpose, frozenset(request.thresholds))
