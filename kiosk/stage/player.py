"""Plays the steps of a script: moves the simulated world, and waits until the kiosk has seen it.

Every step ends when its effect is seen or its deadline passes; a step whose effect was not seen
is reported, and the day goes on.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from kiosk.core.visit_passing import GROUP_S
from kiosk.remote.errors import RemoteError
from kiosk.stage.errors import EndedError, NotSeenError, ProcessError, StageError
from kiosk.stage.narrator import Departure, Narrator
from kiosk.stage.plot import Script, Step
from kiosk.stage.theatre import Theatre
from kiosk.stage.visitor import PRESS_S, Visitor
from kiosk.stage.witness import Day, Seen

SEEN_S: Final = 5.0  # a code on a noisy picture, a check of 1.5 s, a busy Pi
PAUSE_S: Final = 1.0  # longer pauses move the clock instead of waiting
GONE_S: Final = 3.0  # a code out of sight for longer is shown anew
ROUNDS: Final = 3
STOOD_S: Final = 6.0  # background is what stood there for 5 s before an exit (core/basket.py)
NEEDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("show_qr", "replay_qr", "forge_qr", "show_text", "choose"), "camera"),
    "pay": "hub",
}
"""What a step works by; while the script has taken that away, nothing is the effect."""
SHELF_DBM: Final = -58


class Audience(Protocol):
    """Who watches a play."""

    def begins(self, sentence: str) -> None:
        """A step begins."""

    def ends(self, came_to: str) -> None:
        """It is over; "" where there is nothing to add."""

    def left(self, departure: Departure) -> None:
        """Somebody went out."""


@dataclass(slots=True)
class Part:
    """What one customer of the script carries and showed last."""

    carried: list[str] = field(default_factory=list)
    text: str = ""
    visits: list[str] = field(default_factory=list)


class Player:
    """Follows one script in one theatre.

    Args:
        seen_s: How long the effect of a step is waited for.

    Attributes:
        misses: One line for each step whose effect was not seen.
    """

    def __init__(
        self, script: Script, theatre: Theatre, audience: Audience, seen_s: float = SEEN_S
    ) -> None:
        self._script = script
        self._theatre = theatre
        self._audience = audience
        self._seen_s = seen_s
        self._visitor = Visitor(theatre, "exit-reader", seen_s)
        self._narrator = Narrator(script)
        self._parts = {each.id: Part() for each in script.customers}
        self._entering = ""
        self._group = False
        self._shelved: set[str] = set()
        self._left: set[str] = set()
        self._lost: set[str] = set()
        self.misses: list[str] = []
        self._steps: Mapping[str, Callable[[Step], str]] = {
            "show_qr": self._show_qr,
            "replay_qr": self._replay_qr,
            "forge_qr": self._forge_qr,
            "show_text": self._show_text,
            "show_fob": self._show_fob,
            "choose": self._choose,
            "door": self._door,
            "take": self._take,
            "put_back": self._put_back,
            "shelf": self._shelf,
            "exit": self._exit,
            "pay": self._pay,
            "lose": self._lose,
            "restore": self._restore,
            "wait": self._wait,
        }

    @property
    def visits(self) -> Mapping[str, str]:
        """Whose each visit was, by visit id: the script named them, the ledger never does."""
        return {visit: name for name, part in self._parts.items() for visit in part.visits}

    def play(self) -> None:
        """Play every step in order.

        Raises:
            ProcessError: A process of the play ended.
            EndedError: Somebody asked the play to end.
        """
        for step in self._script.steps:
            self._audience.begins(self._narrator.said(step))
            self._audience.ends(self._played(step))
        self._theatre.settle()
        self._theatre.catch_up()

    def _played(self, step: Step) -> str:
        try:
            self._pause(step.after_s)
            return self._steps[step.do](step)
        except (ProcessError, EndedError):
            raise
        except (StageError, RemoteError) as error:
            self._theatre.check()
            if NEEDS.get(step.do) in self._lost:
                return f"nothing happens: no {NEEDS[step.do]}"
            place = f"{self._script.path}:{step.line}"
            self.misses.append(f"{place}: step.{step.do}: {error}")
            return str(error)

    def _show_qr(self, step: Step) -> str:
        text = self._theatre.mint(step.customer, age_s=int(step.age_s))
        self._parts[step.customer].text = text
        return self._show(step, text, inverted=step.inverted)

    def _replay_qr(self, step: Step) -> str:
        self._pause(GONE_S)
        return self._show(step, self._parts[step.customer].text)

    def _forge_qr(self, step: Step) -> str:
        return self._show(step, self._theatre.forge(step.customer))

    def _show_text(self, step: Step) -> str:
        """Hold any text to the camera; the driver lets only tokens through, so nothing happens."""
        self._theatre.tell("camera", "show", text=step.text)
        self._theatre.let_pass(PRESS_S)
        self._theatre.tell("camera", "clear")
        return ""

    def _show_fob(self, step: Step) -> str:
        def hold() -> None:
            """Hold the fob to the reader."""
            self._theatre.tell("fob", "enter", epcs=[step.fob])

        try:
            return self._new_visit(step.customer, hold)
        finally:
            self._theatre.tell("fob", "leave", epcs=[step.fob])

    def _show(self, step: Step, text: str, *, inverted: bool = False) -> str:
        def show() -> None:
            """Hold the code to the camera."""
            self._theatre.tell("camera", "show", text=text, invert=inverted)

        try:
            return self._new_visit(step.customer, show)
        finally:
            self._theatre.tell("camera", "clear")

    def _new_visit(self, customer: str, act: Callable[[], None]) -> str:
        """Act, and wait for a try of this customer that has its first answer."""
        known = set(self._day().tries)
        act()
        found: list[str] = []

        def answered() -> bool:
            """Whether a new try has its first answer."""
            tries = self._day().tries
            found[:] = [each for each in tries if each not in known and tries[each].decision]
            return bool(found)

        self._await(answered)
        self._parts[customer].visits.append(found[0])
        return self._answer(customer)

    def _answer(self, customer: str) -> str:
        """Return what the customer was told, and note who may come in."""
        seen = self._last_try(customer)
        if seen.granted:
            self._entering = customer
        return self._narrator.answered(seen)

    def _choose(self, step: Step) -> str:
        if not self._parts[step.customer].visits:
            raise NotSeenError(f"{step.customer} was not seen, so there is nothing to choose")
        last = self._last_try(step.customer)
        answers, choices = last.answers, last.choices
        if step.way == "vouched":
            self._theatre.vouch(step.customer)
        self._visitor.press(f"choose-{step.way}")
        if step.way == "leave":
            self._await(lambda: self._status("entry") == "idle")
            return ""
        if step.way == "group":
            self._await(lambda: self._last_try(step.customer).choices > choices)
            self._group = True
            return ""
        if step.way == "voucher":
            self._await(lambda: self._last_try(step.customer).choices > 0)
            self._theatre.tell("camera", "show", text=self._theatre.voucher())
        try:
            self._await(lambda: self._last_try(step.customer).answers > answers)
        finally:
            self._theatre.tell("camera", "clear")
        return self._answer(step.customer)

    def _door(self, step: Step) -> str:
        self._swing(opened=step.state == "open")
        if step.state == "closed":
            self._come_in()
        return ""

    def _swing(self, *, opened: bool) -> None:
        self._must(seen=self._visitor.swing(opened=opened))

    def _come_in(self) -> None:
        """Note that who was let in is inside; who took too long is not, and that is no miss."""
        if self._entering:
            customer, self._entering = self._entering, ""
            self._theatre.wait_for(lambda: self._last_try(customer).entered, self._seen_s)

    def _go_in(self) -> None:
        """Pass the door, where the script left that to the reader."""
        if self._entering and self._status("entry") == "unlocked":
            self._swing(opened=True)
            self._swing(opened=False)
            self._come_in()

    def _take(self, step: Step) -> str:
        self._go_in()
        self._parts[step.customer].carried.extend(step.epcs)
        return ""

    def _put_back(self, step: Step) -> str:
        carried = self._parts[step.customer].carried
        for epc in step.epcs:
            if epc not in carried:
                raise NotSeenError(f"{step.customer} does not carry {epc}")
            carried.remove(epc)
        return ""

    def _shelf(self, step: Step) -> str:
        """Stand things beside the exit, and let them stand until they are background."""
        self._shelved.update(step.epcs)
        self._theatre.tell("exit-reader", "enter", epcs=list(step.epcs), rssi_dbm=SHELF_DBM)
        enough = self._reads() + ROUNDS * len(self._shelved)
        self._await(lambda: self._reads() >= enough)
        self._pause(STOOD_S)
        return ""

    def _exit(self, step: Step) -> str:
        self._go_in()
        self._entering = ""
        if self._group:  # its door is locked before anybody leaves by it
            self._group = False
            self._move(GROUP_S)
        part = self._parts.get(step.customer)
        epcs = list(step.epcs) or (part.carried if part else [])
        losses = self._day().losses
        if part is not None:
            part.carried = []
        shows_code = self._theatre.many_inside and part is not None
        code = self._theatre.mint(step.customer, age_s=0) if shows_code else ""
        self._must(seen=self._visitor.walk_out(epcs, code))
        left = frozenset(self._left)
        self._left.update(epcs)
        if part is not None:
            return self._went(step.customer, epcs, left)
        # What is not the shop's, or was paid before, goes out and is no loss.
        if self._day().losses > losses:
            self._audience.left(self._narrator.loss(epcs))
        return ""

    def _went(self, customer: str, epcs: Sequence[str], left: Collection[str]) -> str:
        """Return how the visit of a customer who went out with these things came out."""
        if not self._parts[customer].visits or not self._last_try(customer).entered:
            return "was not inside"
        self._await(lambda: self._last_try(customer).outcome is not None)
        departure = self._narrator.departure(customer, self._last_try(customer), epcs, left)
        self._audience.left(departure)
        return departure.came_to

    def _pay(self, step: Step) -> str:
        self._go_in()
        visits = self._parts[step.customer].visits
        if not visits:
            raise NotSeenError(f"{step.customer} was not seen, so there is nothing to pay")
        currency = self._script.currency
        self._theatre.services.pay(visits[-1], step.epcs, step.amount_minor, currency)
        return ""

    def _lose(self, step: Step) -> str:
        self._lost.add(step.device)
        self._must(seen=self._theatre.lose(step.device))
        return ""

    def _restore(self, step: Step) -> str:
        self._must(seen=self._theatre.restore(step.device))
        self._lost.discard(step.device)
        return ""

    def _wait(self, step: Step) -> str:
        self._move(step.for_s)
        return ""

    def _pause(self, for_s: float) -> None:
        if for_s > PAUSE_S:
            self._move(for_s)
        elif for_s:
            self._theatre.let_pass(for_s)

    def _move(self, by_s: float) -> None:
        if not self._theatre.move_clock(by_s):
            raise NotSeenError("the kiosk did not come to rest, so the clock was not moved")

    def _await(self, seen: Callable[[], bool], limit_s: float = 0.0) -> None:
        self._must(seen=self._theatre.wait_for(seen, limit_s or self._seen_s))

    def _must(self, *, seen: bool) -> None:
        if not seen:
            raise NotSeenError("its effect was not seen in time")

    def _reads(self) -> int:
        """How many reads the exit reader has made so far; each round reads every tag there."""
        reader = self._theatre.status()["devices"]["exit-reader"]
        return int(reader["counters"].get("reads", 0))

    def _status(self, key: str) -> object:
        return self._theatre.status().get(key)

    def _day(self) -> Day:
        return self._theatre.witness.look()

    def _last_try(self, customer: str) -> Seen:
        return self._day().tries[self._parts[customer].visits[-1]]
