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
IGNORED_S: Final = 3.0  # what has no answer by then, where none is expected, was ignored
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
        limit_s = min(IGNORED_S, self._seen_s)
        if not is_token(text):
            otherwise = (
                "the gate ignored it: codes of kiosks are K1: and capitals; "
                "show one as kiosk id make prints it"
            )
        elif self.status()["entry"] == UNLOCKED:
            otherwise = "the door is unlocked for this customer already: go in, or wait"
        else:
            limit_s = self._seen_s
            otherwise = (
                "the gate did not answer: the code was shown before; "
                "show a fresh one, as kiosk id make prints it"
            )
        try:
            return self._answered(
                lambda: self.tell("camera", "show", text=text), otherwise, limit_s
            )
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
        why = _why_not(way, self.status()["entry"])
        if why:
            raise RefusedError(
                f"{way} cannot be chosen now: {why}. The screen says:\n{self._said()}"
            )
        return self._answered(
            lambda: self._visitor.press(buttons[0]),
            f"{way} cannot be chosen now: show a code first, and see what is offered",
            self._seen_s,
        )

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

    def _answered(self, act: Callable[[], object], otherwise: str, limit_s: float) -> str:
        """Act, and return what the gate says once it wrote its answer."""
        before = self.status()["ledger"]["size"]
        act()

        def answered() -> bool:
            """Whether something new was recorded, and no answer is waited for."""
            now = self.status()
            return now["ledger"]["size"] > before and now["entry"] not in BUSY

        if not self.wait_for(answered, limit_s):
            raise RefusedError(otherwise)
        return self._said()

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
