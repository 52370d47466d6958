"""What the customer reads on the screen: a title and the lines below it (P9).

Whoever is turned away reads why, the next way in, how to have a person look at it, and the code
to name when asking.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kiosk.core.commands import Show
from kiosk.core.reasons import EXPLAINED, WORDS
from kiosk.core.values import Way

WAY_WORDS: Final = MappingProxyType(
    {
        Way.SCORE: "show your code",
        Way.VOUCHER: "use a voucher",
        # Whether staff vouch already is asked only when it is chosen, so both must read true.
        Way.VOUCHED: "choose vouched; if staff do not vouch for you yet, ask them first",
    }
)
HUMAN: Final = "If you think this is wrong, ask staff: a person will look at it."
STAFF_ONLY: Final = "Staff can let you in."


@dataclass(frozen=True, slots=True)
class Notice:
    """One screen of text."""

    title: str
    lines: tuple[str, ...]


def notice(show: Show) -> Notice:
    """Return what the customer reads."""
    words = WORDS[show.reason]
    lines = [words.meaning, *show.lines, words.next_step]
    if show.wait_s:
        lines.append(f"Try again in {show.wait_s} s.")
    lines += [_other_ways(show), *(f"- {WAY_WORDS[way]}" for way in show.ways)]
    if show.reason in EXPLAINED:
        lines += [HUMAN, f"Reason: {show.reason.value}"]
    return Notice(words.title, tuple(line for line in lines if line))


def _other_ways(show: Show) -> str:
    if show.ways:
        return "You can come in another way:"
    return "" if WORDS[show.reason].next_step else STAFF_ONLY
