"""May this customer come in, by which way, and if not: why, and what else there is.

`decide` is the only place that turns an answer into a decision. Unknown is never no (P4), and an
offer always names another way in (P9).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kiosk.core.identity import TokenFault
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.values import Answer, ClockSync, Moment, Verdict, Way

PURPOSE: Final = "entry"


class Kind(StrEnum):
    """What the gate says: come in, choose another way, or no."""

    GRANTED = "granted"
    OFFERED = "offered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of the gate.

    Attributes:
        way: The way in that was granted, None otherwise.
        tier: Id of the policy's tier that the way opens, "" when none does.
        ways: Ways that can be chosen next.
        threshold: Id of the threshold that was asked, "" when none was.
        codes: The provider's own reasons, at most four.
    """

    kind: Kind
    reason: Reason
    way: Way | None = None
    tier: str = ""
    ways: tuple[Way, ...] = ()
    threshold: str = ""
    codes: tuple[str, ...] = ()


FAULT_REASONS: Final = MappingProxyType(
    {
        TokenFault.MALFORMED: Reason.UNREADABLE,
        TokenFault.UNKNOWN_KEY: Reason.UNKNOWN_ISSUER,
        TokenFault.BAD_SIGNATURE: Reason.FORGED,
        TokenFault.WRONG_AUDIENCE: Reason.WRONG_SHOP,
        TokenFault.EXPIRED: Reason.EXPIRED,
        TokenFault.NOT_YET_VALID: Reason.CLOCK_UNKNOWN,
        TokenFault.TOO_LONG_LIVED: Reason.UNREADABLE,
        TokenFault.CLOCK_UNKNOWN: Reason.CLOCK_UNKNOWN,
    }
)
"""What a code's fault means to the customer; only forgery ends without another way."""


def other_ways(policy: Policy, *, known: bool) -> tuple[Way, ...]:
    """Return the ways in beside the score; staff can vouch only for somebody who is known."""
    open_to = {Way.VOUCHER, Way.VOUCHED} if known else {Way.VOUCHER}
    return tuple(way for way in policy.ways if way in open_to)


def offer(policy: Policy, reason: Reason, *, known: bool = True, threshold: str = "") -> Decision:
    """Return an offer of the other ways in, for this reason."""
    ways = other_ways(policy, known=known)
    return Decision(Kind.OFFERED, reason, ways=ways, threshold=threshold)


def judge_fault(policy: Policy, fault: TokenFault) -> Decision:
    """Return the decision on a code that proves nothing."""
    reason = FAULT_REASONS[fault]
    if reason is Reason.FORGED:
        return Decision(Kind.REFUSED, reason)
    return offer(policy, reason, known=False)


def before_asking(policy: Policy, now: Moment) -> Decision | None:
    """Return why the provider need not be asked, or None when it must be."""
    thresholds = policy.thresholds_for(PURPOSE)
    if now.sync is ClockSync.NONE:
        return offer(policy, Reason.CLOCK_UNKNOWN)
    if not policy.in_force(now):
        return offer(policy, Reason.POLICY_EXPIRED)
    if not thresholds or Way.SCORE not in policy.ways:
        return offer(policy, Reason.NO_THRESHOLD)
    if not any(_lets_in(policy, one.tier, now) for one in thresholds):
        return Decision(Kind.OFFERED, Reason.CLOSED, threshold=thresholds[0].id)
    return None


def before_vouching(policy: Policy) -> Decision | None:
    """Return why the allow-list of staff need not be asked, or None when it must be."""
    if Way.VOUCHED in policy.ways:
        return None
    return offer(policy, Reason.CLAIM_ONLY)


def decide(policy: Policy, answer: Answer, way: Way, now: Moment) -> Decision:
    """Return the decision on a provider's answer for the way that was asked.

    Of the thresholds that are met the highest counts whose tier is open now.

    Args:
        answer: Already checked: it answers our own question about this customer.
        way: `SCORE` for the configured provider, `VOUCHED` for the allow-list of staff.
    """
    if way is Way.VOUCHED or answer.provider == "vouch":
        return _decide_vouched(policy, answer, now)
    thresholds = policy.thresholds_for(PURPOSE)
    if not thresholds:
        return offer(policy, Reason.NO_THRESHOLD)
    met = [one for one in thresholds if answer.answers.get(one.id) is Verdict.YES]
    for one in reversed(met):
        if _lets_in(policy, one.tier, now):
            return Decision(Kind.GRANTED, Reason.MET, Way.SCORE, one.tier, threshold=one.id)
    if met:
        return Decision(Kind.OFFERED, Reason.CLOSED, threshold=met[-1].id)
    lowest = thresholds[0].id
    below = answer.answers.get(lowest) is Verdict.NO
    offered = offer(policy, Reason.BELOW if below else _unknown(answer), threshold=lowest)
    return replace(offered, codes=answer.reasons[:4])


def grant_voucher(policy: Policy, now: Moment) -> Decision:
    """Return the decision on a genuine voucher; whether it is unspent only the ledger knows."""
    if Way.VOUCHER not in policy.ways:
        return offer(policy, Reason.UNKNOWN_ISSUER, known=False)
    granted = Decision(Kind.GRANTED, Reason.VOUCHER, Way.VOUCHER, _open_tier(policy))
    return _if_open(policy, granted, now)


def _decide_vouched(policy: Policy, answer: Answer, now: Moment) -> Decision:
    if Verdict.YES in answer.answers.values():
        granted = Decision(Kind.GRANTED, Reason.VOUCHED, Way.VOUCHED, _open_tier(policy))
        return _if_open(policy, granted, now)
    return offer(policy, Reason.PROVIDER_DOWN if answer.fault else Reason.NOT_VOUCHED)


def _if_open(policy: Policy, granted: Decision, now: Moment) -> Decision:
    if _lets_in(policy, granted.tier, now):
        return granted
    return Decision(Kind.OFFERED, Reason.CLOSED, threshold=granted.threshold)


def _lets_in(policy: Policy, tier_id: str, now: Moment) -> bool:
    """Whether the shop is open to this tier now."""
    tier = policy.tier(tier_id)
    return policy.is_open(now) or (tier is not None and tier.after_hours)


def _open_tier(policy: Policy) -> str:
    """Return the tier that a way without a score opens: the lowest threshold's own, for parity."""
    thresholds = policy.thresholds_for(PURPOSE)
    return thresholds[0].tier if thresholds else ""


def _unknown(answer: Answer) -> Reason:
    if answer.fault:
        return Reason.PROVIDER_DOWN
    return Reason.NO_PROVIDER if answer.provider == "none" else Reason.UNKNOWN
