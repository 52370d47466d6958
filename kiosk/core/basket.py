"""From reads at the exit to lines: what left, what only stood there, what is paid.

A line needs enough reads above the floor inside the exit window and absence afterwards. Tags that
rested in the field before the exit began are background; tags that the catalogue does not know are
the customer's own and are only counted, never named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kiosk.core.catalogue import Catalogue
from kiosk.core.inputs import Read
from kiosk.core.policy import Policy
from kiosk.core.values import Epc, Line, Payment

APPROACH_MS: Final = 5000  # walking up to the exit is part of leaving; what rests is background
FORGET_MS: Final = 15_000  # a shelf tag is read far more often; older sights are history
NEAR_MS: Final = 2000  # what is carried to the door is heard this often, bodies in between or not


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of one tag; times are monotonic milliseconds.

    Attributes:
        reads: Reads above the RSSI floor.
        slices: One bit per slice of the window in which a read above the floor fell.
        rssi_max: Strongest read in dBm, None when the reader tells none.
    """

    reads: int
    slices: int
    rssi_max: int | None
    first_ms: int
    last_ms: int


Sights = Mapping[Epc, Sight]


@dataclass(frozen=True, slots=True)
class Window:
    """The exit window: from the trigger until nobody is expected to pass any more.

    Attributes:
        background: Tags that rested in the field before it began.
        fault: Why the reads cannot be trusted, "" when they can.
        shared: Somebody else may have passed in it; the reads are right, but not whose they are.
    """

    started_ms: int
    background: frozenset[Epc]
    sights: Sights = field(default_factory=dict)
    fault: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Sorted:
    """The tags of a window by what they mean.

    Attributes:
        stable: Ours, unsold, read often enough; in read order.
        unstable: Ours, unsold, read more than once but not often enough.
        counts: How many tags were glimpsed once, unknown, sold before, or background.
    """

    stable: tuple[Epc, ...]
    unstable: tuple[Epc, ...]
    counts: Mapping[str, int]

    @property
    def mostly_unread(self) -> bool:
        """Whether more of our tags were barely heard than read: something may shield them."""
        return len(self.unstable) + self.counts["glimpsed"] > len(self.stable)

    def first(self, most: int) -> "Sorted":
        """Return the first tags, at most so many; the others are counted as unnamed."""
        stable = self.stable[:most]
        unstable = self.unstable[: most - len(stable)]
        unnamed = len(self.stable) + len(self.unstable) - len(stable) - len(unstable)
        return Sorted(stable, unstable, {**self.counts, "unnamed": unnamed})


def heard(sights: Sights, reads: Sequence[Read], at_ms: int, policy: Policy) -> Sights:
    """Return what the field looks like after these reads; tags long silent are forgotten."""
    fresh = {epc: sight for epc, sight in sights.items() if at_ms - sight.last_ms < FORGET_MS}
    for read in reads:
        fresh[read.epc] = _seen(fresh.get(read.epc), read, at_ms, 0, policy.reading.rssi_floor_dbm)
    return fresh


def open_window(sights: Sights, at_ms: int) -> Window:
    """Return the window of an exit that begins now, with the field as it was."""
    background = frozenset(
        epc
        for epc, sight in sights.items()
        if at_ms - sight.first_ms >= APPROACH_MS and at_ms - sight.last_ms < FORGET_MS
    )
    return Window(at_ms, background)


def observe(window: Window, reads: Sequence[Read], at_ms: int, policy: Policy) -> Window:
    """Return the window with these reads in it, each in its slice (N of M).

    Reads from before the window, overtaken on their way here, are not in it.
    """
    if at_ms < window.started_ms:
        return window
    number = (at_ms - window.started_ms) * policy.reading.slices // policy.timing.read_min_ms
    sights = dict(window.sights)
    for read in reads:
        sights[read.epc] = _seen(
            sights.get(read.epc), read, at_ms, number, policy.reading.rssi_floor_dbm
        )
    return replace(window, sights=sights)


