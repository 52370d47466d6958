"""The policy: the owner's signed rules, refused as a whole when one of them is absurd."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kiosk.core.document import CURRENCY, NAME, DocumentError, Fields, nearest, read, unique
from kiosk.core.values import ClockSync, Json, Moment, Way

MAX_POINTS: Final = 800
"""Top of the score range; the bottom is 0."""
MAX_THRESHOLDS: Final = 4
"""Registered thresholds per purpose, shadows included: more would locate a score."""
_DAY_MIN: Final = 24 * 60
_DAY_S: Final = 86_400
MAX_STAY_S: Final = 7 * _DAY_S  # the longest that anybody is taken to be inside
_WEEK_DAYS: Final = 7
_EPOCH_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday; Monday is 0
_MAX_OFFSET_MIN: Final = 14 * 60  # UTC+14, the Line Islands
_MAX_WAIT_S: Final = 3600
_MAX_WAIT_MS: Final = 60_000
_MAX_DAYS: Final = 36_600  # a hundred years
_MIN_OFFER_S: Final = 20  # time to read the screen and to choose (DESIGN 6)
_NAME_HINT: Final = "an id: lower case, digits and : _ . -, at most 64"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A registered threshold.

    Attributes:
        points: Met by a score of at least this, 0..800.
        tier: Id of what it opens.
        since_s: Unix second since which it has stood so.
        shadow: Only counted, never linked to a customer, opens nothing.
    """

    id: str
    purpose: str
    points: int
    tier: str
    since_s: int
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class TierRule:
    """What a met threshold opens; None is "no limit"."""

    id: str
    discount_permille: int = 0
    max_items: int | None = None
    max_value_minor: int | None = None
    after_hours: bool = False
    pay_later: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours on some days: from_min <= minute of the local day < to_min.

    Attributes:
        days: 0 is Monday.
    """

    days: frozenset[int]
    from_min: int
    to_min: int


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the kiosk waits for what."""

    unlock_s: int = 10
    offer_s: int = 60
    busy_retry_s: int = 5
    exit_s: int = 20
    stay_s: int = 14_400
    read_min_ms: int = 1500
    read_max_ms: int = 3000
    settle_s: int = 5
    absence_ms: int = 700
    check_ms: int = 1500


@dataclass(frozen=True, slots=True)
class Reading:
    """What counts as seen at the exit: so many of so many slices, so many reads, so loud."""

    slices: int = 10
    min_slices: int = 3
    min_reads: int = 3
    rssi_floor_dbm: int = -70


@dataclass(frozen=True, slots=True)
class Retention:
    """Days after which parts of the ledger are erased."""

    scan: int = 30
    visit: int = 90
    money: int = 3650


@dataclass(frozen=True, slots=True)
class Offline:
    """How old what was fetched may be while the hub cannot be reached."""

    max_age_s: int = _DAY_S


