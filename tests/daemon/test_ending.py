"""However the daemon ends, the lock goes first: while the owner is stuck, dying, or half-way."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from kiosk.core.events import OPENING
from kiosk.daemon.caller import ask
from kiosk.daemon.errors import NotRunningError
from tests.daemon.process import CAMERA, Daemon, wait_for

AT_ONCE_S = 4.0  # the stuck write lasts longer


def staff_unlock(daemon: Daemon) -> None:
    """Have staff open the door; the daemon may hang up before it has answered."""
    with suppress(NotRunningError):
        ask(daemon.state, {"do": "door", "want": "unlock", "reason": "delivery"})


@contextmanager
def staff_asks(daemon: Daemon) -> Iterator[None]:
    """Have staff open the door while the block runs."""
    staff = threading.Thread(target=staff_unlock, args=(daemon,))
    staff.start()
    try:
        yield
    finally:
        staff.join()


@contextmanager
def unlocked_and_stuck(daemon: Daemon) -> Iterator[None]:
    """Hold the door open with an owner that is stuck writing so down."""
    with daemon.stuck_writes(), staff_asks(daemon):
        wait_for(daemon.unlocked, "staff opens the door without waiting for the disk")
        wait_for(lambda: not daemon.answers(within_s=0.3), "the owner is stuck")
        yield


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_p2_a_signal_drives_the_safe_level_while_the_owner_is_stuck(
    tmp_path: Path, number: signal.Signals
) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running():
        with unlocked_and_stuck(daemon):
            daemon.process.send_signal(number)
            wait_for(lambda: not daemon.unlocked(), "the safe level", AT_ONCE_S)
        code, said = daemon.ended()
    assert code == 0
    assert f"stopping signal={number.name}" in said
    assert daemon.edges()[-1] is False
    assert daemon.types()[-1] == "device.stopped"


def test_the_harness_catches_signals_that_wait_for_the_owner(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running("deaf"), unlocked_and_stuck(daemon):
        daemon.process.send_signal(signal.SIGTERM)
        with pytest.raises(AssertionError, match="the safe level"):
            wait_for(lambda: not daemon.unlocked(), "the safe level", AT_ONCE_S, patient=False)


def test_p2_a_magnet_is_unpowered_at_once_and_nothing_powers_it_again(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, fail_mode="safe")
    with daemon.running():
        assert not daemon.unlocked()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.ended()[0] == 0
    assert daemon.edges() == [False, True, False]


def stuck_in_a_grant(daemon: Daemon) -> str:
    """Stop the daemon while a grant is on its way to the disk; return what was said."""
    before = len(daemon.types())
    with daemon.stuck_writes():
        daemon.show_voucher()
        wait_for(lambda: not daemon.answers(within_s=1.0), "the owner is stuck")
        daemon.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in daemon.said(), "the signal is heard")
    said = daemon.ended()[1]
    assert OPENING in daemon.types()[before:], "the grant was written after the signal"
    return said


def test_p2_a_step_that_was_stuck_does_not_unlock_after_the_signal(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, camera=CAMERA)
    with daemon.running():
        assert "lock failed what=unlock for voucher" in stuck_in_a_grant(daemon)
    assert True not in daemon.edges()
    with daemon.running():
        daemon.process.send_signal(signal.SIGTERM)
        daemon.ended()
    assert daemon.types().count("visit.not_entered") == 1


def test_the_harness_catches_a_lock_that_is_powered_after_its_release(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, camera=CAMERA)
    with daemon.running("reviving"):
        stuck_in_a_grant(daemon)
    assert True in daemon.edges()


@contextmanager
def staff_lock(daemon: Daemon) -> Iterator[list[Mapping[str, object]]]:
    """Have staff lock the door as `kiosk door lock` does; yield the answers, as they come."""
    answers: list[Mapping[str, object]] = []

    def lock() -> None:
        with suppress(NotRunningError):
            answers.append(ask(daemon.state, {"do": "door", "want": "lock"}))

    staff = threading.Thread(target=lock)
    staff.start()
    try:
        yield answers
    finally:
        staff.join()


def test_p2_door_lock_does_not_wait_for_an_owner_that_is_stuck(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running():
        with unlocked_and_stuck(daemon), staff_lock(daemon) as answers:
            wait_for(lambda: not daemon.unlocked(), "the door is locked", AT_ONCE_S)
        assert answers == [{"ok": True, "unlocked": False}]
        wait_for(lambda: "lock.relocked" in daemon.types(), "it is written down")


def test_the_harness_catches_a_door_lock_that_waits_for_the_owner(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with (
        daemon.running("patient"),
        unlocked_and_stuck(daemon),
        staff_lock(daemon),
        pytest.raises(AssertionError, match="the door is locked"),
    ):
        wait_for(lambda: not daemon.unlocked(), "the door is locked", AT_ONCE_S, patient=False)


def reopened(daemon: Daemon, *, patient: bool = True) -> None:
    """Have staff lock the door, and open it again, behind an owner that is stuck."""
    with unlocked_and_stuck(daemon), staff_lock(daemon):
        wait_for(lambda: not daemon.unlocked(), "the door is locked", AT_ONCE_S)
        with staff_asks(daemon):
            wait_for(daemon.unlocked, "the door is open again", AT_ONCE_S, patient=patient)


def test_p1_door_unlock_does_not_wait_for_an_owner_that_is_stuck(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running():
        reopened(daemon)
        wait_for(lambda: daemon.types().count("lock.commanded") == 2, "both are written down")


def test_the_harness_catches_a_door_unlock_that_waits_for_the_owner(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with (
        daemon.running("patient but for the lock"),
        pytest.raises(AssertionError, match="the door is open again"),
    ):
        reopened(daemon, patient=False)


def opened_by_staff(daemon: Daemon) -> None:
    ask(daemon.state, {"do": "door", "want": "unlock", "reason": "delivery"})
    assert daemon.unlocked()
    (daemon.state / "die").touch()


@pytest.mark.parametrize("mutant", ["lame", "faulty owner"])
def test_p2_a_thread_that_dies_takes_the_lock_to_its_safe_level_and_ends_the_daemon(
    tmp_path: Path, mutant: str
) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running(mutant):
        opened_by_staff(daemon)
        code, said = daemon.ended()
    assert code != 0
    assert "ZeroDivisionError" in said
    assert daemon.edges() == [False, True, False]
    if mutant == "lame":
        assert "thread died thread=scrubber error=ZeroDivisionError" in said
        assert "token" not in said.partition("Traceback")[0]


def test_the_harness_catches_a_thread_whose_death_nobody_notices(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running("lame and deaf to it"):
        opened_by_staff(daemon)
        with pytest.raises(AssertionError, match="the daemon ends"):
            wait_for(lambda: not daemon.answers(), "the daemon ends", AT_ONCE_S)
