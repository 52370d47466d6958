"""The theatre: what it refuses to start in, and how it notices that a play cannot go on."""

import fcntl
import os
import signal
from pathlib import Path

import pytest

from kiosk.clock import Clock
from kiosk.core.signing import VerifyKey, kid_of, open_envelope, public_of
from kiosk.remote.errors import RemoteError
from kiosk.remote.http import Ask, HttpClient
from kiosk.stage import props
from kiosk.stage.ending import Ending
from kiosk.stage.errors import EndedError, ProcessError, StageError
from kiosk.stage.links import wait_for
from kiosk.stage.plot import Item, Script
from kiosk.stage.theatre import Theatre, opened
from tests.stage.scripts import script


def refused(directory: Path) -> str:
    """Return why no play can be opened here, in one line."""
    with pytest.raises(StageError) as raised, opened(directory, script()):
        pass
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_directory_that_cannot_be_one_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert refused(file) == f"{file}: File exists; choose another directory with --state"
    assert refused(file / "below").endswith(
        "Not a directory; choose another directory with --state"
    )


def test_a_kiosk_that_no_play_set_up_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text("# a shop's", encoding="utf-8")
    assert refused(tmp_path) == (
        f"{tmp_path}: a kiosk is set up here; give --state another directory"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["kiosk.toml"]


def test_a_path_too_long_for_sockets_is_one_line(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    assert refused(deep) == f"{deep}: too long a path for its sockets; choose a shorter --state"
    assert not deep.exists()


def test_a_directory_that_another_play_holds_is_left_alone(tmp_path: Path) -> None:
    with (tmp_path / "play.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert refused(tmp_path) == f"{tmp_path}: another play uses it; end that one first"
    assert not list(tmp_path.glob("*.pid"))


def test_processes_that_a_play_left_when_it_was_cut_off_are_named(
    tmp_path: Path, theatre: Theatre
) -> None:
    (tmp_path / "hub.pid").write_text(f"{theatre.daemon.pid}\n", encoding="ascii")
    assert refused(tmp_path).endswith(
        f"an earlier play was cut off; first: kill {theatre.daemon.pid}"
    )


def test_a_signal_ends_the_start_and_leaves_nothing_running(tmp_path: Path) -> None:
    ending = Ending()
    ending.ask(signal.SIGTERM)
    with pytest.raises(EndedError), opened(tmp_path, script(), ending):
        pass
    assert not list(tmp_path.glob("*.pid"))


def test_a_signal_ends_every_wait(theatre: Theatre) -> None:
    theatre.ending.ask(signal.SIGINT)
    try:
        with pytest.raises(EndedError):
            theatre.wait_for(lambda: False, 60)
        with pytest.raises(EndedError):
            theatre.let_pass(60)
    finally:
        theatre.ending.asked = 0
    theatre.check()


def test_a_device_that_refuses_an_order_is_one_line(theatre: Theatre) -> None:
    with pytest.raises(StageError, match=r"^camera: scale .+"):
        theatre.tell("camera", "show", text="x", scale="big")
    with pytest.raises(StageError, match=r"^toaster: no such device"):
        theatre.tell("toaster", "pop")


def test_a_clock_moves_only_while_the_kiosk_is_at_rest(theatre: Theatre) -> None:
    clock = Clock(theatre.directory / "clock")
    try:
        before = clock.offset_ms()
        assert theatre.move_clock(1.5)
        assert clock.offset_ms() == before + 1500
    finally:
        clock.close()


def test_the_same_script_publishes_nothing_new_and_another_one_does(
    theatre: Theatre, day: Script
) -> None:
    now_s = 1_800_000_000
    first = theatre.services.publish(day, now_s)
    assert theatre.services.publish(day, now_s + 99) == first
    dearer = Script(
        day.currency, day.policy, (Item("00614141345670", "Soap", 5),), day.customers, (), ()
    )
    second = theatre.services.publish(dearer, now_s)
    assert second == {**first, "catalogue": first["catalogue"] + 1}
    assert theatre.services.publish(day, now_s)["catalogue"] == first["catalogue"] + 2
    owner = props.make_keys(theatre.directory).owner
    key = VerifyKey(kid_of(public_of(owner)), public_of(owner), "owner")
    with theatre.services.staff() as hub:
        envelope = hub.document("catalogue")
    assert envelope is not None
    assert open_envelope("catalogue", envelope, {key.kid: key})["version"] == 3


def test_another_currency_in_a_kept_directory_is_refused_in_one_line(
    theatre: Theatre, day: Script
) -> None:
    other = Script("USD", day.policy, day.items, day.customers, (), ())
    with pytest.raises(RemoteError, match=r"^http://127.+currency"):
        theatre.services.publish(other, 1_800_000_000)


def test_what_the_hub_does_not_know_is_an_error_and_not_an_answer(theatre: Theatre) -> None:
    with pytest.raises(RemoteError, match="404"):
        theatre.services.get("/v1/nothing")
    assert theatre.services.get("/v1/visits?kiosk=door")["visits"] is not None


def test_a_score_that_is_none_is_refused_by_the_provider(theatre: Theatre, day: Script) -> None:
    odd = Script(day.currency, day.policy, (), (day.customers[0].__class__("ada", 801),), (), ())
    with pytest.raises(RemoteError, match=r"^http://127.+refused"):
        theatre.services.seed(odd)


def test_the_sign_in_link_signs_in_once(theatre: Theatre) -> None:
    url = theatre.services.login_url()
    base, _, path = url.partition("/login")
    assert base == theatre.hub_url
    client = HttpClient(base, deadline_s=5)
    try:
        assert client.call(Ask("GET", f"/login{path}")).status in {200, 302, 303}
    finally:
        client.close()


def test_a_service_that_dies_is_noticed_at_the_next_look_with_its_log(theatre: Theatre) -> None:
    pid = int((theatre.directory / "scores.pid").read_text(encoding="ascii"))
    os.kill(pid, signal.SIGKILL)
    log = theatre.directory / "scores.log"
    with pytest.raises(ProcessError) as raised:
        theatre.wait_for(lambda: False, 10)
    assert str(raised.value) == f"scores ended in the middle of the play; see {log}"
    assert log.exists()
    assert raised.value.exit_code == 1
    theatre.services.restore("scores")
    theatre.check()


def test_a_daemon_that_dies_is_told_by_its_log_and_not_by_its_socket(theatre: Theatre) -> None:
    os.kill(theatre.daemon.pid, signal.SIGKILL)
    with pytest.raises(ProcessError, match=r"^daemon ended in the middle of the play; see .+log"):
        theatre.status()
    with pytest.raises(ProcessError, match=r"^daemon ended in the middle of the play; see .+log"):
        theatre.tell("camera", "clear")
    assert wait_for(lambda: not theatre.daemon.running, 5)
    theatre.restart_daemon()
    assert theatre.status()["ok"] is True
