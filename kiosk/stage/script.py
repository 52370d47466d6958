"""Reads a script: the TOML of DESIGN 10, described for its writers in docs/script.md.

Every mistake in a script is reported at once, with its line, before anything is started.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kiosk.core.epc import is_gtin14
from kiosk.core.identity import is_customer_ref
from kiosk.settings.files import SCRIPT, what_is
from kiosk.settings.places import SyntaxFaultError, parse
from kiosk.stage.errors import ScriptError
from kiosk.stage.plot import POLICY, Customer, Expect, Item, Script, Step
from kiosk.stage.script_values import Mistakes, Table


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a step beside `do`, `customer` and `after_s`, which go with all.

    Attributes:
        needs: Must be there.
        may: May be there.
        one_of: Exactly one of them must be there.
        after: What the customer must have done before, "" for nothing.
        alone: Whether nobody may do it.
    """

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    after: str = ""
    alone: bool = False

    @property
    def own(self) -> tuple[str, ...]:
        """Every key of this step."""
        return (*self.needs, *self.may, *self.one_of)


STEPS: Final[Mapping[str, Keys]] = {
    "show_qr": Keys(may=("age_s", "inverted")),
    "replay_qr": Keys(after="show_qr"),
    "forge_qr": Keys(),
    "show_text": Keys(needs=("text",), alone=True),
    "show_fob": Keys(needs=("fob",)),
    "choose": Keys(needs=("way",), after="show"),
    "door": Keys(needs=("state",), alone=True),
    "take": Keys(needs=("epcs",)),
    "put_back": Keys(needs=("epcs",)),
    "shelf": Keys(needs=("epcs",), alone=True),
    "exit": Keys(may=("epcs",), alone=True),
    "pay": Keys(one_of=("epcs", "amount_minor"), after="show"),
    "lose": Keys(needs=("device",), alone=True),
    "restore": Keys(needs=("device",), alone=True),
    "wait": Keys(needs=("for_s",), alone=True),
}
TABLES: Final = ("currency", "policy", "item", "customer", "step", "expect")
STEPS_LATER: Final = ("rent", "return")
WAYS: Final = ("voucher", "vouched", "leave", "group")
WAYS_LATER: Final = ("deposit", "prepaid")
DEVICES: Final = ("provider", "hub", "reader", "camera")
STATES: Final = ("open", "closed")
EXPECTED: Final[Mapping[str, Sequence[str]]] = {
    "outcome": ("paid", "empty", "unpaid", "unresolved", ""),
    "decision": ("granted", "offered", "refused"),
    "way": ("score", "deposit", "prepaid", "voucher", "vouched", ""),
    "reason": (),
    "unpaid_minor": (),
}
"""What may be expected of a visit, each with its words; "" is none, and no words is any."""
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
MAX_BYTES: Final = 1 << 20
MAX_TEXT: Final = 500  # fits a code of any kind that the camera is shown
MAX_MISTAKES: Final = 100
CURRENCY: Final = re.compile(r"[A-Z]{3}")
NAME: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,80}")
FOB: Final = re.compile(r"(?!0+$)[0-9A-F]{10}")  # the five bytes of an EM4100 tag


def load(path: Path) -> Script:
    """Return the script in this file.

    Raises:
        ScriptError: Not readable, not TOML, or any number of mistakes, one line each.
    """
    text = _read(path)
    try:
        values = parse(text).values
    except SyntaxFaultError as error:
        place = f"{path}:{error.line}:{error.column}"
        raise ScriptError([f"{place}: not TOML: {error}"]) from error
    kind = what_is(values)
    if kind not in {"", SCRIPT}:
        raise ScriptError([f"{path}: this is {kind}; here goes {SCRIPT} (docs/script.md)"])
    mistakes = Mistakes(path, text)
    script = _Parser(path, mistakes).script(values)
    found = mistakes.lines()
    if found:
        more = [f"{path}: and {len(found) - MAX_MISTAKES} more"][: len(found) > MAX_MISTAKES]
        raise ScriptError([*found[:MAX_MISTAKES], *more])
    return script


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else "no name of a file"
        raise ScriptError([f"{path}: {why}; name a script in TOML"]) from error
    if len(data) > MAX_BYTES:
        raise ScriptError([f"{path}: larger than 1 MiB; a script is a page or two"])
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ScriptError([f"{path}:{line}: not UTF-8 text; save the script as UTF-8"]) from error


@dataclass(slots=True)
class _Shown:
    """What the customers have done before a step, as later steps need it."""

    last: str
    done: set[tuple[str, str]] = field(default_factory=set)

    def note(self, step: Step) -> None:
        """Note what this step leaves behind for the next."""
        self.last = step.customer or self.last
        self.done.add((step.customer, step.do))
        if step.do in {"show_qr", "forge_qr", "show_fob"}:
            self.done.add((step.customer, "show"))


