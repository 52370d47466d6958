"""`kiosk outbox`: what waits, and sending it now."""

import json
from pathlib import Path

import pytest

from kiosk.ledger.keys import create
from tests.cli.conftest import Control, Kiosk, written


def test_outbox_show_tells_what_exists_here_only(kiosk: Kiosk, state: Path) -> None:
    done = kiosk("outbox", "show", "--state", state)
    assert (
        "12 of 12 events are not uploaded yet, the oldest of 2026-11-23T12:00:00.000Z" in done.out
    )
    assert "do not reset this kiosk" in done.out
    with written(state, create(state)) as ledger:
        ledger.acked("hub", 5, "")
    row = json.loads(kiosk("outbox", "show", "--state", state, "--json").out)
    assert row == {"pending": 7, "size": 12, "acked": 5, "oldest": "2026-11-23T12:00:00.000Z"}
    with written(state, create(state)) as ledger:
        ledger.acked("hub", 12, "")
    assert "all 12 events are uploaded" in kiosk("outbox", "show", "--state", state).out


def test_outbox_flush_asks_the_running_kiosk(kiosk: Kiosk, state: Path, control: Control) -> None:
    control.answers(b'{"ok":true,"pending":3}\n')
    done = kiosk("outbox", "flush", "--state", state)
    assert (done.code, done.out) == (0, "uploading now: 3 events\n")
    assert control.asked == [{"do": "flush"}]


@pytest.mark.parametrize("reply", [b'{"ok":false,"error":"busy; try again"}\n', b"", b"nonsense\n"])
def test_outbox_flush_says_why_not(
    kiosk: Kiosk, state: Path, control: Control, reply: bytes
) -> None:
    control.answers(reply)
    done = kiosk("outbox", "flush", "--state", state)
    assert done.code == 4
    assert done.err.count("\n") == 1


def test_outbox_flush_without_a_kiosk_is_unreachable(kiosk: Kiosk, state: Path) -> None:
    done = kiosk("outbox", "flush", "--state", state)
    assert (done.code, "start it with kiosk run" in done.err) == (4, True)
