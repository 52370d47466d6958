"""A result as a table that people read."""

from pathlib import Path
from typing import Any

from kiosk.stage.play import Played
from kiosk.stage.plot import POLICY, Script
from kiosk.stage.report import kept, lines_of
from tests.shipped import OWNER_KEY, shipped
from tests.stage.scripts import script

ROOT = "kLcmyr2TD65E8HKMURwWGbHRdPCC5ehoBFiaVT7ZHV4="
MET = {"decision": "granted", "reason": "met", "way": "score"}


def visit(**given: object) -> dict[str, Any]:
    """Return one visit of a result."""
    empty = dict.fromkeys(("customer", "decision", "reason", "way", "outcome"))
    return {"id": "v", **empty, "lines": [], "unpaid_minor": 0, **given}


def result(*visits: dict[str, Any], verified: bool = True, hub: int = 9) -> dict[str, Any]:
    """Return a result with these visits."""
    return {
        "visits": list(visits),
        "anonymous": [{"epc": "3034257BF416E80000000002"}],
        "ledger": {"size": 9, "root": ROOT, "verified": verified},
        "hub": {"size": hub, "root": ROOT},
    }


def report(found: dict[str, Any], inside: str = "") -> str:
    """Return the report of a play that came to this."""
    return "\n".join(lines_of(Played(script(), found, (), frozenset({inside}))))


def test_a_try_is_a_row_a_loss_and_the_proofs_are_lines() -> None:
    ada = visit(customer="ada", **MET, outcome="unpaid", unpaid_minor=120)
    assert report(result(ada, visit())).splitlines() == [
        "customer    answer    why              way in    outcome      owed",
        "ada         granted   threshold met    score     unpaid       1.20 EUR",
        "-           -         -                -         -",
        "Nobody known was inside when Water (3034257BF416E80000000002) went out: nobody owes it.",
        f"ledger: 9 entries, verified, root {ROOT}",
        f"hub:    9 entries, root {ROOT} (the same)",
    ]


def test_a_copy_that_is_behind_is_not_called_the_same() -> None:
    assert report(result(hub=8)).splitlines()[-1] == f"hub:    8 entries, root {ROOT}"


def test_who_was_let_in_and_did_not_go_in_or_is_inside_still_is_told_apart() -> None:
    below = visit(id="v3", decision="offered", reason="below-threshold")
    found = result(visit(id="v1", **MET), visit(id="v2", **MET), below)
    rows = report(found, inside="v2").splitlines()
    assert [row.split("score")[-1].strip() for row in rows[1:3]] == ["not entered", "still inside"]
    assert rows[3].split() == ["-", "offered", "below", "threshold", "-", "-"]


def test_an_unpaid_exit_that_was_settled_was_paid_late() -> None:
    assert (
        report(result(visit(**MET, outcome="unpaid")))
        .splitlines()[1]
        .endswith("unpaid       paid late")
    )


def test_a_long_name_moves_the_columns_and_runs_into_none() -> None:
    name = "c" * 64
    header, row, *_ = report(result(visit(customer=name, decision="granted"))).splitlines()
    assert row.startswith(f"{name} granted ")
    assert header.index("answer") == row.index("granted")


def test_a_ledger_that_does_not_verify_says_so_loudly() -> None:
    assert "NOT VERIFIED" in report(result(verified=False))


def test_amounts_have_the_digits_of_their_currency() -> None:
    yen = Script("JPY", POLICY, (), (), (), ())
    assert "120 JPY" in "\n".join(lines_of(Played(yen, result(visit(unpaid_minor=120)))))


def test_a_kept_directory_is_named_with_what_verifies_it_and_what_takes_payments(
    tmp_path: Path,
) -> None:
    place = tmp_path / "my day"
    place.mkdir()
    (place / "kiosk.toml").write_text(shipped("store.toml"), encoding="utf-8")
    first, second, third = kept(place, "./run kiosk").splitlines()
    assert first == f"Kept: {place} (./run kiosk ledger verify --state '{place}')"
    assert (
        second == "Late payments are recorded on its pages: start its hub again and open its link:"
    )
    assert third == (
        f"  KIOSK_CLOCK_OFFSET_FILE='{place}/clock' ./run kiosk hub --state '{place}/hub' "
        f"--owner-key {OWNER_KEY} --listen 127.0.0.1:8080 --login-code"
    )
