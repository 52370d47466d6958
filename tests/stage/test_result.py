"""What was expected and is not so: one line each, with the script's line."""

import pytest

from kiosk.stage.plot import Expect, Step
from kiosk.stage.result import mismatches, unlocked_ms
from tests.stage.scripts import script
from tests.stage.test_report import result, visit

GOOD = {"size": 8, "root": "R", "verified": True}
HUB = {"size": 8, "root": "R"}
ADA = visit(customer="ada", decision="granted", way="score", outcome="unpaid", unpaid_minor=599)


def wrong(*expects: Expect, steps: tuple[Step, ...] = (), **given: object) -> list[str]:
    """Return what is wrong with a day of two visits of ada."""
    second = visit(customer="ada", decision="refused", reason="replayed")
    day = {**result(ADA, visit(customer="ben"), second), "ledger": GOOD, "hub": HUB, **given}
    return mismatches(script(*steps, expects=expects), day)


def test_what_is_as_expected_says_nothing() -> None:
    values: dict[str, str | int | None] = {
        "outcome": "unpaid",
        "decision": "granted",
        "way": "score",
        "unpaid_minor": 599,
    }
    assert not wrong(
        Expect("ada", 1, values),
        Expect("ada", 2, {"outcome": None, "way": None, "reason": "replayed"}),
    )


def test_an_expectation_without_values_is_that_the_try_was_seen() -> None:
    assert not wrong(Expect("ada", 2, {}, 7))
    assert wrong(Expect("ada", 3, {}, 7)) == ["day.toml:7: ada, visit 3: there were only 2"]


def test_each_difference_is_a_line_with_the_script_s_line() -> None:
    assert wrong(
        Expect("ada", 1, {"outcome": None, "unpaid_minor": 0, "way": "score"}, 7),
        Expect("ada", 2, {"outcome": "paid"}, 9),
    ) == [
        "day.toml:7: ada, visit 1: outcome is 'unpaid', expected nothing",
        "day.toml:7: ada, visit 1: unpaid_minor is 599, expected 0",
        "day.toml:9: ada, visit 2: outcome is nothing, expected 'paid'",
    ]


def test_a_ledger_that_does_not_verify_is_a_difference() -> None:
    assert wrong(ledger={**GOOD, "verified": False}) == [
        "day.toml: the ledger does not verify; see kiosk ledger verify"
    ]


@pytest.mark.parametrize(
    ("hub", "words"),
    [
        ({"size": 5, "root": "Q"}, "day.toml: the hub has 5 of 8 entries"),
        ({"size": 0, "root": ""}, "day.toml: the hub has 0 of 8 entries"),
        ({"size": 8, "root": "Q"}, "day.toml: the hub has 8 of 8 entries, and they differ"),
    ],
)
def test_a_hub_that_has_not_all_of_it_is_a_difference(hub: dict[str, object], words: str) -> None:
    assert wrong(hub=hub) == [words]


@pytest.mark.parametrize("last", ["lose", "restore"])
def test_a_hub_that_the_script_left_cut_off_may_be_behind(last: str) -> None:
    steps = (Step("lose", device="hub"), Step("restore", device="hub"), Step(last, device="hub"))
    found = wrong(steps=(*steps, Step("lose", device="camera")), hub={"size": 0, "root": ""})
    assert bool(found) is (last == "restore")


@pytest.mark.parametrize(
    ("edges", "spans"),
    [
        ([], []),
        ([(0.0, False)], []),
        ([(0.0, False), (1.0, True), (2.5, False)], [1500]),
        ([(1.0, True), (2.0, True), (3.0, False), (4.0, False)], [2000]),
        ([(1.0, True), (2.0, False), (3.0, True), (3.001, False)], [1000, 1]),
        ([(1.0, True), (2.0, False), (9.0, True)], [1000, 1000]),
    ],
)
def test_every_unlock_is_a_span_also_one_that_still_lasts(
    edges: list[tuple[float, bool]], spans: list[int]
) -> None:
    assert unlocked_ms(edges, 10.0) == spans
