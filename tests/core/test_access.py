"""Unknown is never no, an offer names another way, and a shop grants only the ways it offers."""

import pytest

from kiosk.core.access import (
    Decision,
    Kind,
    before_asking,
    before_vouching,
    decide,
    grant_voucher,
    judge_fault,
)
from kiosk.core.commands import Show
from kiosk.core.identity import TokenFault
from kiosk.core.notice import notice
from kiosk.core.reasons import Reason
from kiosk.core.values import Answer, ClockSync, Json, RequestId, Verdict, Way
from kiosk.core.visit_state import Rules
from tests.core.gate_cases import THRESHOLD, at, rules

NOON = at(0)
CLOSED: Json = [{"days": [0], "from_min": 0, "to_min": 60}]  # Mondays; NOON is a Wednesday
AFTER_HOURS: Json = [{"id": "standard", "after_hours": True}]


def answer(said: dict[str, Verdict], *, provider: str = "http", fault: str = "") -> Answer:
    return Answer(RequestId("r"), said, ("late", "new"), provider=provider, fault=fault)


def two_tiers(hours: Json = ()) -> Rules:
    """Rules in which a higher threshold opens a tier of its own, after hours too."""
    standing: dict[str, Json] = {"purpose": "entry", "since_s": 1_700_000_000}
    return rules(
        thresholds=[
            {**standing, "id": "entry-700", "points": 700, "tier": "regular"},
            {**standing, "id": THRESHOLD, "points": 600, "tier": "standard"},
        ],
        tiers=[{"id": "standard"}, {"id": "regular", "after_hours": True}],
        hours=hours,
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer({THRESHOLD: Verdict.NO}), Reason.BELOW),
        (answer({THRESHOLD: Verdict.UNKNOWN}), Reason.UNKNOWN),
        (answer({}), Reason.UNKNOWN),
        (answer({"another": Verdict.YES}), Reason.UNKNOWN),
        (answer({}, fault="timeout"), Reason.PROVIDER_DOWN),
        (answer({}, provider="none"), Reason.NO_PROVIDER),
    ],
)
def test_p4_whatever_is_not_yes_is_an_offer_with_other_ways(said: Answer, reason: Reason) -> None:
    decision = decide(rules().policy, said, Way.SCORE, NOON)
    assert (decision.kind, decision.reason) == (Kind.OFFERED, reason)
    assert decision.ways == (Way.VOUCHER, Way.VOUCHED)
    assert decision.codes == ("late", "new")


def test_yes_to_the_threshold_grants_its_tier() -> None:
    decision = decide(rules().policy, answer({THRESHOLD: Verdict.YES}), Way.SCORE, NOON)
    assert decision == Decision(
        Kind.GRANTED, Reason.MET, Way.SCORE, "standard", threshold=THRESHOLD
    )


@pytest.mark.parametrize("way", [Way.VOUCHED, Way.SCORE])
def test_staffs_word_grants_like_the_score_and_its_lack_is_an_offer(way: Way) -> None:
    policy = rules().policy
    yes = decide(policy, answer({"entry": Verdict.YES}, provider="vouch"), way, NOON)
    no = decide(policy, answer({"entry": Verdict.NO}, provider="vouch"), way, NOON)
    away = decide(policy, answer({}, provider="vouch", fault="gone"), way, NOON)
    assert (yes.kind, yes.way, yes.tier) == (Kind.GRANTED, Way.VOUCHED, "standard")
    assert (no.kind, no.reason) == (Kind.OFFERED, Reason.NOT_VOUCHED)
    assert (away.kind, away.reason) == (Kind.OFFERED, Reason.PROVIDER_DOWN)


@pytest.mark.parametrize(
    ("low", "high", "tier"),
    [("yes", "yes", "regular"), ("yes", "no", "standard"), ("yes", "unknown", "standard")],
)
def test_the_highest_threshold_that_is_met_opens_its_tier(low: str, high: str, tier: str) -> None:
    said = answer({THRESHOLD: Verdict(low), "entry-700": Verdict(high)})
    decision = decide(two_tiers().policy, said, Way.SCORE, NOON)
    assert (decision.kind, decision.tier) == (Kind.GRANTED, tier)


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [("yes", "yes", "met"), ("yes", "no", "closed"), ("no", "no", "below-threshold")],
)
def test_after_hours_only_a_threshold_whose_tier_is_open_then_lets_in(
    low: str, high: str, reason: str
) -> None:
    policy = two_tiers(hours=CLOSED).policy
    assert before_asking(policy, NOON) is None
    said = answer({THRESHOLD: Verdict(low), "entry-700": Verdict(high)})
    assert decide(policy, said, Way.SCORE, NOON).reason == reason


