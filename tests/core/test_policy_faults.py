"""Whoever writes a policy is told of all its faults at once, and of none that is not there."""

from collections.abc import Mapping
from typing import Any

import pytest

from kiosk.core.policy import MAX_THRESHOLDS, faults_of
from kiosk.core.values import Json
from tests.core.test_policy import SMALL, threshold


def all_of(**changes: Json) -> list[str]:
    return [str(each).removeprefix("policy.") for each in faults_of({**SMALL, **changes})]


def test_whoever_writes_a_policy_is_told_of_all_faults_at_once() -> None:
    assert all_of() == []
    assert all_of(
        max_inside="two",
        thresholds=[threshold(points=900, tier="standart"), threshold(purpose="", id="b")],
        tiers=[{"id": "standard", "max_itmes": 3}],
        hours=[{"days": ["mo", 8, 1], "from_min": 900, "to_min": 60}, 3],
        ways=["voucehr", "score"],
        grace_s="day",
        timing={"read_min_ms": 3001, "unlocks": 2},
        reading=[],
        retention={"scan": 0, "visit": 0},
    ) == [
        "max_inside: must be a whole number, is text",
        "thresholds[0].points: 900 is out of range; use 0..800",
        "thresholds[1].purpose: '' is not an id: lower case, digits and : _ . -, at most 64",
        "tiers[0].max_itmes: unknown field; did you mean max_items?",
        "hours[1]: must be an object, is a number",
        "grace_s: must be a whole number, is text",
        "ways[0]: is not one of score, voucher, vouched; did you mean voucher?",
        "timing.unlocks: unknown field; did you mean unlock_s?",
        "timing.read_min_ms: is above read_max_ms, 3000",
        "reading: must be an object, is a list",
        "retention.scan: 0 is out of range; use 1..36600",
        "retention.visit: 0 is out of range; use 1..36600",
        "thresholds[0].tier: no tier 'standart'; did you mean standard?",
    ]


def test_the_faults_of_hours_are_told_at_once() -> None:
    early: Mapping[str, Any] = {"days": ["mo", 8, 1], "from_min": 900, "to_min": 60}
    assert [each.partition(":")[0] for each in all_of(hours=[early])] == [
        *("hours[0].days[0]", "hours[0].days[1]", "hours[0].to_min")
    ]


@pytest.mark.parametrize(
    ("changes", "only"),
    [
        ({"hours": [{"days": [0], "from_min": 900, "to_min": "x"}]}, "hours[0].to_min: must be"),
        ({"hours": [{"days": [0], "from_min": "x", "to_min": 1}]}, "hours[0].from_min: must be"),
        ({"timing": {"read_min_ms": 3001, "read_max_ms": "x"}}, "timing.read_max_ms: must be"),
        ({"reading": {"min_slices": 50, "slices": "x"}}, "reading.slices: must be"),
        ({"ways": ["scoer", "score"]}, "ways[0]: is not one of score, voucher, vouched; did"),
        ({"ways": "score"}, "ways: must be a list"),
        ({"ways": ["xyz", "voucher"]}, "ways[0]: is not one of score, voucher, vouched"),
        ({"tiers": [{"id": "X"}]}, "tiers[0].id: 'X' is not an id"),
        ({"tiers": ["x"]}, "tiers[0]: must be an object"),
        ({"tiers": 3}, "tiers: must be a list"),
        ({"thresholds": [threshold(tier=3)]}, "thresholds[0].tier: must be text"),
    ],
)
def test_no_rule_is_said_to_be_broken_by_a_value_that_is_none(
    changes: Mapping[str, Any], only: str
) -> None:
    (fault,) = all_of(**changes)
    assert fault.startswith(only)


def test_ids_that_are_none_are_not_there_twice_nor_too_many() -> None:
    several = [threshold(id=f"t{n}", purpose=3) for n in range(MAX_THRESHOLDS + 1)]
    assert {each.partition(": ")[2] for each in all_of(thresholds=several)} == {
        "must be text, is a number"
    }
    assert len(all_of(thresholds=[threshold(id=3), threshold(id=4)])) == 2
