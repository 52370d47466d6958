"""What the owner writes becomes the next version; numbers and dates are kept for them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.document import DocumentError
from kiosk.core.dwell import changes, standing
from kiosk.core.policy import parse_policy
from kiosk.core.policy_draft import STAMPS, draft_of, faults_in, next_version

HELD: dict[str, Any] = {
    "version": 4,
    "shop": "corner",
    "currency": "EUR",
    "issued_s": 5_000,
    "valid_until_s": 9_000,
    "max_inside": 1,
    "thresholds": [
        {"id": "entry-600", "purpose": "entry", "points": 600, "tier": "standard", "since_s": 70}
    ],
    "tiers": [{"id": "standard", "max_items": None, "max_value_minor": 5000}],
}


def test_a_draft_has_no_stamps_and_no_limits_that_are_not_set() -> None:
    draft = draft_of(HELD)
    assert not set(STAMPS) & draft.keys()
    assert draft["thresholds"] == [
        {"id": "entry-600", "purpose": "entry", "points": 600, "tier": "standard"}
    ]
    assert draft["tiers"] == [{"id": "standard", "max_value_minor": 5000}]


def test_tiers_that_were_never_written_stay_unwritten() -> None:
    assert "tiers" not in draft_of({name: HELD[name] for name in HELD if name != "tiers"})


def test_rules_that_stay_keep_their_dates_in_the_next_version() -> None:
    after = next_version(HELD, {**draft_of(HELD), "grace_s": 60}, 8_000, 10_000)
    policy = parse_policy(after)
    assert (policy.version, policy.issued_s, policy.valid_until_s) == (5, 8_000, 10_000)
    assert (policy.grace_s, policy.thresholds[0].since_s) == (60, 70)
    assert not changes(standing([(parse_policy(HELD), 70)]), policy)


@pytest.mark.parametrize("change", [{"points": 650}, {"shadow": True}, {"id": "entry-new"}])
def test_a_threshold_that_moves_or_is_new_begins_now(change: dict[str, Any]) -> None:
    draft: dict[str, Any] = draft_of(HELD)
    draft["thresholds"] = [draft["thresholds"][0] | change]
    assert parse_policy(next_version(HELD, draft, 8_000, 10_000)).thresholds[0].since_s == 8_000


def test_the_first_version_is_one() -> None:
    first = parse_policy(next_version(None, draft_of(HELD), 8_000, 10_000))
    assert (first.version, first.thresholds[0].since_s) == (1, 8_000)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"thresholds": "600"}, "policy.thresholds"),
        ({"thresholds": ["600"]}, "policy.thresholds[0]"),
        ({"thresholds": [{"id": "entry", "points": 900}]}, "policy.thresholds[0]"),
        ({"grace": 60}, "policy.grace"),
        ({"max_inside": 0}, "policy.max_inside"),
    ],
)
def test_a_broken_rule_is_named_by_its_place(change: dict[str, Any], path: str) -> None:
    with pytest.raises(DocumentError) as refused:
        next_version(HELD, {**draft_of(HELD), **change}, 8_000, 10_000)
    assert refused.value.path.startswith(path)


def test_a_draft_without_thresholds_is_refused_and_not_filled_in() -> None:
    draft = {name: value for name, value in draft_of(HELD).items() if name != "thresholds"}
    with pytest.raises(DocumentError, match=r"^policy\.thresholds: "):
        next_version(HELD, draft, 8_000, 10_000)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*HELD, "hours", "grace_s", "x"]), ANYTHING))
def test_no_draft_does_worse_than_be_refused(change: dict[str, Any]) -> None:
    draft = {**draft_of(HELD), **change}
    faults = [str(each) for each in faults_in(draft, 8_000)]
    first = ""
    try:
        assert parse_policy(next_version(HELD, draft, 8_000, 10_000)).version == 5
    except DocumentError as error:
        first = str(error)
    assert (first in faults) if first else (faults == [])
