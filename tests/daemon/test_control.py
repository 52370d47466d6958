"""The control socket: the owner's alone, one JSON line each way, never in anybody's way."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drivers.base import DeviceLostError
from kiosk.clock import Clock
from kiosk.daemon.beats import Beats
from kiosk.daemon.caller import ask
from kiosk.daemon.control import MAX_CALLERS, SOCKET, ControlSocket, Door
from kiosk.daemon.errors import DaemonError, NotRunningError
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.messages import Asked
from kiosk.daemon.rhythm import Rhythm

CLOCK = Clock(trust="always")


def socket_at(directory: Path, inbox: Inbox, door: Door | None = None) -> ControlSocket:
    rhythm = Rhythm(inbox, CLOCK, Beats())
    return ControlSocket(directory / SOCKET, rhythm, door or SaidDoor())


class SaidDoor:
    """A door that remembers what it was told, or cannot be driven."""

    def __init__(self, *, broken: bool = False) -> None:
        self._broken = broken
        self.told: list[str] = []

    def lock(self) -> None:
        """Lock."""
        self._move("lock")

    def unlock(self) -> None:
        """Unlock."""
        self._move("unlock")

    def _move(self, how: str) -> None:
        if self._broken:
            raise DeviceLostError("lock", "the pin cannot be driven")
        self.told.append(how)


class Desk:
    """Takes questions out of the inbox and echoes them, as the owner would answer."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="test-desk")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            message = self._inbox.take(0.05, CLOCK.now())
            if isinstance(message, Asked):
                message.reply({"ok": True, "did": message.question["do"]})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    """Yield the state directory of a daemon that answers."""
    inbox = Inbox()
    control = socket_at(tmp_path, inbox)
    desk = Desk(inbox)
    control.start()
    desk.start()
    yield tmp_path
    control.stop()
    desk.stop()


def test_a_question_gets_its_answer_and_the_socket_is_ours_alone(desk: Path) -> None:
    assert ask(desk, {"do": "status"}) == {"ok": True, "did": "status"}
    assert (desk / SOCKET).stat().st_mode & 0o777 == 0o600


