"""The counter: what staff took in, recorded once per idempotency key, read by kiosks as a feed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Final

import msgspec
import orjson

from kiosk.core.money import MAX_MINOR
from kiosk.core.values import Json, Moment
from kiosk.hub import grace
from kiosk.hub.documents import currency_of
from kiosk.hub.errors import RefusalError
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.payments import PaymentRow
from kiosk.hub.store.visits import LineRow
from kiosk.hub.views import standing

METHODS: Final = ("cash", "card", "voucher", "transfer")
MAX_BYTES: Final = 64 * 1024
MAX_EPCS: Final = 500
PAGE: Final = 500
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:-]{0,99}")
HEX: Final = re.compile(r"(?:[0-9A-F]{2}){1,62}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A payment as staff ask for it: for named items, or an amount."""

    key: str
    kiosk: str
    visit: str
    currency: str
    method: str
    epcs: tuple[str, ...] = ()
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """The payment's number in the feed, whether it is new, and how its visit stands by now."""

    number: int
    new: bool
    visit: Mapping[str, Json] | None


_ASKED: Final = msgspec.json.Decoder(Asked)


def read_order(raw: bytes) -> Asked:
    """Return what was asked; RefusalError 422 naming the first wrong field."""
    try:
        return check(_ASKED.decode(raw))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RefusalError(422, "invalid", f"payment: {error}") from error


def check(asked: Asked) -> Asked:
    """Return the order when it can be recorded; RefusalError 422 naming the first wrong field."""
    for name, text in (("key", asked.key), ("kiosk", asked.kiosk), ("visit", asked.visit)):
        if NAME.fullmatch(text) is None:
            raise _bad(name, "want 1 to 100 letters, digits and . _ ~ : -")
    if asked.method not in METHODS:
        raise _bad("method", f"want one of {', '.join(METHODS)}")
    if bool(asked.epcs) == bool(asked.amount_minor):
        raise _bad("amount_minor", "give items or an amount, not both and not neither")
    if not 0 <= asked.amount_minor <= MAX_MINOR:
        raise _bad("amount_minor", f"want minor units, above 0 and at most {MAX_MINOR}")
    if len(asked.epcs) > MAX_EPCS or len(set(asked.epcs)) != len(asked.epcs):
        raise _bad("epcs", f"want each item once, at most {MAX_EPCS}")
    for at, epc in enumerate(asked.epcs):
        if HEX.fullmatch(epc) is None or not any(bytes.fromhex(epc)):
            raise _bad(f"epcs[{at}]", "want the tag's EPC in upper-case hex")
    return asked


def record(tx: Transaction, asked: Asked, at: Moment) -> Recorded:
    """Record a payment once; a visit that has ended already is settled by it at once.

    Raises:
        RefusalError: 409 the key was used for another payment, 422 the currency is another one
            or an item is not owed, 503 no policy says yet which currency this shop counts in.
    """
    digest = sha256(orjson.dumps(asdict(asked), option=orjson.OPT_SORT_KEYS)).digest()
    known = tx.payments.by_key(asked.key)
    if known is not None:
        if known.digest != digest:
            raise RefusalError(409, "key-used", "key: was used for another payment; take a new one")
        return Recorded(known.number, new=False, visit=_standing(tx, asked))
    currency = currency_of(tx)
    if not currency:
        detail = "payment: this shop has no currency yet; publish its policy first"
        raise RefusalError(503, "no-policy", detail)
    if asked.currency != currency:
        raise _bad("currency", f"this shop counts in {currency}")
    visit = tx.visits.find(asked.kiosk, asked.visit)
    over = visit if visit is not None and visit.outcome is not None else None
    if over is not None:
        _check_items(asked, tx.visits.lines(*over.key))
    row = PaymentRow(0, digest=digest, at_s=at.wall_s, **asdict(asked))
    number = tx.payments.add(row)
    if over is not None:
        grace.settle(tx, over, at)
    return Recorded(number, new=True, visit=_standing(tx, asked))


def feed(tx: Transaction, kiosk: str, after: int) -> Mapping[str, object]:
    """Return the kiosk's payments beyond `after` and the cursor to ask with next."""
    rows = tx.payments.after(kiosk, after, PAGE)
    payments = [
        {
            "number": row.number,
            "visit": row.visit,
            "epcs": list(row.epcs),
            "amount_minor": row.amount_minor,
            "currency": row.currency,
            "key": row.key,
            "method": row.method,
            "at_s": row.at_s,
        }
        for row in rows
    ]
    return {"payments": payments, "next": rows[-1].number if rows else after}


def _standing(tx: Transaction, asked: Asked) -> Mapping[str, Json] | None:
    """Return how the visit stands by now; None when the hub has not yet seen it."""
    row = tx.visits.find(asked.kiosk, asked.visit)
    return standing(row, tx.visits.lines(*row.key)) if row else None


def _check_items(asked: Asked, lines: Sequence[LineRow]) -> None:
    """Refuse money for an item that this exit does not owe: it would cover nothing, unseen."""
    is_paid = {line.epc: line.paid for line in lines}
    for at, epc in enumerate(asked.epcs):
        if is_paid.get(epc, True):
            why = "is paid already" if epc in is_paid else "is no item of this visit"
            raise _bad(f"epcs[{at}]", f"{why}; look at its page")


def _bad(field: str, problem: str) -> RefusalError:
    return RefusalError(422, "invalid", f"{field}: {problem}", {"field": field})
