"""A rough day at a store: customers at random, copied codes, and kill -9 at any moment.

What must hold whatever happens is in `judged`, apart from what makes it happen, so that a test can
show that each rule is able to fail.
"""

import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from drivers.base import DriverError
from drivers.sim.control import SimClient
from kiosk.core.events import CLOSING, OPENING
from kiosk.ledger.keys import load_wrap_key
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.rows import Event
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.stage.theatre import Theatre
from tests.journeys.scripts import FOREIGN, SECOND_MIX, TRAIL_MIX, WATER

LOST = (DriverError, ValueError, OSError)
"""What a simulator raises when its daemon has just been killed."""
LOOK_S = 0.003
PATIENCE_S = 8.0


@dataclass(slots=True)
class Storm:
    """The chance that moves customers and picks the moments of the kills."""

    theatre: Theatre
    luck: random.Random
    shown: list[str] = field(default_factory=list)

    def until_killed(self) -> None:
        """Let customers come and go until the daemon was killed, as events were being written."""
        killer = threading.Thread(
            target=kill_after,
            args=(self.theatre, self.luck.randint(1, 14), self.luck.choice([0, 0.003, 0.03])),
        )
        killer.start()
        while self.theatre.daemon.running:
            with suppress(*LOST):
                self.luck.choice(self._acts())()
        killer.join()

    def replay(self) -> None:
        """Show a code that was shown before."""
        if self.shown:
            self._show(self.luck.choice(self.shown))

    def rest(self) -> None:
        """Let everybody leave and the exit window end."""
        self.theatre.tell("exit-reader", "leave", epcs="all")
        self.theatre.let_pass(PATIENCE_S)
        self.theatre.settle()

    def _acts(self) -> Sequence[Callable[[], None]]:
        return (self._scan, self._scan, self.replay, self._forge, self._pass, self._carry, self._go)

    def _scan(self) -> None:
        customer = self.luck.choice(["customer-1", "customer-2", "customer-3"])
        self.shown.append(self.theatre.mint(customer, age_s=0))
        self._show(self.shown[-1])

    def _forge(self) -> None:
        self._show(self.theatre.forge("customer-1"))

    def _show(self, text: str) -> None:
        self.theatre.sim.tell("camera", "show", text=text)
        time.sleep(self.luck.uniform(0.1, 0.5))
        self.theatre.sim.tell("camera", "clear")

    def _pass(self) -> None:
        self.theatre.sim.tell("door", "set", active=True)
        time.sleep(self.luck.uniform(0, 0.3))
        self.theatre.sim.tell("door", "set", active=False)

    def _carry(self) -> None:
        tags = self.luck.sample([TRAIL_MIX, SECOND_MIX, WATER, FOREIGN], 2)
        self.theatre.sim.tell("exit-reader", "enter", epcs=tags, rssi_dbm=-50)

    def _go(self) -> None:
        self.theatre.sim.tell("exit", "press", for_s=0.1)
        self._pass()


def kill_after(theatre: Theatre, events: int, wait_s: float) -> None:
    """Kill the daemon with -9 once so many events were written, or after a while."""
    pid, gives_up = theatre.daemon.pid, time.monotonic() + PATIENCE_S
    with LedgerReader(theatre.directory / LEDGER_FILE) as reader:
        goal = reader.size() + events
        while reader.size() < goal and time.monotonic() < gives_up:
            time.sleep(LOOK_S / 10)
    time.sleep(wait_s)
    os.kill(pid, signal.SIGKILL)


class EdgeWatch(threading.Thread):
    """Sees every unlock of every run of the daemon, and whether its event was durable by then."""

    def __init__(self, directory: Path) -> None:
        super().__init__(name="edge watch")
        self._directory = directory
        self._end = threading.Event()
        self.edges = 0
        self.early = 0

    def run(self) -> None:
        """Look until `finish`."""
        while not self._end.is_set():
            with suppress(*LOST):
                self._one_run()
            time.sleep(LOOK_S)

    def finish(self) -> None:
        """Stop looking."""
        self._end.set()
        self.join()

    def _one_run(self) -> None:
        """Follow one daemon until it is gone."""
        client, seen = SimClient(self._directory / "sim.sock", 2), 0
        try:
            while not self._end.is_set():
                edges = client.tell("lock", "state")["edges"]
                assert isinstance(edges, list)
                unlocks = sum(bool(unlocked) for _, unlocked in edges)
                if unlocks > seen:
                    self.edges += unlocks - seen
                    seen = unlocks
                    self.early += commands(self._directory) < self.edges
                time.sleep(LOOK_S)
        finally:
            client.close()


def commands(directory: Path) -> int:
    """How many unlocks the ledger says were commanded."""
    return sum(event.record.type == "lock.commanded" for event in read(directory))


def read(directory: Path) -> Sequence[Event]:
    """Everything in the ledger, personal parts opened."""
    with LedgerReader(directory / LEDGER_FILE, load_wrap_key(directory)) as reader:
        return reader.events()


def judged(events: Sequence[Event], inside: frozenset[str]) -> list[str]:
    """Return every rule that the events break.

    Args:
        inside: The visits that still go on.
    """
    visits: Mapping[str, list[str]] = defaultdict(list)
    for event in events:
        if event.record.visit is not None:
            visits[event.record.visit].append(event.record.type)
    counts = {
        visit: (kinds.count(OPENING), sum(kind in CLOSING for kind in kinds))
        for visit, kinds in visits.items()
    }
    broken = [
        f"visit {visit}: {begun} openings, {ended} closings"
        for visit, (begun, ended) in counts.items()
        if (begun, ended) not in {(0, 0), (1, 1), (1, int(visit not in inside))}
    ]
    nonces = Counter(event.record.personal.get("nonce") for event in events)
    gone = Counter(str(epc) for event in events for epc in taken(event))
    broken += [
        f"nonce spent {count} times" for nonce, count in nonces.items() if nonce and count > 1
    ]
    return broken + [f"{epc} left {count} times" for epc, count in gone.items() if count > 1]


def taken(event: Event) -> list[object]:
    """The EPCs that a visit left with for good."""
    lines = event.record.data.get("lines", [])
    if event.record.type not in {"exit.paid", "exit.unpaid"} or not isinstance(lines, list):
        return []
    return [line["epc"] for line in lines if isinstance(line, dict)]