def test_several_questions_go_over_one_connection(desk: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as line:
        line.connect(str(desk / SOCKET))
        line.sendall(b'{"do":"a"}\n{"do":"b"}\n')
        with line.makefile("rb") as stream:
            assert [json.loads(stream.readline())["did"] for _ in range(2)] == ["a", "b"]


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b'"text"\n', b"\xff\xfe\n"])
def test_what_is_no_question_is_told_so(desk: Path, line: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as caller:
        caller.connect(str(desk / SOCKET))
        caller.sendall(line)
        with caller.makefile("rb") as stream:
            answer = json.loads(stream.readline())
    assert answer == {"ok": False, "error": "not a JSON object on one line"}


def test_an_endless_line_is_cut_off(desk: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as caller:
        caller.connect(str(desk / SOCKET))
        caller.settimeout(5)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            caller.sendall(b"x" * (8 << 20))


def callers(place: Path, many: int, says: bytes = b"") -> list[socket.socket]:
    """Connect so many, each saying this."""
    lines = [socket.socket(socket.AF_UNIX) for _ in range(many)]
    for line in lines:
        line.connect(str(place / SOCKET))
        line.sendall(says)
    return lines


def test_more_callers_than_there_are_places_are_hung_up_on(tmp_path: Path) -> None:
    inbox = Inbox()
    control, desk = socket_at(tmp_path, inbox), Desk(inbox)
    control.start()
    busy = callers(tmp_path, MAX_CALLERS, b'{"do":"status"}\n')
    (late,) = callers(tmp_path, 1)
    late.settimeout(5)
    assert late.recv(10) == b""
    desk.start()
    for line in busy:
        assert line.recv(100).startswith(b'{"ok":true')
    for line in (*busy, late):
        line.close()
    assert ask(tmp_path, {"do": "status"})["ok"] is True
    control.stop()
    desk.stop()


def full() -> Inbox:
    """Return an inbox that takes nothing more."""
    inbox = Inbox(capacity=0, reserve=1)
    inbox.put_fact(Asked({}, lambda _answer: None, CLOCK.now()))
    return inbox


def locked_among_the_silent(control: ControlSocket, place: Path) -> bool:
    """Whether staff can lock the door while every place is taken by somebody who says nothing."""
    control.start()
    silent = callers(place, MAX_CALLERS)
    try:
        return ask(place, {"do": "door", "want": "lock"})["ok"] is True
    except NotRunningError:
        return False
    finally:
        for line in silent:
            line.close()
        control.stop()


def test_p2_callers_who_say_nothing_keep_nobody_from_locking_the_door(tmp_path: Path) -> None:
    assert locked_among_the_silent(socket_at(tmp_path, full()), tmp_path)


class CrowdedSocket(ControlSocket):
    """The mutant: whoever came first may stay, whether they speak or not."""

    def _has_place(self) -> bool:
        """Take a place if there is one."""
        return self._callers.acquire(blocking=False)


def test_the_harness_catches_silent_callers_who_shut_staff_out(tmp_path: Path) -> None:
    control = socket_at(tmp_path, full())
    control.__class__ = CrowdedSocket
    assert not locked_among_the_silent(control, tmp_path)


def test_a_full_inbox_is_said_and_a_socket_left_by_a_dead_daemon_is_replaced(
    tmp_path: Path,
) -> None:
    (tmp_path / SOCKET).write_text("left behind", encoding="ascii")
    inbox = Inbox(capacity=1)
    control = socket_at(tmp_path, inbox)
    control.start()
    inbox.put(Asked({}, lambda _answer: None, CLOCK.now()))
    assert ask(tmp_path, {"do": "status"}) == {"ok": False, "error": "busy; try again"}
    control.stop()


def test_nobody_answering_is_one_plain_line(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="start it with kiosk run") as caught:
        ask(tmp_path, {"do": "status"})
    assert caught.value.exit_code == 4
    with closing(socket.socket(socket.AF_UNIX)) as deaf:
        deaf.bind(str(tmp_path / SOCKET))
        deaf.listen()

        def hang_up() -> None:
            caller, _ = deaf.accept()
            caller.recv(100)
            caller.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(NotRunningError, match="hung up"):
            ask(tmp_path, {"do": "status"})
        thread.join()


def test_stopping_before_starting_leaves_nothing(tmp_path: Path) -> None:
    socket_at(tmp_path, Inbox()).stop()
    assert not (tmp_path / SOCKET).exists()


@pytest.mark.parametrize(
    "line",
    [b"[" * 60_000, b'{"do":"door","want":"unlock","reason":"\\udcff"}'],
    ids=["nested", "surrogate"],
)
def test_a_line_that_no_ledger_could_hold_reaches_nobody(desk: Path, line: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as caller:
        caller.connect(str(desk / SOCKET))
        caller.sendall(line + b"\n")
        with caller.makefile("rb") as stream:
            answer = json.loads(stream.readline())
    assert answer == {"ok": False, "error": "not a JSON object on one line"}
    assert ask(desk, {"do": "status"})["ok"] is True


def test_a_lock_that_cannot_be_driven_is_said_to_whoever_asked(tmp_path: Path) -> None:
    control = socket_at(tmp_path, Inbox(), SaidDoor(broken=True))
    control.start()
    answer = ask(tmp_path, {"do": "door", "want": "lock"})
    control.stop()
    assert answer == {"ok": False, "error": "lock: the pin cannot be driven"}


def test_p1_staff_move_the_door_though_no_owner_answers(tmp_path: Path) -> None:
    door = SaidDoor()
    control = socket_at(tmp_path, full(), door)
    control.start()
    want = {"do": "door", "want": "unlock"}
    assert ask(tmp_path, {**want, "reason": "x" * 201})["ok"] is False
    assert ask(tmp_path, {**want, "reason": "delivery"}) == {"ok": True, "unlocked": True}
    assert ask(tmp_path, {"do": "door", "want": "lock"}) == {"ok": True, "unlocked": False}
    control.stop()
    assert door.told == ["unlock", "lock"]


def test_the_door_has_room_in_an_inbox_full_of_readings(tmp_path: Path) -> None:
    inbox = Inbox(capacity=0)
    desk, control = Desk(inbox), socket_at(tmp_path, inbox)
    control.start()
    desk.start()
    assert ask(tmp_path, {"do": "status"})["ok"] is False
    said = ask(tmp_path, {"do": "door", "want": "unlock", "reason": ""})
    control.stop()
    desk.stop()
    assert said == {"ok": True, "did": "door"}


def test_a_place_that_cannot_hold_a_socket_is_one_plain_line(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    control = socket_at(deep, Inbox())
    with pytest.raises(DaemonError, match="choose another kiosk"):
        control.start()
    control.stop()
