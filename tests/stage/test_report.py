"""A result as a table that people read."""

from typing import Any

from kiosk.stage.report import lines_of

ROOT = "kLcmyr2TD65E8HKMURwWGbHRdPCC5ehoBFiaVT7ZHV4="


def visit(**given: object) -> dict[str, Any]:
    """Return one visit of a result."""
    empty = dict.fromkeys(("customer", "decision", "reason", "way", "outcome"))
    return {"id": "v", **empty, "lines": [], "unpaid_minor": 0, **given}


def result(*visits: dict[str, Any], verified: bool = True) -> dict[str, Any]:
    """Return a result with these visits."""
    return {
        "visits": list(visits),
        "anonymous": [{"epc": "3034257BF416E80000000002"}],
        "ledger": {"size": 9, "root": ROOT, "verified": verified},
        "hub": {"size": 8, "root": ROOT},
    }


def test_a_try_is_a_row_a_loss_and_the_proofs_are_lines() -> None:
    ada = visit(
        customer="ada",
        decision="granted",
        reason="met",
        way="score",
        outcome="unpaid",
        unpaid_minor=120,
    )
    assert list(lines_of(result(ada, visit()), "EUR")) == [
        "customer      answer    why               way      outcome     owed",
        "ada           granted   met               score    unpaid      1.20 EUR",
        "-             -         -                 -        -",
        "left with nobody known, pinned on nobody: 3034257BF416E80000000002",
        f"ledger: 9 events, verified, root {ROOT}",
        f"hub:    8 events, root {ROOT}",
    ]


def test_a_long_name_moves_the_columns_and_runs_into_none() -> None:
    name = "c" * 64
    header, row, *_ = lines_of(result(visit(customer=name, decision="granted")), "JPY")
    assert row.startswith(f"{name} granted ")
    assert header.index("answer") == row.index("granted")


def test_a_ledger_that_does_not_verify_says_so_loudly() -> None:
    assert "NOT VERIFIED" in "\n".join(lines_of(result(verified=False), "EUR"))


def test_amounts_have_the_digits_of_their_currency() -> None:
    assert "120 JPY" in "\n".join(lines_of(result(visit(unpaid_minor=120)), "JPY"))