# Name of the field: lowest, highest, default.
_TIMING: Final = {
    "unlock_s": (1, 60, Timing().unlock_s),
    "offer_s": (_MIN_OFFER_S, _MAX_WAIT_S, Timing().offer_s),
    "busy_retry_s": (1, _MAX_WAIT_S, Timing().busy_retry_s),
    "exit_s": (1, _MAX_WAIT_S, Timing().exit_s),
    "stay_s": (60, MAX_STAY_S, Timing().stay_s),
    "read_min_ms": (100, _MAX_WAIT_MS, Timing().read_min_ms),
    "read_max_ms": (100, _MAX_WAIT_MS, Timing().read_max_ms),
    "settle_s": (1, _MAX_WAIT_S, Timing().settle_s),
    "absence_ms": (100, _MAX_WAIT_MS, Timing().absence_ms),
    "check_ms": (100, _MAX_WAIT_MS, Timing().check_ms),
}
_READING: Final = {
    "slices": (1, 100, Reading().slices),
    "min_slices": (1, 100, Reading().min_slices),
    "min_reads": (1, 1000, Reading().min_reads),
    "rssi_floor_dbm": (-120, 0, Reading().rssi_floor_dbm),
}
_RETENTION: Final = {
    "scan": (1, _MAX_DAYS, Retention().scan),
    "visit": (1, _MAX_DAYS, Retention().visit),
    "money": (1, _MAX_DAYS, Retention().money),
}
_OFFLINE: Final = {"max_age_s": (0, _MAX_DAYS * _DAY_S, Offline().max_age_s)}


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the owner's rules; made by `parse_policy`.

    Attributes:
        utc_offset_min: The shop's time, of its hours and of what is shown, minutes east of UTC.
        grace_s: Time to pay an unpaid visit before it becomes a case.
        ways: Ways in that this shop offers, in the order they are shown.
    """

    version: int
    shop: str
    currency: str
    issued_s: int
    valid_until_s: int
    max_inside: int
    thresholds: tuple[Threshold, ...]
    tiers: tuple[TierRule, ...]
    hours: tuple[Hours, ...]
    utc_offset_min: int
    grace_s: int
    deposit_minor: int
    ways: tuple[Way, ...]
    timing: Timing
    reading: Reading
    retention: Retention
    offline: Offline

    def thresholds_for(self, purpose: str) -> tuple[Threshold, ...]:
        """Return the thresholds that open `purpose`, no shadows; the lowest lets in, first."""
        open_to = (one for one in self.thresholds if one.purpose == purpose and not one.shadow)
        return tuple(sorted(open_to, key=lambda one: one.points))

    def threshold(self, threshold_id: str) -> Threshold | None:
        """Return the registered threshold of this id, shadows included."""
        return next((one for one in self.thresholds if one.id == threshold_id), None)

    def tier(self, tier_id: str) -> TierRule | None:
        """Return what the tier opens, None when no such tier is registered."""
        return next((one for one in self.tiers if one.id == tier_id), None)

    def is_open(self, now: Moment) -> bool:
        """Say whether `now` is within opening hours.

        An unknown clock closes nothing: `in_force` then ends score-gated visits by itself.
        """
        if not self.hours or now.sync is ClockSync.NONE:
            return True
        days, second = divmod(now.wall_s + self.utc_offset_min * 60, _DAY_S)
        weekday, minute = (days + _EPOCH_WEEKDAY) % _WEEK_DAYS, second // 60
        return any(
            weekday in hours.days and hours.from_min <= minute < hours.to_min
            for hours in self.hours
        )

    def in_force(self, now: Moment) -> bool:
        """Say whether a score-gated visit may start: the clock is known, the policy not over."""
        return now.sync is not ClockSync.NONE and now.wall_s < self.valid_until_s


def newer(old_version: int, new_version: int) -> bool:
    """Say whether a document may replace the one in use; its version only ever rises."""
    return new_version > old_version


def parse_policy(payload: Mapping[str, Json]) -> Policy:
    """Return the policy.

    Raises:
        DocumentError: The first field that breaks a rule, by its path.
    """
    return _policy(read(payload, "policy"))


def faults_of(payload: Mapping[str, Json]) -> Sequence[DocumentError]:
    """Return everything that is wrong with a policy, for whoever writes it."""
    faults: list[DocumentError] = []
    _policy(read(payload, "policy", faults))
    return faults


def _policy(fields: Fields) -> Policy:
    issued_s = fields.integer("issued_s", 0)
    policy = Policy(
        version=fields.integer("version", 1),
        shop=fields.text("shop", NAME, _NAME_HINT),
        currency=fields.text("currency", CURRENCY, "an ISO 4217 code such as EUR"),
        issued_s=issued_s,
        valid_until_s=fields.integer("valid_until_s", issued_s + 1),
        max_inside=fields.integer("max_inside", 1, 1000),
        thresholds=fields.many("thresholds", _threshold),
        tiers=fields.many("tiers", _tier, ({"id": "standard"},)),
        hours=fields.many("hours", _hours, []),
        utc_offset_min=fields.integer("utc_offset_min", -_MAX_OFFSET_MIN, _MAX_OFFSET_MIN, 0),
        grace_s=fields.integer("grace_s", 0, _MAX_DAYS * _DAY_S, _DAY_S),
        deposit_minor=fields.integer("deposit_minor", 0, default=2000),
        ways=_ways(fields),
        timing=_timing(fields.section("timing")),
        reading=_reading(fields.section("reading")),
        retention=Retention(**_integers(fields.section("retention"), _RETENTION)),
        offline=Offline(**_integers(fields.section("offline"), _OFFLINE)),
    )
    fields.end()
    _check_thresholds(policy, fields)
    return policy


def _threshold(fields: Fields) -> Threshold:
    return Threshold(
        id=fields.text("id", NAME, _NAME_HINT),
        purpose=fields.text("purpose", NAME, _NAME_HINT),
        points=fields.integer("points", 0, MAX_POINTS),
        tier=fields.text("tier", NAME, _NAME_HINT),
        since_s=fields.integer("since_s", 0),
        shadow=fields.flag("shadow", default=False),
    )


def _tier(fields: Fields) -> TierRule:
    return TierRule(
        id=fields.text("id", NAME, _NAME_HINT),
        discount_permille=fields.integer("discount_permille", 0, 1000, 0),
        max_items=fields.optional_integer("max_items", 1),
        max_value_minor=fields.optional_integer("max_value_minor", 1),
        after_hours=fields.flag("after_hours", default=False),
        pay_later=fields.flag("pay_later", default=False),
    )


def _hours(fields: Fields) -> Hours:
    days: list[int] = []
    for at, day in enumerate(fields.plain("days")):
        with fields:
            if isinstance(day, bool) or not isinstance(day, int) or not 0 <= day < _WEEK_DAYS:
                raise fields.wrong(f"days[{at}]", "must be 0 (Monday) to 6 (Sunday)")
            days.append(day)
    start = fields.integer("from_min", 0, _DAY_MIN - 1)
    end = fields.integer("to_min", 1, _DAY_MIN)
    with fields:
        if start >= end and fields.sound("from_min", "to_min"):
            raise fields.wrong("to_min", f"{end} is not after from_min {start}; split at midnight")
    return Hours(frozenset(days), start, end)


def _ways(fields: Fields) -> tuple[Way, ...]:
    names = fields.plain("ways", tuple(Way))
    ways: list[Way] = []
    for at, name in enumerate(names):
        with fields:
            if not isinstance(name, str) or name not in tuple(Way):
                meant = nearest(str(name), tuple(Way))
                hint = f"; did you mean {meant}?" if meant else ""
                raise fields.wrong(f"ways[{at}]", f"is not one of {', '.join(Way)}{hint}")
            ways.append(Way(name))
    with fields:
        unique(ways, f"{fields.path}.ways", "way")
        if not set(ways) - {Way.SCORE} and fields.sound("ways"):
            raise fields.wrong("ways", "needs a way in without a score; add voucher or vouched")
    return tuple(ways)


def _timing(fields: Fields) -> Timing:
    timing = Timing(**_integers(fields, _TIMING))
    with fields:
        if timing.read_min_ms > timing.read_max_ms and fields.sound("read_min_ms", "read_max_ms"):
            raise fields.wrong("read_min_ms", f"is above read_max_ms, {timing.read_max_ms}")
    return timing


def _reading(fields: Fields) -> Reading:
    reading = Reading(**_integers(fields, _READING))
    with fields:
        if reading.min_slices > reading.slices and fields.sound("min_slices", "slices"):
            raise fields.wrong("min_slices", f"is above slices, {reading.slices}")
    return reading


def _integers(fields: Fields, rules: Mapping[str, tuple[int, int, int]]) -> dict[str, int]:
    """Return every integer of a section that holds nothing else."""
    found = {name: fields.integer(name, *rule) for name, rule in rules.items()}
    fields.end()
    return found


def _check_thresholds(policy: Policy, fields: Fields) -> None:
    for name, ids in (
        ("tiers", [tier.id for tier in policy.tiers]),
        ("thresholds", [one.id for one in policy.thresholds]),
    ):
        with fields:
            if _ids_right(fields, name, ids):
                unique(ids, f"{fields.path}.{name}", "id")
    counts: Counter[str] = Counter()
    for at, one in enumerate(policy.thresholds):
        counts[one.purpose] += 1
        with fields:
            here = f"thresholds[{at}]"
            if counts[one.purpose] > MAX_THRESHOLDS and fields.sound(f"{here}.purpose"):
                problem = f"at most {MAX_THRESHOLDS} for {one.purpose}; remove one"
                raise fields.wrong(here, problem)
            if one.since_s > policy.issued_s:
                raise fields.wrong(f"{here}.since_s", "is after issued_s; publish the policy then")
            if fields.sound(f"{here}.tier"):
                _check_tier(policy, fields, f"{here}.tier", one.tier)


def _check_tier(policy: Policy, fields: Fields, name: str, tier: str) -> None:
    known = [each.id for each in policy.tiers]
    if tier not in known and _ids_right(fields, "tiers", known):
        meant = nearest(tier, known)
        remedy = f"did you mean {meant}?" if meant else "add it to tiers"
        raise fields.wrong(name, f"no tier {tier!r}; {remedy}")


def _ids_right(fields: Fields, name: str, ids: Sequence[str]) -> bool:
    """Say whether all ids of a list could be read, be the rest of it right or wrong."""
    each = [f"{name}[{at}].id" for at in range(len(ids))]
    return fields.sound(*each) if each else fields.sound(name)
