"""Processes of a play: awaited, noticed when they die, and stopped even against their will."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.stage.child import Child, alive, inherited, leash
from kiosk.stage.errors import ProcessError
from kiosk.stage.links import wait_for

Start = Callable[[str], Child]
SAYS_AND_STAYS = "import pathlib, signal\nprint('here', flush=True)\nsignal.pause()\n"
STUBBORN = (
    "import signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('here', flush=True)\nwhile True:\n    signal.pause()\n"
)
PARENT = """import pathlib, signal, sys
from kiosk.stage.child import Child
child = Child(pathlib.Path(sys.argv[1]), "hub", [], {"PYTHONPATH": sys.argv[2]})
child.start()
child.wait_until(lambda: "here" in child.lines(), "its word")
print(child.pid, flush=True)
signal.pause()
"""


def runs(pid: int) -> bool:
    """Whether this process runs; what waits to be collected by its new parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Start]:
    """Return a maker of started children whose program `kiosk` is a few lines of the test's."""
    made: list[Child] = []

    def start(program: str) -> Child:
        package = tmp_path / "programs" / "kiosk"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(program, encoding="utf-8")
        extra = {"PYTHONPATH": str(package.parent), "KIOSK_EXTRA": "given"}
        made.append(Child(tmp_path, "hub", ["word"], extra, stop_s=0.3))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.stop()


def await_here(child: Child) -> None:
    child.wait_until(lambda: "here" in child.lines(), "its word")


def test_a_child_runs_with_pid_and_log_and_is_gone_after_its_stop(
    tmp_path: Path, child: Start
) -> None:
    hub = child(SAYS_AND_STAYS)
    await_here(hub)
    pid = int((tmp_path / "hub.pid").read_text(encoding="ascii"))
    assert hub.pid == pid
    assert hub.running
    hub.check()
    hub.start()
    assert hub.pid == pid, "a second start changes nothing"
    hub.stop()
    hub.stop()
    hub.check()
    assert not (tmp_path / "hub.pid").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_may_be_started_again_and_says_more(child: Start) -> None:
    hub = child(SAYS_AND_STAYS)
    await_here(hub)
    hub.stop()
    hub.start()
    hub.wait_until(lambda: hub.lines().count("here") == 2, "its second word")


def test_a_child_that_ends_early_is_told_with_its_last_words(child: Start) -> None:
    hub = child("import sys\nprint('one')\nprint('two')\nsys.exit(3)\n")
    with pytest.raises(
        ProcessError, match=r"^hub ended before it listened: one \| two; see .+log$"
    ):
        hub.wait_until(lambda: False, "it listened")


def test_a_child_that_says_nothing_is_told_too(child: Start) -> None:
    hub = child("")
    with pytest.raises(ProcessError, match=r"hub ended before it listened: nothing said; see "):
        hub.wait_until(lambda: False, "it listened")


def test_a_child_that_is_never_ready_is_told_with_its_log(tmp_path: Path, child: Start) -> None:
    hub = child(SAYS_AND_STAYS)
    log = re.escape(str(tmp_path / "hub.log"))
    with pytest.raises(ProcessError, match=rf"^hub: no answer in 0 s; see {log}$"):
        hub.wait_until(lambda: False, "answer", limit_s=0.1)


def test_a_child_that_heeds_no_signal_is_killed(child: Start) -> None:
    hub = child(STUBBORN)
    await_here(hub)
    hub.stop()
    assert not hub.running


def test_a_child_that_dies_unasked_is_noticed(child: Start) -> None:
    hub = child(SAYS_AND_STAYS)
    await_here(hub)
    os.kill(hub.pid, signal.SIGKILL)
    assert wait_for(lambda: not hub.running, 5)
    with pytest.raises(ProcessError, match=r"^hub ended in the middle of the play; see .*hub.log"):
        hub.check()


def test_more_arguments_make_another_child_of_the_same_name(child: Start) -> None:
    hub = child("import sys\nprint(sys.argv[1:], flush=True)\n")
    assert wait_for(lambda: not hub.running, 10)
    more = hub.with_arguments(["--more"])
    assert more.pid == 0
    assert not more.running
    more.stop()
    more.start()
    assert wait_for(lambda: not more.running, 10)
    assert more.lines() == ["['word']", "['word', '--more']"]


def test_what_configures_a_kiosk_is_not_inherited_but_what_the_play_gives_is(
    child: Start,
) -> None:
    os.environ["KIOSK_HUB__URL"] = "http://elsewhere"
    try:
        assert "KIOSK_HUB__URL" not in inherited()
        assert inherited()["PATH"] == os.environ["PATH"]
        hub = child("import os\nprint(sorted(n for n in os.environ if n.startswith('KIOSK_')))\n")
        assert wait_for(lambda: not hub.running, 10)
        assert hub.lines() == ["['KIOSK_EXTRA']"]
    finally:
        del os.environ["KIOSK_HUB__URL"]


def test_a_process_that_an_earlier_play_left_is_known_by_its_pid_file(
    tmp_path: Path, child: Start
) -> None:
    hub = child(SAYS_AND_STAYS)
    await_here(hub)
    assert alive(tmp_path / "hub.pid") == hub.pid
    other = tmp_path / "other.pid"
    assert alive(other) == 0
    for text in ("", "abc", "999999999", f"{os.getppid()}"):
        other.write_text(text, encoding="ascii")
        assert alive(other) == 0


@pytest.mark.parametrize(("path", "survives"), [(os.environ["PATH"], False), ("/none", True)])
def test_a_child_ends_with_a_parent_that_is_killed_unless_nothing_holds_the_leash(
    tmp_path: Path, path: str, *, survives: bool
) -> None:
    """The second case is the mutant: without setpriv on its path the parent starts it plainly."""
    programs = tmp_path / "programs"
    (programs / "kiosk").mkdir(parents=True)
    (programs / "kiosk" / "__init__.py").touch()
    (programs / "kiosk" / "__main__.py").write_text(SAYS_AND_STAYS, encoding="utf-8")
    words = [sys.executable, "-c", PARENT, str(tmp_path), str(programs)]
    with subprocess.Popen(words, env={"PATH": path}, stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
        finally:
            parent.kill()
    try:
        assert wait_for(lambda: not runs(pid), 0.5 if survives else 10) is not survives
    finally:
        if runs(pid):
            os.kill(pid, signal.SIGKILL)


def test_where_the_words_of_the_leash_are_missing_or_others_there_is_none() -> None:
    assert leash() == ("setpriv", "--pdeathsig", "TERM")
    assert leash("no-such-program") == ()
    assert leash("false") == ()
