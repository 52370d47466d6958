"""No threshold moves before it has stood for its time, however policies are cut up and renamed."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.dwell import DWELL_S, Change, Standing, changes, standing
from kiosk.core.policy import Policy, Threshold, parse_policy

DAY_S = 86_400
START_S = 1_795_435_200
BASE = parse_policy(
    {
        "version": 1,
        "shop": "shop",
        "currency": "EUR",
        "issued_s": START_S,
        "valid_until_s": START_S + 365 * DAY_S,
        "max_inside": 1,
        "thresholds": [],
    }
)
IDS = ("a", "b", "c")
THRESHOLD = st.builds(
    Threshold,
    st.sampled_from(IDS),
    st.sampled_from(("entry", "rental:bike")),
    st.sampled_from((600, 610, 620)),
    st.just("standard"),
    st.just(START_S),
    st.booleans(),
)
SET = st.lists(THRESHOLD, max_size=3, unique_by=lambda one: one.id)
ATTEMPTS = st.lists(st.tuples(st.sampled_from((0, DAY_S, DWELL_S - 1, DWELL_S)), SET), max_size=12)
Allows = Callable[[Change, int], bool]
Published = list[tuple[Policy, int]]


def entry(points: int = 600, name: str = "a", *, shadow: bool = False) -> Threshold:
    return Threshold(name, "entry", points, "standard", START_S, shadow)


def policy(*thresholds: Threshold) -> Policy:
    return replace(BASE, thresholds=thresholds)


def publish(attempts: Sequence[tuple[int, Sequence[Threshold]]], allows: Allows) -> Published:
    """Try each set of thresholds after its pause; return what went through."""
    published: Published = []
    now_s = START_S
    for pause_s, thresholds in attempts:
        now_s += pause_s
        new = policy(*thresholds)
        if all(allows(change, now_s) for change in changes(standing(published), new)):
            published.append((new, now_s))
    return published


def shortest_s(published: Published) -> int:
    """How long the shortest question stood that came to an end; told from the outside alone."""
    asked: dict[tuple[str, str, int, bool], int] = {}
    ended = [DWELL_S]
    for rules, at_s in published:
        now = {(t.id, t.purpose, t.points, t.shadow) for t in rules.thresholds}
        ended += [at_s - asked.pop(gone) for gone in asked.keys() - now]
        for question in now:
            asked.setdefault(question, at_s)
    return min(ended)


def patient(change: Change, now_s: int) -> bool:
    return not change.too_early(now_s)


def lets_go(change: Change, now_s: int) -> bool:
    """A mutant: what is removed need not have stood, so that a new name moves it at once."""
    return change.after is None or not change.too_early(now_s)


@given(ATTEMPTS)
def test_what_was_asked_was_asked_for_seven_days(
    attempts: list[tuple[int, list[Threshold]]],
) -> None:
    assert shortest_s(publish(attempts, patient)) >= DWELL_S


def test_a_rule_that_lets_thresholds_be_renamed_is_caught() -> None:
    attempts = [(0, [entry(600, "a")]), (DAY_S, [entry(610, "b")])]
    assert shortest_s(publish(attempts, lets_go)) < DWELL_S
    assert shortest_s(publish(attempts, patient)) >= DWELL_S


@given(ATTEMPTS)
def test_in_seven_days_a_purpose_is_asked_at_few_points(
    attempts: list[tuple[int, list[Threshold]]],
) -> None:
    published = publish(attempts, patient)
    for _, begin_s in published:
        asked = defaultdict(set)
        for rules, at_s in published:
            if begin_s <= at_s < begin_s + DWELL_S:
                for one in rules.thresholds:
                    asked[one.purpose].add((one.id, one.points))
        assert all(len(points) <= 2 * len(IDS) for points in asked.values())


@pytest.mark.parametrize(
    "moved", [entry(601), entry(shadow=True), replace(entry(), purpose="rental:bike")]
)
def test_points_purpose_and_shadow_stand_for_the_dwell_to_the_second(moved: Threshold) -> None:
    stands = standing([(policy(entry()), START_S)])
    (change,) = changes(stands, policy(moved))
    assert change.too_early(START_S + DWELL_S - 1)
    assert not change.too_early(START_S + DWELL_S)


def test_a_threshold_stands_since_it_was_last_moved_not_since_it_was_published_again() -> None:
    versions = [entry(600), entry(600), entry(650), entry(650)]
    published = [(policy(one), START_S + n * DWELL_S) for n, one in enumerate(versions)]
    assert standing(published)["a"] == Standing(entry(650), START_S + 2 * DWELL_S)


def test_a_threshold_that_comes_back_begins_anew() -> None:
    published = [
        (policy(*there), START_S + n) for n, there in enumerate([[entry()], [], [entry()]])
    ]
    assert standing(published)["a"].since_s == START_S + 2


def test_adding_and_what_a_threshold_opens_are_free() -> None:
    stands = standing([(policy(entry()), START_S)])
    (added,) = changes(stands, policy(replace(entry(), tier="regulars"), entry(700, "b")))
    assert (added.id, added.too_early(START_S)) == ("b", False)


def test_a_change_that_claims_to_be_older_than_the_policy_it_changes_is_misdated() -> None:
    (added,) = changes({}, policy(entry()))
    assert added.misdated(START_S + 1)
    assert not added.misdated(START_S)
    (removed,) = changes(standing([(policy(entry()), START_S)]), policy())
    assert not removed.misdated(START_S + 1)
