"""A play in plain words: what happens, what the kiosk answers, how an exit came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kiosk.core.epc import sgtin96
from kiosk.core.money import plain
from kiosk.core.reasons import WORDS, Reason
from kiosk.stage.plot import Script, Step
from kiosk.stage.witness import Seen

SENTENCES: Final = {
    "show_qr": "{who} shows a code{age}{inverted}",
    "replay_qr": "{who} shows a code that was used before",
    "forge_qr": "{who} shows a forged code",
    "show_text": "somebody shows a code that is none of ours",
    "show_fob": "{who} holds a fob to the reader",
    "choose voucher": "{who} shows a voucher",
    "choose vouched": "staff vouch for {who}",
    "choose leave": "{who} goes away",
    "door open": "the door opens",
    "door closed": "the door closes",
    "take": "{who} takes {things}",
    "put_back": "{who} puts back {things}",
    "shelf": "beside the exit stand {things}",
    "exit": "{who} leaves",
    "exit nobody": "with nobody known, out goes {things}",
    "pay": "{who} pays {amount}",
    "lose provider": "the score provider is cut off",
    "lose hub": "the hub is cut off",
    "lose reader": "the exit reader is cut off",
    "lose camera": "the camera is cut off",
    "restore provider": "the score provider is back",
    "restore hub": "the hub is back",
    "restore reader": "the exit reader is back",
    "restore camera": "the camera is back",
    "wait": "{time} pass",
}
"""By step, and where it matters by its way, state or device."""

WAYS: Final = {
    "score": "let in, by score",
    "voucher": "let in, by voucher",
    "vouched": "let in, on the word of staff",
}
OUTCOMES: Final = {
    "paid": "all is paid",
    "empty": "nothing to pay",
    "unresolved": "unresolved, and nobody is accused",
}
UNITS: Final = ((86_400, "days"), (3600, "h"), (60, "min"))
SHORT_S: Final = 1.0
MANY: Final = 3
"""More things than this are counted, not named."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody went out.

    Attributes:
        who: The customer, or "nobody known".
        came_to: The outcome in words.
        lines: What went along, one line each.
    """

    who: str
    came_to: str
    lines: tuple[str, ...] = ()


class Narrator:
    """Tells one script."""

    def __init__(self, script: Script) -> None:
        self._currency = script.currency
        self._names = {item.gtin: item.name for item in script.items}

    def said(self, step: Step) -> str:
        """Return a step as a sentence without its full stop."""
        sentence = self._sentence(step)
        return f"{duration(step.after_s)} later, {sentence}" if step.after_s > SHORT_S else sentence

    def answered(self, seen: Seen) -> str:
        """Return the kiosk's answer to a customer."""
        if seen.granted:
            return WAYS.get(seen.way or "", "let in")
        words = WORDS[Reason(seen.reason)].title if seen.reason in set(Reason) else seen.reason
        verb = "refused" if seen.decision == "refused" else "offered another way in"
        return f"{verb}: {words}"

    def came_to(self, seen: Seen) -> str:
        """Return how a visit came out."""
        if seen.outcome is None:
            return "was not inside"
        if seen.outcome == "unpaid":
            return f"owes {plain(seen.unpaid_minor, self._currency)}"
        return OUTCOMES.get(seen.outcome, seen.outcome)

    def departure(self, who: str, seen: Seen) -> Departure:
        """Return a customer's exit."""
        return Departure(who, self.came_to(seen), tuple(self._line(line) for line in seen.lines))

    def loss(self, epcs: Sequence[str]) -> Departure:
        """Return an exit with nobody known."""
        lines = tuple(self._name(epc) for epc in epcs)
        return Departure("nobody known", "recorded, and pinned on nobody", lines)

    def _sentence(self, step: Step) -> str:
        kind = step.do
        if more := step.way or step.state or step.device:
            kind = f"{step.do} {more}"
        elif step.do == "exit" and not step.customer:
            kind = "exit nobody"
        things = self._things(step.epcs)
        amount = f"for {things}" if step.epcs else plain(step.amount_minor, self._currency)
        return SENTENCES[kind].format(
            who=step.customer,
            things=things,
            amount=amount,
            age=f", {duration(step.age_s)} old" if step.age_s else "",
            inverted=", white on black" if step.inverted else "",
            time=duration(step.for_s),
        )

    def _things(self, epcs: Sequence[str]) -> str:
        if not epcs or len(epcs) > MANY:
            return f"{len(epcs) or 'no'} things"
        names = [self._name(epc) for epc in epcs]
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

    def _name(self, epc: str) -> str:
        found = sgtin96(bytes.fromhex(epc))
        return self._names.get(found.gtin, "something else") if found else "something else"

    def _line(self, line: Mapping[str, Any]) -> str:
        name = line["name"] or "not of this shop"
        if line["price_minor"] is None:
            return str(name)
        paid = "paid" if line["paid"] else "not paid"
        return f"{name}, {plain(line['price_minor'], self._currency)}, {paid}"


def duration(seconds: float) -> str:
    """Return seconds as people say them, such as 2 h; rounded to whole units."""
    for unit_s, name in UNITS:
        if seconds >= 2 * unit_s or seconds == unit_s:
            count = round(seconds / unit_s)
            return f"{count} {name if count > 1 or name != 'days' else 'day'}"
    return f"{seconds:g} s"
