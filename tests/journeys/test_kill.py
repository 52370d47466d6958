"""kill -9 in the middle of a visit: the next start gives it exactly one outcome (P3)."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.core.events import CLOSING
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.stage.links import wait_for
from kiosk.stage.script import load
from kiosk.stage.theatre import Theatre, opened
from tests.journeys.scripts import SECOND_MIX, TRAIL_MIX, write

SEEN_S = 20.0


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """Yield a running play without steps."""
    directory = tmp_path_factory.mktemp("kill")
    script = load(write(directory / "empty.toml", []))
    with opened(directory / "state", script) as running:
        yield running


def status(theatre: Theatre, key: str) -> object:
    return theatre.status().get(key)


def show(theatre: Theatre, text: str) -> None:
    """Hold a code to the camera, once no earlier notice stands, until the gate has noticed."""
    assert wait_for(lambda: status(theatre, "entry") == "idle", SEEN_S)
    theatre.sim.tell("camera", "show", text=text)
    assert wait_for(lambda: status(theatre, "entry") != "idle", SEEN_S)
    theatre.sim.tell("camera", "clear")


def come_to_unlocked(theatre: Theatre) -> None:
    show(theatre, theatre.mint("customer-1", age_s=0))
    unlocked = wait_for(lambda: status(theatre, "entry") == "unlocked", SEEN_S)
    assert unlocked, last_reason(theatre)


def come_to_shopping(theatre: Theatre) -> None:
    come_to_unlocked(theatre)
    pass_door(theatre)
    assert wait_for(lambda: status(theatre, "inside") == 1, SEEN_S)


def pass_door(theatre: Theatre) -> None:
    theatre.sim.tell("door", "set", active=True)
    assert wait_for(lambda: status(theatre, "door_open") is True, SEEN_S)
    theatre.sim.tell("door", "set", active=False)


def come_to_exiting(theatre: Theatre) -> None:
    come_to_shopping(theatre)
    theatre.sim.tell("exit-reader", "enter", epcs=[TRAIL_MIX], rssi_dbm=-50)
    theatre.sim.tell("exit", "press", for_s=0.2)
    assert wait_for(lambda: status(theatre, "exit") == "exiting", SEEN_S)


def come_to_reading(theatre: Theatre) -> None:
    come_to_exiting(theatre)
    theatre.sim.tell("door", "set", active=True)
    assert wait_for(lambda: status(theatre, "exit") == "reading", SEEN_S)


def come_to_settling(theatre: Theatre) -> None:
    """Stop the hub, so that the daemon waits for the payments."""
    come_to_reading(theatre)
    pause(theatre, "hub")
    theatre.sim.tell("exit-reader", "leave", epcs=[TRAIL_MIX])
    theatre.sim.tell("door", "set", active=False)
    assert wait_for(lambda: status(theatre, "exit") == "settling", SEEN_S)


PHASES = [come_to_unlocked, come_to_shopping, come_to_exiting, come_to_reading, come_to_settling]
AFTER = {
    come_to_unlocked: "visit.not_entered",
    come_to_exiting: "exit.unresolved",
    come_to_reading: "exit.unresolved",
    come_to_settling: "exit.unresolved",
}


@pytest.mark.parametrize("come_to", PHASES, ids=lambda phase: phase.__name__)
def test_p3_a_killed_daemon_gives_every_visit_exactly_one_outcome(
    theatre: Theatre, come_to: Callable[[Theatre], None]
) -> None:
    come_to(theatre)
    kill_and_restart(theatre)
    if come_to is come_to_shopping:
        assert status(theatre, "inside") == 1, "shopping goes on"
        leave(theatre)
    assert status(theatre, "unlocked") is False
    assert wait_for(lambda: status(theatre, "inside") == 0, SEEN_S)
    closings = closing_events(theatre.directory / LEDGER_FILE)
    assert all(len(kinds) == 1 for kinds in closings.values())
    assert come_to not in AFTER or list(closings.values())[-1] == [AFTER[come_to]]


def test_p3_a_daemon_that_is_killed_while_it_asks_opens_no_visit_and_spends_the_code(
    theatre: Theatre,
) -> None:
    known = closing_events(theatre.directory / LEDGER_FILE)
    code = theatre.mint("customer-1", age_s=0)
    pause(theatre, "scores")
    theatre.sim.tell("camera", "show", text=code)
    assert wait_for(lambda: status(theatre, "entry") == "checking", SEEN_S)
    kill_and_restart(theatre)
    assert (status(theatre, "entry"), status(theatre, "unlocked")) == ("idle", False)
    assert closing_events(theatre.directory / LEDGER_FILE) == known
    show(theatre, code)
    assert wait_for(lambda: last_reason(theatre) == "replayed", SEEN_S)
    assert closing_events(theatre.directory / LEDGER_FILE) == known


def test_p4_after_a_kill_nothing_is_pinned_on_the_next_customer_while_a_guest_is_inside(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "state", load(write(tmp_path / "empty.toml", []))) as theatre:
        come_to_shopping(theatre)
        kill_and_restart(theatre)
        assert carry_out(theatre, TRAIL_MIX) == ("exit.unpaid", ""), "nobody else is about"
        theatre.control.ask("door", want="unlock", reason="delivery")
        pass_door(theatre)
        assert wait_for(lambda: status(theatre, "entry") == "idle", SEEN_S)
        kill_and_restart(theatre)
        come_to_shopping(theatre)
        assert carry_out(theatre, SECOND_MIX) == ("exit.unresolved", "somebody-else-inside")


def pause(theatre: Theatre, name: str) -> None:
    os.kill(int((theatre.directory / f"{name}.pid").read_text(encoding="ascii")), signal.SIGSTOP)


def kill_and_restart(theatre: Theatre) -> None:
    """Kill the daemon, let whoever was paused go on, and start the daemon again."""
    os.kill(theatre.daemon.pid, signal.SIGKILL)
    assert wait_for(lambda: not theatre.daemon.running, SEEN_S)
    for name in ("hub", "scores"):
        pid = int((theatre.directory / f"{name}.pid").read_text(encoding="ascii"))
        os.kill(pid, signal.SIGCONT)
    theatre.restart_daemon()


def last_reason(theatre: Theatre) -> str:
    """Return the reason of the newest decision."""
    with LedgerReader(theatre.directory / LEDGER_FILE) as reader:
        made = [e.record for e in reader.tail(10) if e.record.type == "decision.made"]
    return str(made[-1].data["reason"]) if made else ""


def leave(theatre: Theatre) -> None:
    theatre.sim.tell("exit", "press", for_s=0.2)
    wait_for(lambda: status(theatre, "exit") == "exiting", SEEN_S)
    theatre.sim.tell("door", "set", active=True)
    wait_for(lambda: status(theatre, "exit") == "reading", SEEN_S)
    theatre.sim.tell("door", "set", active=False)
    assert wait_for(lambda: status(theatre, "inside") == 0, SEEN_S)


def carry_out(theatre: Theatre, epc: str) -> tuple[str, str]:
    """Walk out with this item as a person does; return how it came out, and why."""
    theatre.sim.tell("exit-reader", "enter", epcs=[epc], rssi_dbm=-50)
    theatre.sim.tell("exit", "press", for_s=0.2)
    assert wait_for(lambda: status(theatre, "exit") == "exiting", SEEN_S)
    theatre.sim.tell("door", "set", active=True)
    assert wait_for(lambda: status(theatre, "exit") == "reading", SEEN_S)
    theatre.let_pass(1.0)
    theatre.sim.tell("exit-reader", "leave", epcs=[epc])
    theatre.sim.tell("door", "set", active=False)
    assert wait_for(lambda: status(theatre, "inside") == 0, SEEN_S)
    with LedgerReader(theatre.directory / LEDGER_FILE) as reader:
        (left, *_) = [e.record for e in reader.events()[::-1] if e.record.type in CLOSING]
    return left.type, str(left.data["cause"])


def closing_events(path: Path) -> dict[str, list[str]]:
    """Return the closing events of every visit that was opened."""
    with LedgerReader(path) as reader:
        return {
            visit.visit: [
                event.record.type for event in visit.events if event.record.type in CLOSING
            ]
            for visit in reader.visits()
            if visit.opening is not None
        }
