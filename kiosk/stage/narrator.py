"""A play in plain words: what happens, what the kiosk answers, how an exit came out."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kiosk.core.epc import sgtin96
from kiosk.core.money import plain
from kiosk.core.reasons import WORDS, Reason
from kiosk.stage.plot import Script, Step
from kiosk.stage.witness import Seen

SENTENCES: Final = {
    "show_qr": "{who} shows an ID QR{age}{inverted}",
    "replay_qr": "{who} shows an ID QR that was used before",
    "forge_qr": "{who} shows a forged ID QR",
    "show_text": "Somebody shows a QR that is no ID QR",
    "show_fob": "{who} holds a fob to the reader",
    "choose voucher": "{who} shows a voucher",
    "choose vouched": "Staff vouch for {who}",
    "choose leave": "{who} goes away",
    "choose group": "{who} says that others come in too",
    "door open": "The door opens",
    "door closed": "The door closes",
    "take": "{who} takes {things}",
    "put_back": "{who} puts back {things}",
    "shelf": "On the shelf beside the exit: {things}",
    "exit": "{who} leaves",
    "exit nobody": "Nobody known is inside, and out goes {things}",
    "pay": "{who} pays {amount}",
    "lose provider": "Score provider down",
    "lose hub": "Hub down",
    "lose reader": "Exit reader unplugged",
    "lose camera": "Camera unplugged",
    "restore provider": "Score provider up again",
    "restore hub": "Hub up again",
    "restore reader": "Exit reader plugged in again",
    "restore camera": "Camera plugged in again",
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
UNNAMED: Final = "something else"
UNITS: Final = ((86_400, "days"), (3600, "h"), (60, "min"))
SHORT_S: Final = 1.0
MANY: Final = 3
"""More things than this are counted, not named."""


@dataclass(frozen=True, slots=True)
class Line:
    """A thing that went out; price and "paid" or "not paid" in words, "" with nobody known."""

    name: str
    price: str = ""
    paid: str = ""


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody went out.

    Attributes:
        who: The customer, or "nobody known".
        came_to: The outcome in words.
        total: Of all prices, in words; "" without any.
    """

    who: str
    came_to: str
    lines: tuple[Line, ...] = ()
    total: str = ""


class Narrator:
    """Tells one script."""

    def __init__(self, script: Script) -> None:
        self._currency = script.currency
        self._names = {item.gtin: item.name for item in script.items}

    def said(self, step: Step) -> str:
        """Return a step as a sentence without its full stop."""
        sentence = self._sentence(step)
        return f"{duration(step.after_s)} later: {sentence}" if step.after_s > SHORT_S else sentence

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

    def departure(
        self, who: str, seen: Seen, carried: Sequence[str] = (), left: Collection[str] = ()
    ) -> Departure:
        """Return a customer's exit.

        Args:
            carried: What they took out.
            left: What was taken out by anybody before.
        """
        lines = tuple(self._line(line) for line in seen.lines)
        total = plain(sum(line["price_minor"] for line in seen.lines), self._currency)
        came_to = self.came_to(seen)
        if seen.outcome == "empty" and (why := self._why_nothing(carried, left)):
            came_to = f"{came_to}: {why}"
        return Departure(who, came_to, lines, total if lines else "")

    def loss(self, epcs: Sequence[str]) -> Departure:
        """Return an exit with nobody known."""
        lines = tuple(Line(self.name(epc)) for epc in epcs)
        return Departure("nobody known", "recorded, and pinned on nobody", lines)

    def name(self, epc: str) -> str:
        """Return what the catalogue calls this tag."""
        found = sgtin96(bytes.fromhex(epc))
        return self._names.get(found.gtin, UNNAMED) if found else UNNAMED

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
        counts = Counter(self.name(epc) for epc in epcs)
        names = [f"{count} x {name}" if count > 1 else name for name, count in counts.items()]
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

    def _why_nothing(self, carried: Sequence[str], left: Collection[str]) -> str:
        """Return why nothing is owed for what was carried out, "" when that is not known."""
        old = [epc for epc in carried if epc in left]
        own = [epc for epc in carried if epc not in left and self.name(epc) == UNNAMED]
        reasons = [f"{self._things(old)} left the shop before"] if old else []
        return ", and ".join(reasons + [f"{self._things(own)} never was the shop's"] * bool(own))

    def _line(self, line: Mapping[str, Any]) -> Line:
        price = plain(line["price_minor"], self._currency)
        return Line(line["name"], price, "paid" if line["paid"] else "not paid")


def duration(seconds: float) -> str:
    """Return seconds as people say them, such as 2 h; rounded to whole units."""
    for unit_s, name in UNITS:
        if seconds >= 2 * unit_s or seconds == unit_s:
            count = round(seconds / unit_s)
            return f"{count} {name if count > 1 or name != 'days' else 'day'}"
    return f"{seconds:g} s"
