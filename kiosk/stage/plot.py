"""What a script holds: the shop, its customers, the steps of the day, what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

POLICY: Final[Mapping[str, int]] = {
    "threshold": 600,
    "deposit_minor": 2000,
    "grace_h": 24,
    "max_inside": 1,
}
"""The policy of a script that does not say otherwise (DESIGN 10)."""


@dataclass(frozen=True, slots=True)
class Item:
    """An article of the catalogue, by GTIN-14."""

    gtin: str
    name: str
    price_minor: int


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody in the script; `score` None: the provider has never heard of them."""

    id: str
    score: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens.

    Attributes:
        customer: Who does it, "" for nobody.
        after_s: Pause before it.
        line: Where it stands in the script.
        epcs: Tags, upper-case hex.
    """

    do: str
    customer: str = ""
    after_s: float = 0.0
    line: int = 0
    epcs: tuple[str, ...] = ()
    way: str = ""
    state: str = ""
    device: str = ""
    text: str = ""
    fob: str = ""
    amount_minor: int = 0
    for_s: float = 0.0
    age_s: float = 0.0
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Expect:
    """What a customer's n-th try must have come to.

    Attributes:
        visit: Which try of this customer in this play, from 1.
        values: By name as in the result; None: nothing.
    """

    customer: str
    visit: int
    values: Mapping[str, str | int | None]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """A whole day."""

    currency: str
    policy: Mapping[str, int]
    items: tuple[Item, ...]
    customers: tuple[Customer, ...]
    steps: tuple[Step, ...]
    expects: tuple[Expect, ...]
    path: Path = field(default=Path("script"))
