"""The score is bounded, symmetric, forgets by itself, and its explanation sums to it exactly."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.scoring.formula import (
    BASE,
    COSIGN_S,
    DAY_S,
    FACT_CAP,
    KEEP_DAYS,
    REPORTER_CAP,
    SIDE_CAP,
    TOP,
    WINDOW_S,
    Fact,
    Part,
    Score,
    Severity,
    Standing,
    counts,
    reasons,
    score,
    weight,
)

NOW_S = 1_800_000_000
DEMERIT = Fact(
    "f1",
    "shop-a",
    "unpaid-exit",
    -60,
    Severity.GENERAL,
    NOW_S,
    cosigned_s=NOW_S,
    notified_s=NOW_S,
    waived=True,
)


def fact(name: str = "f1", points: int = -60, reporter: str = "shop-a", age_d: int = 0) -> Fact:
    """A fact that counts, of this age."""
    at_s = NOW_S - age_d * DAY_S
    return replace(
        DEMERIT,
        id=name,
        points=points,
        reporter=reporter,
        at_s=at_s,
        cosigned_s=at_s,
        notified_s=at_s,
    )


facts_strategy = st.lists(
    st.builds(
        Fact,
        id=st.uuids().map(str),
        reporter=st.sampled_from(["shop-a", "shop-b", "shop-c", "shop-d", "shop-e", "shop-f"]),
        code=st.sampled_from(["unpaid-exit", "late-return", "damage", "kept-word", "paid-late"]),
        points=st.integers(-200, 200),
        severity=st.sampled_from(Severity),
        at_s=st.integers(NOW_S - 400 * DAY_S, NOW_S + DAY_S),
        cosigned_s=st.none() | st.integers(NOW_S - 400 * DAY_S, NOW_S + 4 * DAY_S),
        notified_s=st.none() | st.integers(NOW_S - 400 * DAY_S, NOW_S),
        waived=st.booleans(),
        standing=st.sampled_from(Standing),
    ).map(lambda one: one if one.cosigned_s is None else replace(one, cosigned_s=one.at_s)),
    max_size=25,
)
demerits = facts_strategy.map(lambda many: [replace(one, points=-abs(one.points)) for one in many])


def test_nothing_known_is_the_base() -> None:
    assert score([], NOW_S) == Score(BASE, (Part(BASE, "base"),))


def test_a_fresh_demerit_takes_its_points_and_says_when_they_are_regained() -> None:
    told = score([fact(points=-30)], NOW_S)
    assert told.points == 470
    assert told.parts[1] == Part(-30, "unpaid-exit", "f1", NOW_S + 180 * DAY_S)


@pytest.mark.parametrize(
    ("age_d", "left"), [(0, -60), (1, -59), (45, -45), (90, -30), (179, 0), (180, 0), (900, 0)]
)
def test_a_fact_fades_in_a_straight_line_and_is_nothing_when_it_is_deleted(
    age_d: int, left: int
) -> None:
    assert weight(fact(age_d=age_d), NOW_S) == left


UNFAIR = {
    "not witnessed": replace(DEMERIT, cosigned_s=None),
    "witnessed too late": replace(DEMERIT, cosigned_s=NOW_S + COSIGN_S + 1),
    "witnessed before it happened": replace(DEMERIT, cosigned_s=NOW_S - 1),
    "nobody told the customer": replace(DEMERIT, notified_s=None),
    "not yet told": replace(DEMERIT, notified_s=NOW_S + 1),
    "the window to contest is open": replace(DEMERIT, waived=False),
    "contested": replace(DEMERIT, standing=Standing.DISPUTED),
    "withdrawn": replace(DEMERIT, standing=Standing.WITHDRAWN),
    "not yet happened": replace(DEMERIT, at_s=NOW_S + 1, cosigned_s=NOW_S + 1),
}


@pytest.mark.parametrize("unfair", UNFAIR.values(), ids=UNFAIR.keys())
def test_p8_what_had_no_fair_hearing_weighs_nothing(unfair: Fact) -> None:
    assert not counts(unfair, NOW_S)
    assert score([unfair], NOW_S).points == BASE


def test_the_window_ends_after_fourteen_days() -> None:
    waiting = replace(DEMERIT, waived=False)
    assert not counts(waiting, NOW_S + WINDOW_S - 1)
    assert counts(waiting, NOW_S + WINDOW_S)


def test_what_was_put_right_weighs_half() -> None:
    assert weight(replace(DEMERIT, points=-45, standing=Standing.HALVED), NOW_S) == -22


def test_one_fact_is_capped() -> None:
    assert weight(fact(points=-1000), NOW_S) == -FACT_CAP
    assert weight(fact(points=1000), NOW_S) == FACT_CAP


def test_one_reporter_cannot_move_anybody_below_420() -> None:
    told = score([fact(f"f{at}") for at in range(100)], NOW_S)
    assert told.points == BASE - REPORTER_CAP == 420
    assert Part(6000 - 80, "reporter-cap") in told.parts


def test_all_reporters_together_are_capped_on_each_side() -> None:
    against = [fact(f"f{at}", reporter=f"r{at // 2}") for at in range(40)]
    assert score(against, NOW_S).points == BASE - SIDE_CAP
    assert score([replace(one, points=60) for one in against], NOW_S).points == TOP


def test_merits_cannot_be_farmed_at_one_site_in_one_day() -> None:
    farmed = [fact(f"f{at}", points=20) for at in range(10)]
    assert score(farmed, NOW_S).points == BASE + 20
    other_day = [fact("f11", points=20, age_d=1)]
    assert score(farmed + other_day, NOW_S).points == BASE + 20 + 19


def test_reasons_are_the_four_that_lost_most() -> None:
    lost = {"a": -10, "b": -40, "c": -20, "d": -30, "e": -5}
    many = [replace(fact(code, points, reporter=code), code=code) for code, points in lost.items()]
    merit = replace(fact("m", 60, reporter="m"), code="kept-word")
    assert reasons(score([*many, merit], NOW_S)) == ("b", "d", "c", "a")


def test_a_seed_takes_the_place_of_the_base() -> None:
    assert score([], NOW_S, 720).parts == (Part(720, "base"),)
    assert score([fact(points=-30)], NOW_S, 720).points == 690


@pytest.mark.parametrize(("base", "points", "end"), [(20, -60, 0), (790, 60, TOP)])
def test_the_range_ends_at_0_and_800_and_the_explanation_says_so(
    base: int, points: int, end: int
) -> None:
    told = score([fact(points=points)], NOW_S, base)
    assert told.points == end
    assert "range" in {part.code for part in told.parts}


@given(facts_strategy, st.integers(0, TOP))
def test_the_explanation_sums_to_the_score_exactly(facts: list[Fact], base: int) -> None:
    told = score(facts, NOW_S, base)
    assert sum(part.points for part in told.parts) == told.points
    assert 0 <= told.points <= TOP
    assert told.parts[0] == Part(base, "base")


@given(facts_strategy, st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(facts: list[Fact], order: random.Random) -> None:
    shuffled = facts.copy()
    order.shuffle(shuffled)
    assert score(shuffled, NOW_S) == score(facts, NOW_S)


@given(facts_strategy)
def test_a_fact_that_arrives_twice_counts_once(facts: list[Fact]) -> None:
    assert score(facts + facts, NOW_S) == score(facts, NOW_S)


def influence(facts: Iterable[Fact], reporter: str) -> int:
    """How far everything that one reporter said moves the score."""
    with_all = list(facts)
    without = [one for one in with_all if one.reporter != reporter]
    return abs(score(with_all, NOW_S).points - score(without, NOW_S).points)


@given(facts_strategy, st.sampled_from(["shop-a", "shop-b"]))
def test_no_reporter_moves_anybody_by_more_than_the_cap(facts: list[Fact], reporter: str) -> None:
    assert influence(facts, reporter) <= REPORTER_CAP


def test_mutant_without_the_reporters_cap_breaks_the_same_bound() -> None:
    hostile = [fact(f"f{at}") for at in range(3)]
    uncapped = BASE + sum(weight(one, NOW_S) for one in hostile)
    assert BASE - uncapped > REPORTER_CAP >= influence(hostile, "shop-a")


@given(demerits, st.integers(0, 400 * DAY_S), st.integers(0, 400 * DAY_S))
def test_without_new_facts_a_score_only_recovers(
    facts: list[Fact], sooner: int, later: int
) -> None:
    told_s = [min(one.at_s, NOW_S) for one in facts]
    heard = [
        replace(one, waived=True, notified_s=at_s, at_s=at_s)
        for one, at_s in zip(facts, told_s, strict=True)
    ]
    first, second = sorted((NOW_S + sooner, NOW_S + later))
    assert score(heard, first).points <= score(heard, second).points <= BASE


@given(facts_strategy, st.integers(0, 400))
def test_deleting_what_ran_out_changes_nothing(facts: list[Fact], days: int) -> None:
    now_s = NOW_S + days * DAY_S
    kept = [one for one in facts if one.gone_s > now_s]
    assert score(kept, now_s) == score(facts, now_s)


@given(st.sampled_from(Severity), st.integers(-60, 60))
def test_the_last_day_is_no_cliff(severity: Severity, points: int) -> None:
    last = replace(DEMERIT, severity=severity, points=points)
    day = KEEP_DAYS[severity] - 1
    assert abs(weight(last, NOW_S + day * DAY_S)) <= 1
    assert weight(last, last.gone_s) == 0


@given(facts_strategy)
def test_reasons_are_at_most_four_codes_that_lost_points(facts: list[Fact]) -> None:
    told = reasons(score(facts, NOW_S))
    assert len(told) == len(set(told)) <= 4
    assert set(told) <= {one.code for one in facts if weight(one, NOW_S) < 0}


@given(facts_strategy)
def test_swapping_merits_and_demerits_mirrors_a_lone_fact(facts: list[Fact]) -> None:
    for one in facts:
        mirrored = replace(one, points=-one.points)
        up, down = score([one], NOW_S, 400).points, score([mirrored], NOW_S, 400).points
        assert up - 400 == 400 - down