def pass_door(window: Window, at_ms: int) -> Window:
    """Return the window when the door opens: what was put back before is not leaving."""
    near = {epc: sight for epc, sight in window.sights.items() if at_ms - sight.last_ms < NEAR_MS}
    return replace(window, sights=near)


def doubt(window: Window, fault: str) -> Window:
    """Return the window with this fault, unless it has one already."""
    return window if window.fault else replace(window, fault=fault)


def _seen(sight: Sight | None, read: Read, at_ms: int, number: int, floor_dbm: int) -> Sight:
    counts = read.rssi_dbm is None or read.rssi_dbm >= floor_dbm
    old = sight or Sight(0, 0, None, at_ms, at_ms)
    known = [rssi for rssi in (old.rssi_max, read.rssi_dbm) if rssi is not None]
    return Sight(
        reads=old.reads + counts,
        slices=old.slices | (counts << number),
        rssi_max=max(known, default=None),
        first_ms=old.first_ms,
        last_ms=at_ms,
    )


def sort_tags(
    window: Window,
    catalogue: Catalogue,
    gone: frozenset[Epc],
    policy: Policy,
    paid: frozenset[Epc] = frozenset(),
) -> Sorted:
    """Return the window's tags by what they mean.

    Args:
        gone: Tags that left before.
        paid: Tags that this visit's own payments name: a catalogue that knows already that they
            are sold does not take them off this visit's lines.
    """
    need = policy.reading
    stable: list[Epc] = []
    unstable: list[Epc] = []
    counts = {"background": 0, "unknown": 0, "sold": 0, "glimpsed": 0}
    for epc, sight in window.sights.items():
        if epc in window.background:
            counts["background"] += 1
        elif catalogue.find(epc) is None:
            counts["unknown"] += 1
        elif epc in gone or (epc in catalogue.sold and epc not in paid):
            counts["sold"] += 1
        elif sight.reads >= need.min_reads and sight.slices.bit_count() >= need.min_slices:
            stable.append(epc)
        elif sight.reads > 1:
            unstable.append(epc)
        else:
            counts["glimpsed"] += 1
    return Sorted(tuple(stable), tuple(unstable), counts)


def present(sights: Sights, epcs: Iterable[Epc], now_ms: int, absence_ms: int) -> frozenset[Epc]:
    """Return those tags that the field still hears: they did not leave, or not yet."""
    return frozenset(
        epc for epc in epcs if epc in sights and now_ms - sights[epc].last_ms < absence_ms
    )


def price(epcs: Sequence[Epc], catalogue: Catalogue, discount_permille: int) -> tuple[Line, ...]:
    """Return the lines of these tags, each discounted once, rounded in the customer's favour."""
    lines = []
    for epc in epcs:
        article = catalogue.find(epc)
        if article is not None:
            minor = article.price_minor * (1000 - discount_permille) // 1000
            lines.append(Line(epc, article.gtin, article.name, minor))
    return tuple(lines)


def cover(lines: Sequence[Line], payments: Sequence[Payment]) -> tuple[tuple[Line, ...], int]:
    """Return the lines with `paid` set, and the credit that is left over in minor units.

    All amounts are in the currency of the lines. A payment by items covers just those; amounts
    cover whole lines in read order.
    """
    named = {epc for payment in payments for epc in payment.epcs}
    left_minor = sum(payment.amount_minor for payment in payments)
    covered = []
    for line in lines:
        paid = line.paid or line.epc in named
        if not paid and left_minor >= line.price_minor:
            left_minor -= line.price_minor
            paid = True
        covered.append(replace(line, paid=paid))
    return tuple(covered), left_minor


def counted(payments: Sequence[Payment], currency: str) -> tuple[Payment, ...]:
    """Return the payments that can be set against lines: amounts of another currency cannot."""
    return tuple(each for each in payments if each.epcs or each.currency == currency)


def unpaid_minor(lines: Iterable[Line]) -> int:
    """Return what is still owed for these lines, in minor units."""
    return sum(line.price_minor for line in lines if not line.paid)
