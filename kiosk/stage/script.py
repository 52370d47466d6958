"""A script as the player follows it: the shop, its customers, the steps, what is expected.

The format is that of DESIGN 10. Every mistake in a script is reported at once, with its line.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from kiosk.stage.errors import ScriptError
from kiosk.stage.script_lines import line_of

STEPS: Final[Mapping[str, frozenset[str]]] = {
    "show_qr": frozenset({"age_s", "inverted"}),
    "replay_qr": frozenset(),
    "forge_qr": frozenset(),
    "show_text": frozenset({"text"}),
    "show_fob": frozenset({"fob"}),
    "choose": frozenset({"way"}),
    "door": frozenset({"state"}),
    "take": frozenset({"epcs"}),
    "put_back": frozenset({"epcs"}),
    "shelf": frozenset({"epcs"}),
    "exit": frozenset({"epcs"}),
    "pay": frozenset({"epcs", "amount_minor"}),
    "lose": frozenset({"device"}),
    "restore": frozenset({"device"}),
    "wait": frozenset({"for_s"}),
}
"""Every step and the keys that are its own; `do`, `customer` and `after_s` go with all."""

WAYS: Final = ("voucher", "vouched", "leave")
DEVICES: Final = ("provider", "hub", "reader", "camera")
EXPECTED: Final = ("outcome", "decision", "reason", "way", "unpaid_minor")
TABLES: Final = ("currency", "policy", "item", "customer", "step", "expect")
POLICY: Final[Mapping[str, int]] = {
    "threshold": 600,
    "deposit_minor": 2000,
    "grace_h": 24,
    "max_inside": 1,
}
MAX_BYTES: Final = 1 << 20
CURRENCY: Final = re.compile(r"[A-Z]{3}")
GTIN: Final = re.compile(r"[0-9]{14}")
EPC: Final = re.compile(r"(?!0+$)([0-9A-F]{4})+")
LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "threshold": (0, 800),
    "deposit_minor": (0, 10**9),
    "grace_h": (0, 24 * 365),
    "max_inside": (1, 1000),
    "score": (0, 800),
    "price_minor": (0, 10**9),
    "amount_minor": (1, 10**9),
    "unpaid_minor": (0, 10**12),
    "visit": (1, 10_000),
}


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
    """What a customer's n-th try must have come to."""

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


def load(path: Path) -> Script:
    """Return the script in this file.

    Raises:
        ScriptError: Not readable, not TOML, or any number of mistakes, one line each.
    """
    try:
        text = path.read_bytes()[: MAX_BYTES + 1].decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ScriptError([f"{path}: {why}; name a script in TOML"]) from error
    if len(text) > MAX_BYTES:
        raise ScriptError([f"{path}: larger than 1 MiB; a script is a page or two"])
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptError([f"{path}: not TOML: {error}"]) from error
    return _Parser(path, text).script(data)


