"""A policy as the owner writes it: the rules, without the numbers and dates of its versions."""

from collections.abc import Mapping
from typing import Final

from kiosk.core.policy import parse_policy
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
    stood = {row.get("id"): row for row in _rows(held or {}, "thresholds")}
    version = 0 if held is None else parse_policy(held).version
    payload: dict[str, Json] = {
        **draft,
        "version": version + 1,
        "issued_s": now_s,
        "valid_until_s": until_s,
    }
    if isinstance(draft.get("thresholds"), list):
        payload["thresholds"] = [
            {**row, "since_s": _since_s(stood.get(row.get("id")), row, now_s)}
            if isinstance(row, Mapping)
            else row
            for row in _items(draft, "thresholds")
        ]
    parse_policy(payload)
    return payload


def _since_s(before: Mapping[str, Json] | None, row: Mapping[str, Json], now_s: int) -> Json:
    if before is None or _stands(before) != _stands(row):
        return now_s
    return before["since_s"]


def _stands(row: Mapping[str, Json]) -> tuple[Json, Json, Json]:
    return row.get("purpose"), row.get("points"), row.get("shadow", False)


def _items(payload: Mapping[str, Json], name: str) -> list[Json]:
    items = payload.get(name, [])
    return list(items) if isinstance(items, list) else []


def _rows(payload: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    return [row for row in _items(payload, name) if isinstance(row, Mapping)]


def _without(row: Mapping[str, Json], field: str = "") -> Json:
    return {name: value for name, value in row.items() if name != field and value is not None}
