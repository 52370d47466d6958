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
        self._entries: OrderedDict[_Key, Answer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, request: CheckRequest, answer: Answer, now_s: int) -> None:
        """Keep `answer` until it runs out, if it says yes or no to every threshold."""
        for key, old in tuple(self._entries.items()):
            if old.valid_until_s <= now_s:
                self._entries.pop(key, None)
        key = _key(request)
        self._entries.pop(key, None)
        if answer.valid_until_s <= now_s or Verdict.UNKNOWN in answer.answers.values():
            return
        self._entries[key] = answer
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def find(self, request: CheckRequest, now_s: int) -> Answer | None:
        """Return the answer that still holds, as one to `request`; None when there is none."""
        answer = self._entries.get(_key(request))
        if answer is None or answer.valid_until_s <= now_s:
            return None
        return replace(answer, request_id=request.request_id)


def _key(request: CheckRequest) -> _Key:
    return _Key(request.customer, request.purpose, frozenset(request.thresholds))
