"""Plays the steps of a script: moves the simulated world, and waits until the kiosk has seen it.

Every step ends when its effect is seen or its deadline passes; a step whose effect was not seen
is reported, and the day goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kiosk.stage.errors import ProcessError
from kiosk.stage.links import wait_for
from kiosk.stage.script import Script, Step
from kiosk.stage.theatre import Theatre
from kiosk.stage.witness import Seen

SEEN_S: Final = 5.0  # a code on a noisy picture, a check of 1.5 s, a busy Pi
SETTLED_S: Final = 20.0  # exit window, absence, payments, and a busy Pi
PASS_S: Final = 0.9  # a customer walking past the antenna (basket: 6 slices of 150 ms)
PRESS_S: Final = 0.25
PAUSE_S: Final = 1.0  # longer pauses move the clock instead of waiting
GONE_S: Final = 3.0  # a code out of sight for longer is shown anew
RSSI_DBM: Final = -52
SHELF_DBM: Final = -58


@dataclass(slots=True)
class Part:
    """What one customer of the script carries and showed last."""

    carried: list[str] = field(default_factory=list)
    text: str = ""
    visits: list[str] = field(default_factory=list)


class Player:
    """Follows one script in one theatre.

    Args:
        tell: Called with one line for each step, for the live view.
    """

    def __init__(self, script: Script, theatre: Theatre, tell: Callable[[str], None]) -> None:
        self._script = script
        self._theatre = theatre
        self._tell = tell
        self._people = {each.id: Part() for each in script.customers}
        self._inside = ""
        self._entering = ""
        self.misses: list[str] = []
        self._steps: Mapping[str, Callable[[Step], bool]] = {
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
        return {visit: name for name, who in self._people.items() for visit in who.visits}

    def play(self) -> None:
        """Play every step in order."""
        for step in self._script.steps:
            self._pause(step.after_s)
            self._tell(_line(step))
            if not self._steps[step.do](step):
                place = f"{self._script.path}:{step.line}"
                self.misses.append(f"{place}: step.{step.do}: its effect was not seen in time")
        self._theatre.settle()
        self._theatre.catch_up()

    def _show_qr(self, step: Step) -> bool:
        text = self._theatre.mint(step.customer, age_s=int(step.age_s))
        self._people[step.customer].text = text
        return self._show(step, text, inverted=step.inverted)

    def _replay_qr(self, step: Step) -> bool:
        self._theatre.move_clock(GONE_S)
        return self._show(step, self._people[step.customer].text)

    def _forge_qr(self, step: Step) -> bool:
        return self._show(step, self._theatre.forge(step.customer))

    def _show_text(self, step: Step) -> bool:
        """Hold any text to the camera; the driver lets only tokens through, so nothing happens."""
        self._theatre.sim.tell("camera", "show", text=step.text)
        self._theatre.let_pass(PRESS_S)
        self._theatre.sim.tell("camera", "clear")
        return True

    def _show_fob(self, step: Step) -> bool:
        return self._new_visit(step.customer, lambda: self._hold_fob(step.fob))

    def _hold_fob(self, fob: str) -> None:
        self._theatre.sim.tell("fob", "enter", epcs=[fob])

    def _show(self, step: Step, text: str, *, inverted: bool = False) -> bool:
        def show() -> None:
            """Hold the code to the camera."""
            self._theatre.sim.tell("camera", "show", text=text, invert=inverted)

        seen = self._new_visit(step.customer, show)
        self._theatre.sim.tell("camera", "clear")
        return seen

    def _new_visit(self, customer: str, act: Callable[[], None]) -> bool:
        """Act, and wait for a try of this customer that has its first answer."""
        known = set(self._theatre.witness.look().tries)
        act()
        found: list[str] = []

        def answered() -> bool:
            """Whether a new try has its first answer."""
            tries = self._theatre.witness.look().tries
            found[:] = [each for each in tries if each not in known and tries[each].decision]
            return bool(found)

        if not wait_for(answered, SEEN_S):
            return False
        self._people[customer].visits.append(found[0])
        if self._try(found[0]).granted:
            self._entering = customer
        return True

    def _choose(self, step: Step) -> bool:
        visits = self._people[step.customer].visits
        if not visits:
            return False
        answers = self._try(visits[-1]).answers
        if step.way == "vouched":
            self._theatre.vouch(step.customer)
        self._theatre.sim.tell(f"choose-{step.way}", "press", for_s=PRESS_S)
        if step.way == "leave":
            return self._shows("entry", "idle")
        if step.way == "voucher":
            wait_for(lambda: self._try(visits[-1]).choices > 0, SEEN_S)
            self._theatre.sim.tell("camera", "show", text=self._theatre.voucher())
        seen = wait_for(lambda: self._try(visits[-1]).answers > answers, SEEN_S)
        self._theatre.sim.tell("camera", "clear")
        if self._try(visits[-1]).granted:
            self._entering = step.customer
        return seen

    def _door(self, step: Step) -> bool:
        opened = step.state == "open"
        self._theatre.sim.tell("door", "set", active=opened)
        seen = self._shows("door_open", opened)
        if not opened and self._entering:
            self._came_in()
        return seen

    def _came_in(self) -> None:
        visit = self._people[self._entering].visits[-1]
        if wait_for(lambda: self._try(visit).entered, SEEN_S):
            self._inside = self._entering
        self._entering = ""

    def _go_in(self) -> None:
        """Pass the door, where the script left that to the reader."""
        if self._entering:
            for opened in (True, False):
                self._theatre.sim.tell("door", "set", active=opened)
                self._shows("door_open", opened)
            self._came_in()

    def _take(self, step: Step) -> bool:
        self._go_in()
        self._people[step.customer].carried.extend(step.epcs)
        return True

    def _put_back(self, step: Step) -> bool:
        carried = self._people[step.customer].carried
        for epc in step.epcs:
            if epc in carried:
                carried.remove(epc)
        return True

    def _shelf(self, step: Step) -> bool:
        self._theatre.sim.tell("exit-reader", "enter", epcs=list(step.epcs), rssi_dbm=SHELF_DBM)
        return wait_for(lambda: self._heard() >= len(step.epcs), SEEN_S)

    def _exit(self, step: Step) -> bool:
        self._go_in()
        part = self._people.get(step.customer)
        epcs = list(step.epcs) or (part.carried if part else [])
        visit = part.visits[-1] if part and part.visits else ""
        sim = self._theatre.sim
        before = self._theatre.witness.look().losses
        if epcs:
            self._hear(sim.tell, "enter", epcs)
        if self._theatre.many_inside and step.customer:
            sim.tell("exit-camera", "show", text=self._theatre.mint(step.customer, age_s=0))
        sim.tell("exit", "press", for_s=PRESS_S)
        wait_for(lambda: self._status("exit") != "quiet", SEEN_S)
        sim.tell("door", "set", active=True)
        self._shows("exit", "reading")
        self._theatre.let_pass(PASS_S)
        if epcs:
            self._hear(sim.tell, "leave", epcs)
        sim.tell("door", "set", active=False)
        if self._theatre.many_inside:
            sim.tell("exit-camera", "clear")
        settled = self._shows("exit", "quiet", SETTLED_S)
        if part is not None:
            part.carried = []
            self._inside = ""
            return settled and (not visit or self._ended(visit))
        lost = wait_for(lambda: self._theatre.witness.look().losses > before, SEEN_S)
        return settled and (lost or not epcs)

    def _hear(self, tell: Callable[..., object], do: str, epcs: list[str]) -> None:
        """Move tags in the exit field; a reader that is away hears nothing."""
        strength = {"rssi_dbm": RSSI_DBM} if do == "enter" else {}
        tell("exit-reader", do, epcs=epcs, **strength)

    def _ended(self, visit: str) -> bool:
        each = self._try(visit)
        return not each.entered or wait_for(lambda: self._try(visit).outcome is not None, SEEN_S)

    def _pay(self, step: Step) -> bool:
        self._go_in()
        visits = self._people[step.customer].visits
        if not visits:
            return False
        self._theatre.pay(visits[-1], step.epcs, step.amount_minor)
        return True

    def _lose(self, step: Step) -> bool:
        return self._theatre.lose(step.device)

    def _restore(self, step: Step) -> bool:
        return self._theatre.restore(step.device)

    def _wait(self, step: Step) -> bool:
        self._pause(step.for_s)
        return True

    def _pause(self, for_s: float) -> None:
        if for_s > PAUSE_S:
            self._theatre.move_clock(for_s)
        elif for_s:
            self._theatre.let_pass(for_s)

    def _shows(self, key: str, value: object, limit_s: float = SEEN_S) -> bool:
        """Wait until the status holds `value` there."""
        return wait_for(lambda: self._status(key) == value, limit_s)

    def _heard(self) -> int:
        """How many tags the exit reader hears now."""
        heard = self._status("field")
        return heard if isinstance(heard, int) else 0

    def _status(self, key: str) -> object:
        try:
            return self._theatre.control.ask("status").get(key)
        except ProcessError:
            return None

    def _try(self, visit: str) -> Seen:
        return self._theatre.witness.look().tries[visit]


def _line(step: Step) -> str:
    parts = [step.customer, step.do, step.way, step.state, step.device]
    return " ".join(part for part in parts if part)
