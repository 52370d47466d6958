"""How long a threshold stands before it may move, so that nobody finds a score by moving it.

A yes or no at one threshold says little; at a threshold that moves every hour it says the score.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kiosk.core.policy import Policy, Threshold

DWELL_S: Final = 7 * 86_400
"""Halving 0..800 down to a point takes ten moves: ten weeks, in which a score moves by itself.

A constant, and no field of the policy: whoever writes the policy is whom it binds.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A threshold and since when it has stood so, by the clock of whoever published it."""

    threshold: Threshold
    since_s: int

    @property
    def free_s(self) -> int:
        """Unix second from which it may move or go."""
        return self.since_s + DWELL_S


@dataclass(frozen=True, slots=True)
class Change:
    """One threshold that differs between two policies; None where it is not there."""

    id: str
    before: Standing | None
    after: Threshold | None

    def too_early(self, now_s: int) -> bool:
        """Say whether what stood has not stood long enough."""
        return self.before is not None and now_s < self.before.free_s

    def misdated(self, replaced_s: int) -> bool:
        """Say whether the new one claims to be older than the policy that it changes."""
        return self.after is not None and self.after.since_s < replaced_s


def standing(published: Iterable[tuple[Policy, int]]) -> Mapping[str, Standing]:
    """Return the thresholds of the last policy, by id, each with when it came to stand so.

    Args:
        published: Every policy with the Unix second of its publication, oldest first.
    """
    now: Mapping[str, Standing] = {}
    for policy, at_s in published:
        now = stood(now, policy, at_s)
    return now


def stood(before: Mapping[str, Standing], policy: Policy, at_s: int) -> Mapping[str, Standing]:
    """Return what stands once `policy` is published at Unix second `at_s`."""
    now = {}
    for one in policy.thresholds:
        known = before.get(one.id, Standing(one, at_s))
        now[one.id] = known if _same(known.threshold, one) else Standing(one, at_s)
    return now


def changes(before: Mapping[str, Standing], after: Policy) -> tuple[Change, ...]:
    """Return what a policy adds, moves and removes; the tier that one opens is free to change."""
    new = {one.id: one for one in after.thresholds}
    return tuple(
        Change(name, before.get(name), new.get(name))
        for name in sorted(before.keys() | new.keys())
        if name not in before or name not in new or not _same(before[name].threshold, new[name])
    )


def _same(one: Threshold, other: Threshold) -> bool:
    return (one.purpose, one.points, one.shadow) == (other.purpose, other.points, other.shadow)
