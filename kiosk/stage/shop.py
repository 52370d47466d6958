"""A simulated shop that somebody else started: its people, moved one act at a time.

For `kiosk sim`. What the shop would not do is a `RefusedError` in plain words.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from drivers.qr_token import is_token
from drivers.sim.control import SimClient
from kiosk.daemon.caller import ask
from kiosk.settings import Settings
from kiosk.stage.errors import RefusedError, StageError
from kiosk.stage.links import wait_for
from kiosk.stage.visitor import Visitor

SEEN_S: Final = 10.0  # a code on a noisy picture, a check of 1.5 s, a busy Pi
IGNORED_S: Final = 2.0  # the gate records what it answers before it does anything else
BUSY: Final = frozenset({"checking"})
OFFERED: Final = "offered"
UNLOCKED: Final = "unlocked"


class Shop:
    """A running kiosk whose devices are simulated.

    Args:
        seen_s: How long the effect of an act is waited for.

    Raises:
        StageError: Its devices are not simulated.
        DaemonError: No kiosk runs there.
        DriverError: Its simulators do not answer.
    """

    def __init__(self, settings: Settings, seen_s: float = SEEN_S) -> None:
        if settings.sim is None:
            raise StageError(
                f"{settings.origin}: no simulated shop; make one: kiosk init DIR --simulate"
            )
        self._settings = settings
        self._seen_s = seen_s
        self.status()
        self._sim = SimClient(settings.sim.socket)
        readers = [each.name for each in settings.reader if each.role == "exit"]
        self._visitor = Visitor(self, next(iter(readers), ""), seen_s)

    def show(self, text: str) -> str:
        """Hold a code to the camera until the gate has answered; return what it says.

        Raises:
            RefusedError: It did not answer.
        """
        before = self.status()
        otherwise = (
            "the door was unlocked for a customer already, and this code changed nothing: "
            "go in, or show a fresh one when the door is locked again"
            if before["entry"] == UNLOCKED
            else "the gate did not answer: the code was shown before; "
            "show a fresh one, as kiosk id make prints it"
        )
        self.tell("camera", "show", text=text)
        try:
            if not self.wait_for(lambda: _texts(self.status()) > _texts(before), self._seen_s):
                raise RefusedError("the camera did not read it; see camera in kiosk status")
            if not is_token(text):
                raise RefusedError(
                    "the camera read it, and the gate ignores it: codes of kiosks are K1: and "
                    "capitals; show one as kiosk id make prints it"
                )
            return self._answer(before, otherwise)
        finally:
            self.tell("camera", "clear")

    def choose(self, way: str) -> str:
        """Press the button of a way in; return what the gate says.

        Raises:
            RefusedError: There is no such button, or nothing can be chosen now.
        """
        buttons = [each.name for each in self._settings.button if each.way == way]
        if not buttons:
            raise RefusedError(f"no button is for {way}; see button in the configuration")
        before = self.status()
        why = _why_not(way, before["entry"])
        if why:
            raise RefusedError(self._unchosen(way, why))
        self._visitor.press(buttons[0])
        return self._answer(before, self._unchosen(way, "it is not offered"))

    def enter(self) -> None:
        """Pull the open door and let it fall shut behind oneself.

        Raises:
            RefusedError: It is locked, or nobody was seen to come in.
        """
        if not self.status()["unlocked"]:
            raise RefusedError(
                "the door is locked: show a code first; then it is unlocked for a few seconds"
            )
        if not (self._visitor.swing(opened=True) and self._visitor.swing(opened=False)):
            raise RefusedError("the door was not seen to move")

    def leave(self, epcs: Sequence[str], code: str = "") -> str:
        """Go out with these tags; return what the gate says.

        Args:
            code: What is held to the exit camera meanwhile, "" for nothing.

        Raises:
            RefusedError: There is no exit camera, or the exit did not come to an end.
        """
        if code and self._settings.exit_camera is None:
            raise RefusedError(
                'no camera at the exit: write [exit_camera] with kind = "sim" into the '
                "configuration, and start the kiosk again"
            )
        before = self.status()
        if not self._visitor.walk_out(epcs, code):
            raise RefusedError("the exit was not seen to end; see kiosk status")
        nobody = not before["inside"]
        return self._said() + ("\n(nobody was known to be inside: it is nobody's exit)" * nobody)

    def close(self) -> None:
        """Hang up."""
        self._sim.close()

    def tell(self, device: str, do: str, **arguments: object) -> Mapping[str, Any]:
        """Give a simulated device an order and return what it says.

        Raises:
            RefusedError: It would not.
            DriverError: The simulators are gone.
        """
        try:
            return self._sim.tell(device, do, **arguments)
        except ValueError as error:
            raise RefusedError(f"{device}: {error}") from error

    def status(self) -> Mapping[str, Any]:
        """Return the daemon's status."""
        return ask(self._settings.kiosk.state_dir, {"do": "status"})

    def wait_for(self, seen: Callable[[], bool], limit_s: float) -> bool:
        """Return whether `seen` came true in time."""
        return wait_for(seen, limit_s)

    def let_pass(self, for_s: float) -> None:
        """Let real time pass, as a person takes it."""
        time.sleep(for_s)

    def _answer(self, before: Mapping[str, Any], otherwise: str) -> str:
        """Return what the gate says once it wrote its answer to what was done after `before`."""
        size, unlocked = before["ledger"]["size"], before["entry"] == UNLOCKED

        def answered() -> bool:
            """Whether something was recorded, and not that an unlocked door locked again."""
            now = self.status()
            return now["ledger"]["size"] > size and (not unlocked or now["entry"] == UNLOCKED)

        if not self.wait_for(answered, IGNORED_S):
            raise RefusedError(otherwise)
        self.wait_for(lambda: self.status()["entry"] not in BUSY, self._seen_s)
        return self._said()

    def _unchosen(self, way: str, why: str) -> str:
        """Return why nothing came of a button, and what the gate says."""
        return f"{way} cannot be chosen now: {why}. The screen says:\n{self._said()}"

    def _said(self) -> str:
        """Return what stands on the simulated screen, else in which state the gate is."""
        screen = self._settings.screen
        if screen is None or screen.kind != "sim":
            now = self.status()
            return f"entry {now['entry']}, exit {now['exit']}"
        page = self.tell("screen", "state")
        return "\n".join((page["title"], *(f"  {line}" for line in page["lines"])))


def _why_not(way: str, entry: str) -> str:
    """Return why nothing comes of this button while the gate is as it is, "" when something may."""
    if way == "group":
        return "" if entry == UNLOCKED else "nobody has been let in who could bring others"
    if entry == UNLOCKED:
        return "the door is unlocked; go in, or wait until it locks again"
    return "" if entry == OFFERED else "nothing is offered; show a code first"


def _texts(status: Mapping[str, Any]) -> int:
    """Return how many texts the camera at the entry has read, codes of kiosks or not."""
    counters = status["devices"].get("camera", {}).get("counters", {})
    return sum(counters.get(each, 0) for each in ("decoded", "rejected"))
