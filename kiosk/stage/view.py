"""The live view of a play on standard error: gate, what left, ledger, what happens.

On a terminal it is redrawn in place and fits 80 columns by 24 lines; elsewhere each step is one
plain line.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from kiosk.stage.errors import StageError
from kiosk.stage.links import Control
from kiosk.stage.narrator import Departure
from kiosk.stage.theatre import SOCKET

EVERY_S: Final = 0.25
GATE: Final = 4
LINES: Final = 3
STEPS: Final = 6
ROOT: Final = 16
"""Digits of the ledger's root that are shown."""
ENTRY: Final = {
    "idle": "waiting for a code",
    "checking": "asking the provider",
    "offered": "other ways in are offered",
    "refused": "refused",
    "unlocked": "somebody may come in",
}
EXIT: Final = {
    "quiet": "nobody is leaving",
    "exiting": "somebody is leaving",
    "reading": "reading the tags",
    "settling": "asking what is paid",
}


class View:
    """What somebody who watches a play sees; an Audience of the player.

    Args:
        quiet: Show nothing at all.
        console: Where to, standard error without it.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, quiet=quiet, highlight=False)
        self._live = self._console.is_terminal and not quiet
        self._steps: list[str] = []
        self._status: Mapping[str, Any] = {}
        self._control: Control | None = None
        self._stop = threading.Event()
        self._departure = Departure("", "")

    @contextmanager
    def shown(self, note: str) -> Iterator[None]:
        """Show the view while the block runs; what was drawn last stays."""
        if not self._live:
            self._console.print(note, markup=False)
            yield
            return
        self._steps = [note]
        with Live(
            self.drawn(), console=self._console, auto_refresh=False, redirect_stdout=False
        ) as live:
            drawer = threading.Thread(target=self._redraw, args=(live,), name="view")
            drawer.start()
            try:
                yield
            finally:
                self._stop.set()
                drawer.join()

    def follow(self, directory: Path) -> None:
        """Show the gate of the play in this directory, by a connection of the view's own."""
        self._control = Control(directory / SOCKET)

    def begins(self, sentence: str) -> None:
        """Show what happens."""
        self._steps = [*self._steps[1 - STEPS :], sentence]

    def ends(self, came_to: str) -> None:
        """Show what the last sentence came to."""
        line = f"{self._steps[-1]} -> {came_to}" if came_to else self._steps[-1]
        self._steps = [*self._steps[:-1], line]
        if not self._live:
            self._console.print(f"  {line}", markup=False, soft_wrap=True)

    def left(self, departure: Departure) -> None:
        """Show what went out."""
        self._departure = departure

    def drawn(self) -> Group:
        """Return the whole view."""
        return Group(
            Panel(self._gate(), title="gate", height=GATE + 2),
            Panel(self._last_exit(), title="last exit", height=LINES + 3),
            Panel(self._ledger(), title="ledger"),
            Panel(rows(self._steps, STEPS), title="what happens", height=STEPS + 2),
        )

    def _redraw(self, live: Live) -> None:
        stopped = False
        while not stopped:
            stopped = self._stop.wait(EVERY_S)
            self._look()
            live.update(self.drawn(), refresh=True)
        if self._control is not None:
            self._control.close()

    def _look(self) -> None:
        if self._control is not None:
            try:
                self._status = self._control.ask("status")
            except StageError:
                self._status = {}

    def _gate(self) -> Text:
        status = self._status
        if not status.get("ok"):
            return rows(["the kiosk does not answer"], GATE)
        entry, leaving = str(status["entry"]), str(status["exit"])
        door = "open" if status["door_open"] else "closed"
        lock = "unlocked" if status["unlocked"] else "locked"
        lost = ", ".join(status["lost"])
        told = (
            ("entry", ENTRY.get(entry, entry), "door", door),
            ("exit", EXIT.get(leaving, leaving), "lock", lock),
            ("inside", status["inside"], "tags near the exit", status["field"]),
            ("devices", f"not there: {lost}" if lost else "all there", "", ""),
        )
        return rows([f"{a:<9}{b!s:<34}{c:<20}{d}" for a, b, c, d in told], GATE)

    def _last_exit(self) -> Text:
        departure = self._departure
        if not departure.who:
            return rows(["nobody has left yet"], LINES + 1)
        lines = list(departure.lines)
        if len(lines) > LINES:
            lines[LINES - 1 :] = [f"and {len(lines) - LINES + 1} more"]
        return rows(
            [f"{departure.who}: {departure.came_to}", *(f"  {x}" for x in lines)], LINES + 1
        )

    def _ledger(self) -> Text:
        if not self._status.get("ok"):
            return rows(["-"], 1)
        ledger, upload = self._status["ledger"], self._status["upload"]
        pending = ledger["size"] - upload["acked"]
        where = f"{pending} still to be uploaded" if pending else "the hub has them all"
        trouble = f" ({upload['trouble']})" if upload["trouble"] else ""
        root = f"root {ledger['root'][:ROOT]}…"
        return rows([f"{ledger['size']} events, {where}{trouble}; {root}"], 1)


def rows(lines: list[str], count: int) -> Text:
    """Return the last lines, each cut where the terminal ends."""
    return Text("\n".join(lines[-count:]), no_wrap=True, overflow="ellipsis")
