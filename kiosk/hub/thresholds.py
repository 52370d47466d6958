"""Thresholds move rarely, dated and logged: the hub publishes no policy that moves one too soon."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from kiosk.core.dwell import DWELL_S, Change, Standing, changes, standing
from kiosk.core.policy import parse_policy
from kiosk.core.values import ClockSync, Json, Moment
from kiosk.hub.documents import payload_of
from kiosk.hub.errors import RefusalError
from kiosk.hub.outbox import queue
from kiosk.hub.store.base import Transaction


def moved(tx: Transaction, payload: Mapping[str, Json], at: Moment) -> Sequence[Change]:
    """Return how a policy's thresholds differ from those that stand; nothing before the first.

    Raises:
        RefusalError: 422 one has not stood long enough to move, or says a wrong date.
    """
    policy = parse_policy(payload)
    published = [
        (parse_policy(payload_of(row.envelope)), row.published_ms // 1000)
        for row in tx.documents.all("policy")
    ]
    if not published:
        return ()
    replaced_s = published[-1][0].issued_s
    found = changes(standing(published), policy)
    for change in found:
        if change.before is not None:
            _check_dwell(change, change.before, at)
        if change.misdated(replaced_s):
            problem = "write the day of the change into since_s, and issued_s, and sign again"
            raise _refused(change, f"policy.thresholds: {change.id} is new or moves; {problem}")
    return found


def register(tx: Transaction, version: int, found: Sequence[Change], at: Moment) -> None:
    """Say in the office log which thresholds a version of the policy moves, if any."""
    for change in found:
        facts = {"threshold": change.id, "policy": version, **_facts(change)}
        queue(tx, f"threshold.changed/{version}/{change.id}", facts, at)


def _check_dwell(change: Change, before: Standing, at: Moment) -> None:
    """Refuse a change that comes too soon, or while nobody knows how late it is."""
    what = f"policy.thresholds: {change.id} stands at {before.threshold.points}"
    if at.sync is ClockSync.NONE:
        remedy = "let it be set (timedatectl set-ntp true) or start the hub with --trust-clock"
        raise _refused(change, f"{what} and the hub's clock is not set; {remedy}")
    if change.too_early(at.wall_s):
        free = datetime.fromtimestamp(before.free_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
        detail = f"{what} and may move from {free} on, {DWELL_S // 86_400} days after it was set"
        raise _refused(change, detail, before.free_s)


def _refused(change: Change, detail: str, from_s: int | None = None) -> RefusalError:
    extra: dict[str, Json] = {"threshold": change.id}
    return RefusalError(422, "dwell", detail, extra if from_s is None else extra | {"from": from_s})


def _facts(change: Change) -> Mapping[str, Json]:
    """Return what stands from now on; points None when the threshold is gone."""
    if change.after is None:
        return {"points": None}
    one = change.after
    return {
        "purpose": one.purpose,
        "points": one.points,
        "shadow": one.shadow,
        "since": one.since_s,
    }
