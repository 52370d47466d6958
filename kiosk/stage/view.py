"""The live view of a play on standard error: gate, basket of the day, ledger.

On a terminal it is redrawn in place; elsewhere each step is one plain line.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kiosk.stage.errors import StageError
from kiosk.stage.links import Control
from kiosk.stage.theatre import SOCKET, Theatre

EVERY_S: Final = 0.25
STEPS: Final = 6


class View:
    """What somebody who watches a play sees.

    Args:
        quiet: Show nothing at all.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._live = self._console.is_terminal and not quiet
        self._steps: list[str] = []
        self._status: Mapping[str, Any] = {}
        self._control: Control | None = None
        self._stop = threading.Event()
        self._note = ""

    @contextmanager
    def shown(self, note: str) -> Iterator[None]:
        """Show the view while the block runs."""
        self._note = note
        if not self._live:
            self._console.print(note)
            yield
            return
        with Live(self._draw(), console=self._console, refresh_per_second=8) as live:
            drawer = threading.Thread(target=self._redraw, args=(live,), name="view")
            drawer.start()
            try:
                yield
            finally:
                self.rest()
                drawer.join()

    def follow(self, theatre: Theatre) -> None:
        """Show this play's gate from now on, by a connection of the view's own."""
        self._note = ""
        self._control = Control(theatre.directory / SOCKET)

    def tell(self, step: str) -> None:
        """Show a step."""
        self._steps = [*self._steps[-STEPS + 1 :], step]
        if not self._live:
            self._console.print(f"  {step}", markup=False)

    def rest(self) -> None:
        """Stop looking; what was drawn last stays."""
        self._stop.set()

    def _redraw(self, live: Live) -> None:
        while not self._stop.wait(EVERY_S):
            if self._control is not None:
                try:
                    self._status = self._control.ask("status")
                except StageError:
                    self._status = {}
            live.update(self._draw())
        if self._control is not None:
            self._control.close()

    def _draw(self) -> Group:
        steps = Text("\n".join(self._steps) or self._note)
        return Group(Panel(self._gate(), title="gate"), Panel(steps, title="what happens"))

    def _gate(self) -> Table:
        status = self._status
        table = Table.grid(padding=(0, 2))
        door = "open" if status.get("door_open") else "closed"
        lock = "unlocked" if status.get("unlocked") else "locked"
        ledger = status.get("ledger", {})
        upload = status.get("upload", {})
        away = ", ".join(status.get("lost", [])) or "none"
        table.add_row("entry", f"{status.get('entry', '-')}, lock {lock}, door {door}")
        table.add_row("exit", f"{status.get('exit', '-')}")
        table.add_row("inside", f"{status.get('inside', '-')}")
        table.add_row("tags in the exit field", f"{status.get('field', '-')}")
        table.add_row("devices away", away)
        table.add_row("ledger", f"{ledger.get('size', '-')} events")
        table.add_row("at the hub", f"{upload.get('acked', '-')} {upload.get('trouble') or ''}")
        return table