def test_p4_what_is_unknown_of_the_lowest_threshold_is_not_no() -> None:
    said = answer({THRESHOLD: Verdict.UNKNOWN, "entry-700": Verdict.NO})
    assert decide(two_tiers().policy, said, Way.SCORE, NOON).reason is Reason.UNKNOWN


def test_a_threshold_that_is_gone_when_the_answer_comes_is_no_refusal() -> None:
    decision = decide(
        rules(thresholds=[]).policy, answer({THRESHOLD: Verdict.YES}), Way.SCORE, NOON
    )
    assert (decision.kind, decision.reason) == (Kind.OFFERED, Reason.NO_THRESHOLD)


def test_a_provider_is_asked_only_when_its_answer_could_open_the_door() -> None:
    assert before_asking(rules().policy, NOON) is None
    reasons = {
        Reason.CLOCK_UNKNOWN: before_asking(rules().policy, at(0, ClockSync.NONE)),
        Reason.POLICY_EXPIRED: before_asking(rules(valid_until_s=1_700_000_001).policy, NOON),
        Reason.NO_THRESHOLD: before_asking(rules(thresholds=[]).policy, NOON),
        Reason.CLOSED: before_asking(rules(hours=CLOSED).policy, NOON),
    }
    for reason, decision in reasons.items():
        assert decision is not None
        assert (decision.kind, decision.reason) == (Kind.OFFERED, reason)
    no_score = before_asking(rules(ways=["voucher"]).policy, NOON)
    assert no_score is not None
    assert no_score.ways == (Way.VOUCHER,)


def test_a_tier_may_come_after_hours() -> None:
    late = rules(hours=CLOSED, tiers=AFTER_HOURS).policy
    said = answer({THRESHOLD: Verdict.YES})
    assert before_asking(late, NOON) is None
    assert decide(late, said, Way.SCORE, NOON).kind is Kind.GRANTED
    closed = rules(hours=CLOSED).policy
    assert decide(closed, said, Way.SCORE, NOON).reason is Reason.CLOSED
    assert grant_voucher(closed, NOON).reason is Reason.CLOSED


def test_a_shop_grants_no_way_that_it_does_not_offer() -> None:
    assert grant_voucher(rules().policy, NOON).way is Way.VOUCHER
    assert grant_voucher(rules(thresholds=[]).policy, NOON).tier == ""
    refused = grant_voucher(rules(ways=["score", "vouched"]).policy, NOON)
    assert (refused.kind, refused.way) == (Kind.OFFERED, None)
    assert before_vouching(rules().policy) is None
    unvouched = before_vouching(rules(ways=["score", "voucher"]).policy)
    assert unvouched is not None
    assert (unvouched.kind, unvouched.reason) == (Kind.OFFERED, Reason.CLAIM_ONLY)


@pytest.mark.parametrize("fault", list(TokenFault))
def test_p4_only_a_forgery_is_refused_whatever_is_wrong_with_a_code(fault: TokenFault) -> None:
    decision = judge_fault(rules().policy, fault)
    forged = fault is TokenFault.BAD_SIGNATURE
    assert decision.kind is (Kind.REFUSED if forged else Kind.OFFERED)
    assert bool(decision.ways) is not forged
    assert Way.VOUCHED not in decision.ways, "staff cannot vouch for nobody"


@pytest.mark.parametrize("fault", list(TokenFault))
def test_p9_without_another_way_the_words_still_name_a_remedy(fault: TokenFault) -> None:
    decision = judge_fault(rules(ways=["score", "vouched"]).policy, fault)
    read = notice(Show("entry", decision.reason, decision.ways))
    words = " ".join(read.lines[:-2]).lower()  # without what stands below every refusal
    assert decision.ways == ()
    assert any(each in words for each in ("again", "staff can", "fresh code", "your own app"))
