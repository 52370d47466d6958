"""A policy as the owner writes it: the rules, without the numbers and dates of its versions."""

from collections.abc import Mapping, Sequence
from typing import Final

from kiosk.core.document import DocumentError
from kiosk.core.dwell import changes, standing
from kiosk.core.policy import Policy, faults_of, parse_policy
from kiosk.core.values import Json

STAMPS: Final = ("version", "issued_s", "valid_until_s")
"""Fields that signing sets, and that no owner writes by hand."""


def draft_of(payload: Mapping[str, Json]) -> dict[str, Json]:
    """Return the rules of a policy for its owner to change.

    Limits that are not set are left out, and so is since when a threshold has stood.
    """
    rules = {name: value for name, value in payload.items() if name not in STAMPS}
    rules["thresholds"] = [_without(row, "since_s") for row in _rows(payload, "thresholds")]
    if "tiers" in rules:
        rules["tiers"] = [_without(row) for row in _rows(payload, "tiers")]
    return rules


def next_version(
    held: Mapping[str, Json] | None, draft: Mapping[str, Json], now_s: int, until_s: int
) -> Mapping[str, Json]:
    """Return the payload that makes a draft the policy's next version.

    A threshold that stays as it was keeps its date; one that is new or moves begins now.

    Args:
        held: Payload of the policy that is published, None before the first.
        now_s: Unix second of the signature.
        until_s: Unix second at which it ends.

    Raises:
        DocumentError: The first field of the draft that breaks a rule, by its path.
    """
    before = None if held is None else parse_policy(held)
    payload = _stamped(draft, 1 if before is None else before.version + 1, now_s, until_s)
    after = parse_policy(payload)
    if before is not None:
        payload["thresholds"] = _dated(draft["thresholds"], _kept(before, after), now_s)
    return payload


def faults_in(draft: Mapping[str, Json], now_s: int) -> Sequence[DocumentError]:
    """Return everything that is wrong with a draft; no other version is needed to tell."""
    return faults_of(_stamped(draft, 1, now_s, now_s + 1))


def _stamped(draft: Mapping[str, Json], version: int, now_s: int, until_s: int) -> dict[str, Json]:
    """Return the payload of a draft whose thresholds all begin now."""
    payload = {**draft, "version": version, "issued_s": now_s, "valid_until_s": until_s}
    if "thresholds" in draft:
        payload["thresholds"] = _dated(draft["thresholds"], {}, now_s)
    return payload


def _kept(before: Policy, after: Policy) -> Mapping[str, int]:
    """Return since when those thresholds have stood that stay as they were."""
    moved = {each.id for each in changes(standing([(before, 0)]), after)}
    return {one.id: one.since_s for one in before.thresholds if one.id not in moved}


def _dated(thresholds: Json, since: Mapping[str, int], now_s: int) -> Json:
    """Return the thresholds with their dates; what is no threshold stays, to be refused."""
    if not isinstance(thresholds, list):
        return thresholds
    return [
        {**row, "since_s": since.get(str(row.get("id")), now_s)}
        if isinstance(row, Mapping)
        else row
        for row in thresholds
    ]


def _rows(payload: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    items = payload.get(name)
    rows = items if isinstance(items, list) else []
    return [row for row in rows if isinstance(row, Mapping)]


def _without(row: Mapping[str, Json], field: str = "") -> Json:
    return {name: value for name, value in row.items() if name != field and value is not None}
