"""What staff ask of the running kiosk: its status, and payments."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Control

Kiosk = Callable[..., Any]

STATUS: dict[str, Any] = {
    "ok": True,
    "kiosk": "door-1",
    "entry": "idle",
    "exit": "quiet",
    "inside": 0,
    "max_inside": 1,
    "last_stay_left_s": 0,
    "others_left_s": 0,
    "door_open": False,
    "unlocked": False,
    "lost": [],
    "devices": {"lock": {"ok": True, "detail": "locked"}},
    "ledger": {"size": 12, "root": "00", "finding": ""},
    "upload": {"acked": 10, "trouble": ""},
    "hub": {"away": False},
    "clock": {"sync": "ntp"},
}


def test_a_kiosk_that_is_well_is_exit_code_0(kiosk: Kiosk, state: Path, control: Control) -> None:
    control.answers(STATUS, STATUS)
    done = kiosk("status", "--state", state)
    assert (done.code, done.out.splitlines()) == (
        0,
        [
            "door-1: entry idle, exit quiet",
            "inside:  no visit; door closed, lock locked",
            "ledger:  12 entries, 2 not yet at the hub",
            "clock:   ntp",
            "device:  lock: ok, locked",
        ],
    )
    assert json.loads(kiosk("status", "--state", state, "--json").out) == STATUS


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        (1, "inside:  1 visit, it ends at the latest in 3 h 52 min (stay_s of the policy); "),
        (2, "inside:  2 visits, all end at the latest in 3 h 52 min (stay_s of the policy); "),
    ],
)
def test_who_is_told_that_somebody_is_inside_reads_when_that_ends(
    inside: int, line: str, kiosk: Kiosk, state: Path, control: Control
) -> None:
    control.answers(STATUS | {"inside": inside, "last_stay_left_s": 13_901})
    assert line in kiosk("status", "--state", state).out


def test_somebody_who_may_be_inside_without_a_visit_is_noted(
    kiosk: Kiosk, state: Path, control: Control
) -> None:
    control.answers(STATUS | {"others_left_s": 841})
    told = kiosk("status", "--state", state)
    assert "note:    somebody without a visit may be inside for 15 min yet" in told.out
    assert told.code == 0


def test_several_inside_without_a_camera_at_the_exit_are_noted(
    kiosk: Kiosk, state: Path, control: Control
) -> None:
    seen = {"exit-camera": {"ok": True, "detail": "10 pictures a second"}}
    several = STATUS | {"max_inside": 3}
    control.answers(several, several | {"devices": seen})
    assert "note:    the policy lets 3 be inside" in kiosk("status", "--state", state).out
    assert "note:" not in kiosk("status", "--state", state).out


def test_a_clock_that_nobody_asked_the_network_about_is_not_called_network_time(
    kiosk: Kiosk, state: Path, control: Control
) -> None:
    control.answers(STATUS | {"clock": {"sync": "trusted"}})
    told = kiosk("status", "--state", state).out
    assert 'clock:   believed, as clock.trust = "always" says' in told.splitlines()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"upload": {"acked": 1, "trouble": "nobody answers"}}, "upload:  nobody answers"),
        (
            {"hub": {"away": True}},
            "upload:  the hub does not answer; visits go on, and the ledger is kept for it",
        ),
        (
            {"lost": ["camera"], "devices": {"camera": {"ok": False, "detail": "unplugged"}}},
            "device:  camera: NOT OK, unplugged",
        ),
        (
            {"ledger": {"size": 12, "root": "00", "finding": "entry 3: its body was changed"}},
            "damage:  entry 3: its body was changed",
        ),
    ],
)
def test_what_needs_a_person_is_exit_code_1(
    change: dict[str, Any], line: str, kiosk: Kiosk, state: Path, control: Control
) -> None:
    control.answers({**STATUS, **change})
    done = kiosk("status", "--state", state)
    assert done.code == 1
    assert line in done.out.splitlines()


# pay

VISIT = "019ab0c4-7f3e-7c1d-9f0e-2b6f3d5a8c11"
CREDIT = "covers no item and is kept as credit: if it was too much, give it back"
LOOK = "it stands under Payments for no visit on the owner's page"
TAKEN: dict[str, Any] = {"ok": True, "number": 7, "currency": "EUR", "visit": None}


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """The file with the staff's token."""
    path = tmp_path / "staff.token"
    path.write_text("very-secret\n", encoding="ascii")
    return path


def test_a_payment_is_sent_with_a_key_of_its_own(
    kiosk: Kiosk, state: Path, control: Control, token: Path
) -> None:
    control.answers(TAKEN, TAKEN)
    at = ("--token-file", token, "--state", state)
    done = kiosk("pay", VISIT, "--epc", "3034aa", "--epc", "3034BB", *at)
    first, words = control.asked[0], done.out.split()
    assert words[:4] == ["recorded", "as", "payment", "7"]
    assert first["epcs"] == ["3034AA", "3034BB"]
    assert (first["visit"], first["token"], len(first["key"])) == (VISIT, "very-secret", 16)
    kiosk("pay", VISIT, "--amount-minor", 599, "--method", "card", "--key", "till-1", *at)
    assert control.asked[1] == {
        "do": "pay",
        "visit": VISIT,
        "epcs": [],
        "amount_minor": 599,
        "method": "card",
        "key": "till-1",
        "token": "very-secret",
    }