class _Parser:
    """Turns tables into a script; what is wrong goes to the mistakes, and parsing goes on."""

    def __init__(self, path: Path, mistakes: Mistakes) -> None:
        self._path = path
        self._mistakes = mistakes
        self._names: tuple[str, ...] = ()

    def script(self, values: Mapping[str, object]) -> Script:
        """Return the script; every mistake on the way is noted."""
        top = Table(values, "", 0, self._mistakes)
        top.known(TABLES)
        policy = self._policy(top)
        items = tuple(_item(each) for each in top.tables("item"))
        _no_twins(top.tables("item"), "gtin")
        customers = tuple(_customer(each) for each in top.tables("customer"))
        _no_twins(top.tables("customer"), "id")
        self._names = tuple(each.id for each in customers if each.id)
        currency = "EUR"
        if "currency" in values:
            currency = top.text("currency", CURRENCY.fullmatch, "an ISO 4217 code such as EUR")
        steps = self._steps(top.tables("step"))
        expects = tuple(self._expect(each) for each in top.tables("expect"))
        return Script(currency, policy, items, customers, steps, expects, self._path)

    def _policy(self, top: Table) -> Mapping[str, int]:
        values = top.values.get("policy", {})
        if not isinstance(values, dict):
            top.wrong("policy", "is not a table: write [policy]")
            return POLICY
        table = Table(values, "policy", 0, self._mistakes)
        table.known(tuple(POLICY))
        return {key: table.whole(key, *LIMITS[key], POLICY[key]) for key in POLICY}

    def _steps(self, tables: Sequence[Table]) -> tuple[Step, ...]:
        shown = _Shown(self._names[0] if self._names else "")
        steps = []
        for table in tables:
            step = self._step(table, shown)
            shown.note(step)
            steps.append(step)
        return tuple(steps)

    def _step(self, table: Table, shown: _Shown) -> Step:
        do = table.word("do", tuple(STEPS), STEPS_LATER)
        if not do:
            return Step("")
        keys = STEPS[do]
        table.known(("do", "customer", "after_s", *keys.own))
        customer = self._who(table, do, shown)
        given = _given(table, keys)
        self._timely(table, do, customer, shown)
        return Step(
            do=do,
            customer=customer,
            after_s=table.seconds("after_s", 0.0),
            line=self._mistakes.line("step", table.index, "do"),
            epcs=table.epcs("epcs", some=do != "exit") if "epcs" in given else (),
            way=table.word("way", WAYS, WAYS_LATER) if "way" in given else "",
            state=table.word("state", STATES) if "state" in given else "",
            device=table.word("device", DEVICES) if "device" in given else "",
            text=_text_shown(table) if "text" in given else "",
            fob=_fob(table) if "fob" in given else "",
            amount_minor=table.whole("amount_minor", *LIMITS["amount_minor"])
            if "amount_minor" in given
            else 0,
            for_s=table.seconds("for_s") if "for_s" in given else 0.0,
            age_s=table.seconds("age_s") if "age_s" in given else 0.0,
            inverted=table.flag("inverted") if "inverted" in given else False,
        )

    def _who(self, table: Table, do: str, shown: _Shown) -> str:
        if "customer" in table.values:
            return table.word("customer", self._names)
        if do == "exit" and "epcs" in table.values:
            return ""
        if not shown.last and not STEPS[do].alone:
            table.wrong("customer", "there is nobody to do it; add a [[customer]]")
        return shown.last

    def _timely(self, table: Table, do: str, customer: str, shown: _Shown) -> None:
        after = STEPS[do].after
        if customer and after and (customer, after) not in shown.done:
            table.wrong("do", f"{customer} has shown no code before; begin with show_qr")

    def _expect(self, table: Table) -> Expect:
        table.known(("customer", "visit", *EXPECTED))
        customer = table.word("customer", self._names)
        visit = table.whole("visit", *LIMITS["visit"], 1)
        values: dict[str, str | int | None] = {}
        for key, words in EXPECTED.items():
            if key in table.values and key == "unpaid_minor":
                values[key] = table.whole(key, *LIMITS[key])
            elif key in table.values:
                word = table.text(key, lambda _: True) if not words else table.word(key, words)
                values[key] = word or None
        line = self._mistakes.line("expect", table.index, "customer")
        return Expect(customer, visit, values, line)


def _given(table: Table, keys: Keys) -> frozenset[str]:
    """Return the step's own keys that are there, and those that must be."""
    found = [key for key in keys.one_of if key in table.values]
    if keys.one_of and len(found) != 1:
        table.wrong("do", f"give either {' or '.join(keys.one_of)}")
    return frozenset((*keys.needs, *(key for key in keys.own if key in table.values)))


def _item(table: Table) -> Item:
    table.known(("gtin", "name", "price_minor"))
    gtin = table.text("gtin", is_gtin14, "a GTIN-14: 14 digits, the last one a check digit")
    name = table.text("name", NAME.fullmatch, "1 to 80 printable characters")
    return Item(gtin, name, table.whole("price_minor", *LIMITS["price_minor"]))


def _customer(table: Table) -> Customer:
    table.known(("id", "score"))
    name = table.text(
        "id", _is_name, "1 to 64 letters, digits and _ . : - (a letter or digit first)"
    )
    score = table.whole("score", *LIMITS["score"]) if "score" in table.values else None
    return Customer(name, score)


def _no_twins(tables: Sequence[Table], key: str) -> None:
    seen: set[object] = set()
    for table in tables:
        value = table.values.get(key)
        if isinstance(value, str):
            if value in seen:
                table.wrong(key, f"{value!r} is there already; once is enough")
            seen.add(value)


def _fob(table: Table) -> str:
    return table.text("fob", lambda value: FOB.fullmatch(value.upper()), "10 hex digits").upper()


def _is_name(text: str) -> bool:
    return is_customer_ref(text) and text[0].isalnum()


def _text_shown(table: Table) -> str:
    def fits(text: str) -> bool:
        """Whether a code can hold it."""
        return 0 < len(text.encode("utf-8", "replace")) <= MAX_TEXT

    return table.text("text", fits, f"a text of 1 to {MAX_TEXT} bytes, in quotes")
