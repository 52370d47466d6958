"""The stage talks to the daemon, and says in one line when there is none."""

from pathlib import Path

import pytest

from kiosk.stage.errors import ProcessError
from kiosk.stage.links import Control, wait_for
from tests.stage.speaker import Speaker, said


def test_questions_go_over_one_connection_and_bring_their_answers(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with Speaker(path, lambda question: said({"ok": True, "did": question["do"]})) as speaker:
        control = Control(path)
        assert control.alive()
        assert control.ask("pay", key="k")["did"] == "pay"
        control.close()
        control.close()
    assert speaker.asked == [{"do": "status"}, {"do": "pay", "key": "k"}]


def test_no_daemon_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    control = Control(tmp_path / "control.sock")
    assert not control.alive()
    with pytest.raises(ProcessError, match=r"control.sock: no daemon there; start kiosk run first"):
        control.ask("status")


@pytest.mark.parametrize(
    ("answer", "words"),
    [(None, "hung up on status"), (b"5\n", "hung up on status"), (b"{\n", "did not answer status")],
)
def test_a_daemon_that_hangs_up_or_babbles_is_one_line(
    tmp_path: Path, answer: bytes | None, words: str
) -> None:
    path = tmp_path / "control.sock"
    with Speaker(path, lambda _: answer):
        control = Control(path)
        with pytest.raises(ProcessError, match=words):
            control.ask("status")
        assert not control.alive()


def test_waiting_ends_when_it_is_seen_or_at_the_limit() -> None:
    looks = iter([False, False, True])
    assert wait_for(lambda: next(looks), 5)
    assert not wait_for(lambda: False, 0.05)
    assert wait_for(lambda: True, 0)
