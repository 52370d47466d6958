"""A policy is taken whole or refused whole, naming the field and the remedy."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core import canonical
from kiosk.core.document import DocumentError
from kiosk.core.policy import (
    MAX_THRESHOLDS,
    Hours,
    Offline,
    Policy,
    Reading,
    Retention,
    Threshold,
    TierRule,
    Timing,
    faults_of,
    newer,
    parse_policy,
)
from kiosk.core.values import ClockSync, Json, Moment, Way

ISSUED_S = 1_800_000_000
ENTRY: Mapping[str, Any] = {
    "id": "entry-600",
    "purpose": "entry",
    "points": 600,
    "tier": "standard",
    "since_s": ISSUED_S,
    "shadow": False,
}
SMALL: Mapping[str, Any] = {
    "version": 1,
    "shop": "corner",
    "currency": "EUR",
    "issued_s": ISSUED_S,
    "valid_until_s": ISSUED_S + 86_400,
    "max_inside": 1,
    "thresholds": [ENTRY],
}
FULL: Mapping[str, Any] = {
    **SMALL,
    "tiers": [
        {
            "id": "standard",
            "discount_permille": 0,
            "max_items": None,
            "max_value_minor": None,
            "after_hours": False,
            "pay_later": False,
        }
    ],
    "hours": [{"days": [0, 1, 2, 3, 4], "from_min": 480, "to_min": 1200}],
    "utc_offset_min": 60,
    "grace_s": 86_400,
    "deposit_minor": 2000,
    "ways": ["score", "voucher", "vouched"],
    "timing": {
        "unlock_s": 10,
        "offer_s": 60,
        "busy_retry_s": 5,
        "exit_s": 20,
        "stay_s": 14_400,
        "read_min_ms": 1500,
        "read_max_ms": 3000,
        "settle_s": 5,
        "absence_ms": 700,
        "check_ms": 1500,
    },
    "reading": {"slices": 10, "min_slices": 3, "min_reads": 3, "rssi_floor_dbm": -70},
    "retention": {"scan": 30, "visit": 90, "money": 3650},
    "offline": {"max_age_s": 86_400},
}


def parse(**changes: Json) -> Policy:
    return parse_policy({**SMALL, **changes})


def refusal(**changes: Json) -> str:
    with pytest.raises(DocumentError) as caught:
        parse(**changes)
    assert str(caught.value).startswith(f"{caught.value.path}: ")
    return str(caught.value)


def at(text: str, sync: ClockSync = ClockSync.NTP) -> Moment:
    wall = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Moment(mono_ms=1, wall_ms=int(wall.timestamp() * 1000), sync=sync)


def threshold(**changes: Json) -> Mapping[str, Any]:
    return {**ENTRY, **changes}


def test_what_is_left_out_is_the_full_example() -> None:
    full = parse_policy({**FULL, "hours": [], "utc_offset_min": 0})
    assert parse_policy(SMALL) == full


def test_every_field_of_the_full_example_arrives() -> None:
    policy = parse_policy(FULL)
    assert policy.thresholds == (Threshold("entry-600", "entry", 600, "standard", ISSUED_S),)
    assert policy.tiers == (TierRule("standard"),)
    assert policy.hours == (Hours(frozenset(range(5)), 480, 1200),)
    assert policy.ways == (Way.SCORE, Way.VOUCHER, Way.VOUCHED)
    assert (policy.timing, policy.reading) == (Timing(), Reading())
    assert (policy.retention, policy.offline) == (Retention(), Offline())
    assert (policy.version, policy.shop, policy.currency) == (1, "corner", "EUR")
    assert (policy.utc_offset_min, policy.grace_s, policy.deposit_minor) == (60, 86_400, 2000)


def test_a_policy_survives_its_canonical_bytes() -> None:
    payload = canonical.decode(canonical.encode(FULL))
    assert isinstance(payload, Mapping)
    assert parse_policy(payload) == parse_policy(FULL)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_what_has_no_default_must_be_there(name: str) -> None:
    with pytest.raises(DocumentError, match=rf"^policy\.{name}: is missing$"):
        parse_policy({key: value for key, value in SMALL.items() if key != name})


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"version": 0}, "policy.version: 0 is out of range; use 1 or more"),
        ({"version": True}, "policy.version: must be a whole number, is true or false"),
        ({"version": "1"}, "policy.version: must be a whole number, is text"),
        ({"version": 1.0}, "policy.version: must be a whole number, is a fraction"),
        ({"version": 2**53}, "policy.version: 9007199254740992 is out of range"),
        ({"shop": ""}, "policy.shop: '' is not an id"),
        ({"shop": "Corner Shop"}, "policy.shop: 'Corner Shop' is not an id"),
        ({"shop": "c" * 65}, "policy.shop: 'ccc"),
        ({"currency": "euro"}, "policy.currency: 'euro' is not an ISO 4217 code"),
        ({"currency": None}, "policy.currency: must be text, is null"),
        ({"issued_s": -1}, "policy.issued_s: -1 is out of range"),
        ({"valid_until_s": ISSUED_S}, f"policy.valid_until_s: {ISSUED_S} is out of range"),
        ({"max_inside": 0}, "policy.max_inside: 0 is out of range; use 1..1000"),
        ({"grace_s": -1}, "policy.grace_s: -1 is out of range"),
        ({"deposit_minor": -2000}, "policy.deposit_minor: -2000 is out of range; use 0 or more"),
        ({"utc_offset_min": 841}, "policy.utc_offset_min: 841 is out of range; use -840..840"),
        ({"thresholds": {}}, "policy.thresholds: must be a list, is an object"),
        ({"thresholds": "entry"}, "policy.thresholds: must be a list, is text"),
        ({"thresholds": [600]}, "policy.thresholds[0]: must be an object, is a number"),
        (
            {"thresholds": [ENTRY, threshold(id="b", points=900)]},
            "policy.thresholds[1].points: 900 is out of range; use 0..800",
        ),
        ({"thresholds": [threshold(points=-1)]}, "policy.thresholds[0].points: -1"),
        ({"thresholds": [{**ENTRY, "points": 600.5}]}, "policy.thresholds[0].points: must be a wh"),
        ({"thresholds": [threshold(shadow=1)]}, "policy.thresholds[0].shadow: must be true or"),
        ({"thresholds": [threshold(id="Entry")]}, "policy.thresholds[0].id: 'Entry' is not"),
        ({"thresholds": [threshold(purpose="")]}, "policy.thresholds[0].purpose: '' is not"),
        (
            {"thresholds": [threshold(tier="gold")]},
            "policy.thresholds[0].tier: no tier 'gold'; add it to tiers",
        ),
        (
            {"thresholds": [threshold(since_s=ISSUED_S + 1)]},
            "policy.thresholds[0].since_s: is after issued_s",
        ),
        (
            {"thresholds": [threshold(score=700)]},
            "policy.thresholds[0].score: unknown field; remove it, or move it",
        ),
        ({"thresholds": [ENTRY, ENTRY]}, "policy.thresholds[1]: id 'entry-600' is there twice"),
        ({"tiers": []}, "policy.thresholds[0].tier: no tier 'standard'"),
        ({"tiers": [{"id": "a"}, {"id": "a"}]}, "policy.tiers[1]: id 'a' is there twice"),
        (
            {"tiers": [{"id": "standard", "discount_permille": 1001}]},
            "policy.tiers[0].discount_permille: 1001 is out of range; use 0..1000",
        ),
        ({"tiers": [{"id": "standard", "max_items": 0}]}, "policy.tiers[0].max_items: 0 is out"),
        ({"tiers": [{"id": "standard", "max_value_minor": -5}]}, "policy.tiers[0].max_value_min"),
        ({"tiers": [{"id": "standard", "max_items": "3"}]}, "policy.tiers[0].max_items: must be"),
        ({"hours": [{"days": [7], "from_min": 0, "to_min": 9}]}, "policy.hours[0].days[0]: must"),
        ({"hours": [{"days": ["mo"], "from_min": 0, "to_min": 9}]}, "policy.hours[0].days[0]"),
        ({"hours": [{"days": [True], "from_min": 0, "to_min": 9}]}, "policy.hours[0].days[0]"),
        ({"hours": [{"from_min": 0, "to_min": 9}]}, "policy.hours[0].days: is missing"),
        (
            {"hours": [{"days": [0], "from_min": 1200, "to_min": 120}]},
            "policy.hours[0].to_min: 120 is not after from_min 1200; split at midnight",
        ),
        ({"hours": [{"days": [0], "from_min": 0, "to_min": 1441}]}, "policy.hours[0].to_min"),
        ({"ways": ["score", "deposit"]}, "policy.ways[1]: is not one of score, voucher, vouched"),
        ({"ways": [1]}, "policy.ways[0]: is not one of"),
        ({"ways": ["score", "score"]}, "policy.ways[1]: way 'score' is there twice"),
        ({"ways": ["score"]}, "policy.ways: needs a way in without a score; add voucher"),
        ({"ways": []}, "policy.ways: needs a way in without a score"),
        ({"timing": []}, "policy.timing: must be an object, is a list"),
        ({"timing": {"offer_s": 19}}, "policy.timing.offer_s: 19 is out of range; use 20..3600"),
        ({"timing": {"unlock_s": 0}}, "policy.timing.unlock_s: 0 is out of range; use 1..60"),
        ({"timing": {"unlocks": 9}}, "policy.timing.unlocks: unknown field; did you mean unlock_s"),
        ({"timing": {"read_min_ms": 3001}}, "policy.timing.read_min_ms: is above read_max_ms"),
        ({"reading": {"min_slices": 11}}, "policy.reading.min_slices: is above slices, 10"),
        ({"reading": {"rssi_floor_dbm": 1}}, "policy.reading.rssi_floor_dbm: 1 is out of range"),
        ({"retention": {"scan": 0}}, "policy.retention.scan: 0 is out of range"),
        ({"offline": {"max_age_s": -1}}, "policy.offline.max_age_s: -1 is out of range"),
        ({"max_insid": 2}, "policy.max_insid: unknown field; did you mean max_inside?"),
        ({"x\n\x1b[31m": 2}, "policy.x\\n\\x1b[31m: unknown field"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_absurd_is_refused_by_name(changes: Mapping[str, Any], place: str) -> None:
    assert refusal(**changes).startswith(place)


def test_four_thresholds_a_purpose_pass_and_a_fifth_does_not() -> None:
    five = [threshold(id=f"t{n}", points=100 * n) for n in range(MAX_THRESHOLDS + 1)]
    assert len(parse(thresholds=five[:-1]).thresholds) == MAX_THRESHOLDS
    assert refusal(thresholds=five).startswith(
        "policy.thresholds[4]: at most 4 for entry; remove one"
    )
    five[4] = {**five[4], "shadow": True}
    assert "at most 4" in refusal(thresholds=five)
    five[4] = {**five[4], "purpose": "rental:bike"}
    assert len(parse(thresholds=five).thresholds) == MAX_THRESHOLDS + 1


def test_a_shop_without_scores_has_no_thresholds() -> None:
    policy = parse(thresholds=[], ways=["vouched"])
    assert policy.thresholds_for("entry") == ()


def test_an_error_shortens_what_it_quotes() -> None:
    assert len(refusal(shop="x" * 10_000)) < 160
    assert len(refusal(**{"y" * 10_000: 1})) < 160


@given(
    st.dictionaries(
        st.sampled_from(sorted(FULL)) | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from([*ENTRY, "days", "slices"]), inner, max_size=3)
            ),
        ),
        max_size=4,
    )
)
def test_no_document_fails_in_another_way(changes: dict[str, Any]) -> None:
    faults = [str(each) for each in faults_of({**FULL, **changes})]
    first = ""
    try:
        assert parse_policy({**FULL, **changes}).version >= 1
    except DocumentError as error:
        first = str(error)
    assert (first in faults) if first else (faults == [])


# What the decisions ask a policy.


def test_thresholds_open_their_purpose_the_lowest_first_and_shadows_nothing() -> None:
    policy = parse(
        thresholds=[
            threshold(id="high", points=700),
            threshold(id="low", points=500),
            threshold(id="shadow", points=400, shadow=True),
            threshold(id="bike", points=100, purpose="rental:bike"),
        ]
    )
    assert [one.id for one in policy.thresholds_for("entry")] == ["low", "high"]
    assert [one.id for one in policy.thresholds_for("rental:bike")] == ["bike"]
    assert policy.thresholds_for("rental:boat") == ()


def test_a_shadow_alone_opens_nothing() -> None:
    assert parse(thresholds=[threshold(shadow=True)]).thresholds_for("entry") == ()


def test_thresholds_and_tiers_are_found_by_id() -> None:
    policy = parse(thresholds=[threshold(shadow=True)])
    found = policy.threshold("entry-600")
    assert found is not None
    assert found.shadow
    assert policy.threshold("entry-601") is None
    assert policy.tier("standard") == TierRule("standard")
    assert policy.tier("gold") is None


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-23T08:00:00", True),  # a Monday, 09:00 local
        ("2026-11-23T07:00:00", True),
        ("2026-11-23T06:59:59.999", False),
        ("2026-11-23T18:59:59.999", True),
        ("2026-11-23T19:00:00", False),
        ("2026-11-27T18:59:00", True),  # Friday
        ("2026-11-28T10:00:00", False),  # Saturday
        ("2026-11-22T23:30:00", False),  # Monday 00:30 local
        ("1970-01-01T09:00:00", True),  # a Thursday
    ],
)
def test_opening_hours_are_local_days_and_minutes(when: str, *, is_open: bool) -> None:
    assert parse_policy(FULL).is_open(at(when)) is is_open


def test_days_follow_local_midnight() -> None:
    saturdays: Json = [{"days": [5], "from_min": 0, "to_min": 1440}]
    east = parse(hours=saturdays, utc_offset_min=120)
    assert not east.is_open(at("2026-11-27T21:59:59"))
    assert east.is_open(at("2026-11-27T22:00:00"))
    west = parse(hours=saturdays, utc_offset_min=-300)
    assert not west.is_open(at("2026-11-28T04:59:59"))
    assert west.is_open(at("2026-11-29T04:59:59"))


def test_no_hours_are_always_open_and_an_unknown_clock_closes_nothing() -> None:
    assert parse().is_open(at("2026-11-28T03:00:00"))
    assert parse_policy(FULL).is_open(at("2026-11-28T03:00:00", ClockSync.NONE))


def test_a_policy_is_in_force_until_its_end_while_the_clock_is_known() -> None:
    policy = parse()

    def in_force(wall_s: int, sync: ClockSync = ClockSync.RTC) -> bool:
        return policy.in_force(Moment(mono_ms=1, wall_ms=wall_s * 1000, sync=sync))

    assert in_force(ISSUED_S)
    assert in_force(policy.valid_until_s - 1)
    assert not in_force(policy.valid_until_s)
    assert not in_force(ISSUED_S, ClockSync.NONE)


@given(st.integers(0, 99), st.integers(0, 99))
def test_versions_only_rise(old: int, new: int) -> None:
    assert newer(old, new) == (new > old)
    assert not (newer(old, new) and newer(new, old))
