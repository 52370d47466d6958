"""The live view of a play on standard error: gate, what left, ledger, what happens.

On a terminal it is redrawn in place and fits 80 columns by 24 lines; elsewhere, and on a smaller
terminal, each step is one plain line, and so is each thing that left.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.cells import set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from kiosk.stage.errors import StageError
from kiosk.stage.links import Control
from kiosk.stage.narrator import Departure
from kiosk.stage.theatre import SOCKET

EVERY_S: Final = 0.25
COLUMNS: Final = 76
ROWS: Final = 24
"""What the whole view takes; a smaller terminal would cut off the lock and the newest steps."""
GATE: Final = 4
LINES: Final = 3
LEDGER: Final = 2
STEPS: Final = 5
NAME: Final = 44
"""Cells for the name of a thing."""
ENTRY: Final = {
    "idle": "waiting for an ID QR",
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
        self._live = _is_drawable(self._console) and not quiet
        self._steps: list[str] = []
        self._status: Mapping[str, Any] = {}
        self._control: Control | None = None
        self._stop = threading.Event()
        self._departure = Departure("", "")
        self._untold = False

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
            told = basket(self._departure) if self._untold else []
            for each in (line, *told):
                self._console.print(f"  {each}", markup=False, soft_wrap=True)
            self._untold = False

    def left(self, departure: Departure) -> None:
        """Show what went out."""
        self._departure, self._untold = departure, True

    def drawn(self) -> Group:
        """Return the whole view."""
        return Group(
            Panel(self._gate(), title="gate", height=GATE + 2),
            Panel(self._last_exit(), title="last exit", height=LINES + 3),
            Panel(self._ledger(), title="ledger", height=LEDGER + 2),
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
            away = "the kiosk does not answer" if self._control else "the kiosk has not started yet"
            return rows([away], GATE)
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
        things = basket(departure)
        if len(things) > LINES:
            shown = LINES - 2 if departure.total else LINES - 1
            rest = len(departure.lines) - shown
            things[shown : len(departure.lines)] = [f"    and {rest} more"]
        return rows([f"{departure.who}: {departure.came_to}", *things], LINES + 1)

    def _ledger(self) -> Text:
        if not self._status.get("ok"):
            return rows(["-"], LEDGER)
        ledger, upload = self._status["ledger"], self._status["upload"]
        pending = ledger["size"] - upload["acked"]
        where = f"{pending} still to be uploaded" if pending else "the hub has them all"
        trouble = f" ({upload['trouble']})" if upload["trouble"] else ""
        return rows(
            [f"{ledger['size']} entries, {where}{trouble}", f"root {ledger['root']}"], LEDGER
        )


def _is_drawable(console: Console) -> bool:
    """Return whether this is a terminal that can be redrawn and has room for the whole view."""
    room = console.width >= COLUMNS and console.height >= ROWS
    return console.is_terminal and not console.is_dumb_terminal and room


def basket(departure: Departure) -> list[str]:
    """Return what went out with its prices, one line each, and the total."""
    told = [(line.name, line.price, line.paid) for line in departure.lines]
    if departure.total:
        told.append(("in all", departure.total, ""))
    return [
        f"    {set_cell_size(name, NAME)}{price:>14}  {paid}".rstrip() for name, price, paid in told
    ]


def rows(lines: list[str], count: int) -> Text:
    """Return the last lines, each cut where the terminal ends."""
    return Text("\n".join(lines[-count:]), no_wrap=True, overflow="ellipsis")