def test_the_token_of_the_hub_beside_the_kiosk_is_found(
    kiosk: Kiosk, state: Path, control: Control
) -> None:
    words = ("pay", VISIT, "--amount-minor", 5, "--state", state)
    done = kiosk(*words)
    assert (done.code, "name it with --token-file" in done.err) == (2, True)
    assert control.asked == []
    (state / "hub").mkdir()
    (state / "hub" / "staff.token").write_text("very-secret\n", encoding="ascii")
    control.answers(TAKEN)
    assert kiosk(*words).code == 0
    assert control.asked[0]["token"] == "very-secret"


def test_what_was_not_recorded_names_the_key_to_repeat_it_with(
    kiosk: Kiosk, state: Path, control: Control, token: Path
) -> None:
    control.answers({"ok": False, "error": "the hub did not answer"})
    words = ("pay", VISIT, "--amount-minor", 5, "--key", "till-1")
    done = kiosk(*words, "--token-file", token, "--state", state)
    assert done.code == 4
    assert done.err == "kiosk: not recorded (key till-1): the hub did not answer\n"
    control.answers({"ok": False, "error": "epcs[0]: is paid already", "exit_code": 2})
    assert kiosk(*words, "--token-file", token, "--state", state).code == 2


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--epc", "30", "--amount-minor", 5),
        ("--amount-minor", -1),
        ("--amount-minor", "5.99"),
        ("--amount-minor", "9" * 14),
        ("--amount-minor", 5, "--method", "gold"),
    ],
)
def test_words_that_make_no_payment_are_refused_before_anybody_is_asked(
    words: tuple[object, ...], kiosk: Kiosk, state: Path, token: Path
) -> None:
    done = kiosk("pay", VISIT, *words, "--token-file", token, "--state", state)
    assert (done.code, done.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "visit",
    [
        *("123", "0", "", "00000000-0000-0000-0000-000000000000", VISIT[:8], f"{VISIT}0"),
        *("019ab0c4-7f3e-4c1d-9f0e-2b6f3d5a8c11", "019ab0c4-7f3e-7c1d-cf0e-2b6f3d5a8c11"),
        *("\x1b[2J", "x" * 5000, f"{VISIT}\n{VISIT}"),
    ],
)
def test_what_no_visit_can_be_called_is_refused_before_anybody_is_asked(
    visit: str, kiosk: Kiosk, state: Path, control: Control, token: Path
) -> None:
    done = kiosk("pay", visit, "--amount-minor", 5, "--token-file", token, "--state", state)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert " is no visit: want its id from the owner's page, as in 019" in done.err
    assert len(done.err) < 250
    assert control.asked == []


def test_an_id_is_taken_as_it_was_copied(
    kiosk: Kiosk, state: Path, control: Control, token: Path
) -> None:
    control.answers(TAKEN)
    words = ("--amount-minor", 5, "--token-file", token, "--state", state)
    assert kiosk("pay", f" {VISIT.upper()}\n", *words).code == 0
    assert control.asked[0]["visit"] == VISIT


@pytest.mark.parametrize(
    ("visit", "told"),
    [
        (
            None,
            f"the hub has not yet seen visit {VISIT}; if it never comes, {LOOK}",
        ),
        (("open", 0, 0, 0), "the visit goes on: the payment counts when they leave"),
        (
            ("outside", 0, 0, 0),
            f"nobody has come in on visit {VISIT}: if nobody does, {LOOK}",
        ),
        (
            ("unpaid", 300, 800, 50),
            f"of this visit 3.00 EUR is paid and 8.00 EUR still owed; 0.50 EUR {CREDIT}",
        ),
        (("unpaid", 1100, 0, 0), "of this visit 11.00 EUR is paid and nothing is owed"),
    ],
)
def test_what_a_payment_came_to_is_said(
    visit: tuple[object, ...] | None,
    told: str,
    kiosk: Kiosk,
    state: Path,
    control: Control,
    token: Path,
) -> None:
    names = ("state", "paid_minor", "owed_minor", "credit_minor")
    standing = dict(zip(names, visit, strict=True)) if visit else None
    control.answers({**TAKEN, "visit": standing})
    words = ("--amount-minor", 5, "--token-file", token, "--state", state)
    done = kiosk("pay", VISIT, *words)
    assert (done.code, done.out.splitlines()[1:]) == (0, [told])


@pytest.mark.parametrize("held", [b"", b"\xff\xfe", b"two words", b"\x1b[2J", b"x\ny"])
def test_a_file_without_a_token_is_named_and_never_shown(
    held: bytes, kiosk: Kiosk, state: Path, token: Path
) -> None:
    token.write_bytes(held)
    done = kiosk("pay", VISIT, "--amount-minor", 5, "--token-file", token, "--state", state)
    assert (done.code, f"{token}: holds no token" in done.err) == (2, True)