class _Parser:
    """Collects every mistake before it gives up."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._mistakes: list[str] = []

    def script(self, data: Mapping[str, object]) -> Script:
        """Return the script; every mistake on the way is noted."""
        self._known(data, TABLES, "", 0)
        policy = self._policy(data.get("policy", {}))
        items = tuple(self._item(*each) for each in self._tables(data, "item"))
        customers = tuple(self._customer(*each) for each in self._tables(data, "customer"))
        names = [each.id for each in customers]
        steps = self._steps(self._tables(data, "step"), names)
        expects = tuple(self._expect(*each, names) for each in self._tables(data, "expect"))
        currency = data.get("currency", "EUR")
        if not (isinstance(currency, str) and CURRENCY.fullmatch(currency)):
            self._wrong("currency", 0, "an ISO 4217 code of three capital letters, such as EUR")
            currency = "EUR"
        if self._mistakes:
            raise ScriptError(self._mistakes)
        return Script(currency, policy, items, customers, steps, expects, self._path)

    def _policy(self, table: object) -> Mapping[str, int]:
        if not isinstance(table, dict):
            self._wrong("policy", 0, "a table: [policy]")
            return POLICY
        self._known(table, tuple(POLICY), "policy", 0)
        return {key: self._whole(table, key, "policy", 0, POLICY[key]) for key in POLICY}

    def _item(self, index: int, table: Mapping[str, object]) -> Item:
        self._known(table, ("gtin", "name", "price_minor"), "item", index)
        gtin = self._text_of(table, "gtin", "item", index)
        if not GTIN.fullmatch(gtin):
            self._wrong("item.gtin", index, "a GTIN-14 of 14 digits, in quotes")
        name = self._text_of(table, "name", "item", index)
        return Item(gtin, name, self._whole(table, "price_minor", "item", index))

    def _customer(self, index: int, table: Mapping[str, object]) -> Customer:
        self._known(table, ("id", "score"), "customer", index)
        score = self._whole(table, "score", "customer", index) if "score" in table else None
        return Customer(self._text_of(table, "id", "customer", index), score)

    def _steps(
        self, tables: Sequence[tuple[int, Mapping[str, object]]], names: Sequence[str]
    ) -> tuple[Step, ...]:
        steps: list[Step] = []
        last = names[0] if names else ""
        for index, table in tables:
            step = self._step(index, table, names, last)
            last = step.customer or last
            steps.append(step)
        return tuple(steps)

    def _step(
        self, index: int, table: Mapping[str, object], names: Sequence[str], last: str
    ) -> Step:
        do = self._word(table, "do", "step", index, tuple(STEPS))
        own = STEPS.get(do, frozenset())
        self._known(table, ("do", "customer", "after_s", *sorted(own)), "step", index)
        customer = last
        if "customer" in table:
            customer = self._word(table, "customer", "step", index, tuple(names))
        if do == "exit" and "epcs" in table and "customer" not in table:
            customer = ""
        return Step(
            do=do,
            customer=customer,
            after_s=self._seconds(table, "after_s", index),
            line=self._line("step", index, "do"),
            epcs=self._epcs(table, index) if "epcs" in own else (),
            way=self._word(table, "way", "step", index, WAYS) if "way" in own else "",
            state=self._word(table, "state", "step", index, ("open", "closed"))
            if "state" in own
            else "",
            device=self._word(table, "device", "step", index, DEVICES) if "device" in own else "",
            text=self._text_of(table, "text", "step", index) if "text" in own else "",
            fob=self._text_of(table, "fob", "step", index) if "fob" in own else "",
            amount_minor=self._whole(table, "amount_minor", "step", index)
            if "amount_minor" in table and "amount_minor" in own
            else 0,
            for_s=self._seconds(table, "for_s", index),
            age_s=self._seconds(table, "age_s", index),
            inverted=table.get("inverted") is True,
        )

    def _expect(self, index: int, table: Mapping[str, object], names: Sequence[str]) -> Expect:
        self._known(table, ("customer", "visit", *EXPECTED), "expect", index)
        customer = self._word(table, "customer", "expect", index, tuple(names))
        visit = self._whole(table, "visit", "expect", index, 1)
        values: dict[str, str | int | None] = {}
        for key in EXPECTED:
            if key in table and key == "unpaid_minor":
                values[key] = self._whole(table, key, "expect", index)
            elif key in table:
                values[key] = self._text_of(table, key, "expect", index) or None
        return Expect(customer, visit, values, self._line("expect", index, "customer"))

    def _tables(
        self, data: Mapping[str, object], name: str
    ) -> list[tuple[int, Mapping[str, object]]]:
        tables = data.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._wrong(name, 0, f"a list of tables: [[{name}]]")
            return []
        return list(enumerate(tables))

    def _known(
        self, table: Mapping[str, object], known: Sequence[str], place: str, index: int
    ) -> None:
        for key in table:
            if key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
                self._wrong(f"{place}.{key}" if place else key, index, f"unknown key; {hint}")

    def _word(
        self, table: Mapping[str, object], key: str, place: str, index: int, known: Sequence[str]
    ) -> str:
        value = table.get(key)
        if isinstance(value, str) and value in known:
            return value
        near = get_close_matches(str(value), known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        self._wrong(f"{place}.{key}", index, f"{value!r} is not known; {hint}")
        return ""

    def _text_of(self, table: Mapping[str, object], key: str, place: str, index: int) -> str:
        value = table.get(key)
        if isinstance(value, str) and (value or place == "expect"):
            return value
        self._wrong(f"{place}.{key}", index, "a text in quotes")
        return ""

    def _whole(
        self,
        table: Mapping[str, object],
        key: str,
        place: str,
        index: int,
        default: int | None = None,
    ) -> int:
        value = table.get(key, default)
        low, high = LIMITS[key]
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._wrong(f"{place}.{key}", index, f"a whole number from {low} to {high} (got {value!r})")
        return low

    def _seconds(self, table: Mapping[str, object], key: str, index: int) -> float:
        value = table.get(key, 0)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9:
            return float(value)
        self._wrong(f"step.{key}", index, "seconds, zero or more")
        return 0.0

    def _epcs(self, table: Mapping[str, object], index: int) -> tuple[str, ...]:
        value = table.get("epcs", [])
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            epcs = tuple(each.upper() for each in value)
            if all(EPC.fullmatch(each) for each in epcs):
                return epcs
        self._wrong("step.epcs", index, 'a list of EPCs in hex, such as ["30…"]')
        return ()

    def _line(self, place: str, index: int, key: str) -> int:
        return line_of(self._text, place, index, key)

    def _wrong(self, place: str, index: int, what: str) -> None:
        table, _, key = place.partition(".")
        line = line_of(self._text, table, index, key)
        self._mistakes.append(f"{self._path}:{line}: {place}: {what}")
