"""The open formula: what others reported becomes 0..800 points, every one of them explained.

Integers only and no clock. It forgets by itself: a fact weighs less each day and nothing on the day
it is deleted. No single reporter can move anybody by more than `REPORTER_CAP` points.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

DAY_S: Final = 86_400
BASE: Final = 500
TOP: Final = 800
FACT_CAP: Final = 60
REPORTER_CAP: Final = 80
SIDE_CAP: Final = 300
"""All demerits together take at most this much; all merits together give at most this much."""
COSIGN_S: Final = 72 * 3600
"""A fact that the hub did not witness within this time never counts: it may be made up later."""
WINDOW_S: Final = 14 * DAY_S
"""A fact counts only after the customer had this long to contest it."""
MAX_REASONS: Final = 4


class Severity(StrEnum):
    """How long a fact is kept."""

    MINOR = "minor"
    GENERAL = "general"
    SERIOUS = "serious"


KEEP_DAYS: Final[Mapping[Severity, int]] = MappingProxyType(
    {Severity.MINOR: 90, Severity.GENERAL: 180, Severity.SERIOUS: 365}
)


class Standing(StrEnum):
    """What has become of a fact."""

    STANDS = "stands"
    HALVED = "halved"
    """It was put right, paid late for example."""
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Fact:
    """One report about one customer.

    Attributes:
        id: Unique; a fact that arrives twice counts once.
        reporter: Whose word it is: an owner or a site, the unit of `REPORTER_CAP`.
        code: Reason code, in plain ASCII words.
        points: Below 0 a demerit, above 0 a merit; beyond `FACT_CAP` it is cut.
        at_s: Unix second when the event ended.
        cosigned_s: When the hub witnessed it; None when it did not.
        notified_s: When the customer was told; None when nobody told them.
        waived: The customer gave the rest of the window up.
    """

    id: str
    reporter: str
    code: str
    points: int
    severity: Severity
    at_s: int
    cosigned_s: int | None = None
    notified_s: int | None = None
    waived: bool = False
    standing: Standing = Standing.STANDS

    @property
    def gone_s(self) -> int:
        """Unix second from which it weighs nothing and is deleted."""
        return self.at_s + KEEP_DAYS[self.severity] * DAY_S


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the explanation.

    Attributes:
        code: "base", a fact's code, or the rule that evens out: reporter-cap, demerit-cap,
            merit-cap.
        fact: Id of the fact, "" for the others.
        gone_s: When the points of a fact are regained or gone, 0 for the others.
    """

    points: int
    code: str
    fact: str = ""
    gone_s: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Points and the parts that sum to them exactly, in an order of their own."""

    points: int
    parts: tuple[Part, ...]


def score(facts: Iterable[Fact], now_s: int, base: int = BASE) -> Score:
    """Return the score of one customer and its explanation; the order of `facts` is no matter."""
    by_reporter: dict[str, list[Part]] = defaultdict(list)
    for fact in _counted(facts, now_s):
        by_reporter[fact.reporter].append(
            Part(weight(fact, now_s), fact.code, fact.id, fact.gone_s)
        )
    parts = [Part(base, "base")]
    nets: list[int] = []
    for lines in by_reporter.values():
        total = _sum(lines)
        nets.append(_clamp(total, REPORTER_CAP))
        parts += [*lines, Part(nets[-1] - total, "reporter-cap")]
    for side, code in ((-1, "demerit-cap"), (1, "merit-cap")):
        total = sum(net for net in nets if net * side > 0)
        parts.append(Part(_clamp(total, SIDE_CAP) - total, code))
    points = _sum(parts)
    parts.append(Part(min(max(points, 0), TOP) - points, "range"))
    told = sorted(
        (part for part in parts if part.points or part.code == "base"),
        key=lambda part: (part.code != "base", part.points, part.code, part.fact),
    )
    return Score(_sum(told), tuple(told))


def weight(fact: Fact, now_s: int) -> int:
    """Return the points that the fact is worth today: less each day, linear, cut towards zero."""
    if not counts(fact, now_s):
        return 0
    points = abs(_clamp(fact.points, FACT_CAP))
    if fact.standing is Standing.HALVED:
        points //= 2
    keep = KEEP_DAYS[fact.severity]
    age = (now_s - fact.at_s) // DAY_S
    left = points * max(0, keep - age) // keep
    return -left if fact.points < 0 else left


def counts(fact: Fact, now_s: int) -> bool:
    """Say whether a fact may weigh at all: witnessed in time, told, uncontested, window over."""
    if fact.standing in {Standing.DISPUTED, Standing.WITHDRAWN} or now_s < fact.at_s:
        return False
    if fact.cosigned_s is None or not 0 <= fact.cosigned_s - fact.at_s <= COSIGN_S:
        return False
    if fact.notified_s is None or now_s < fact.notified_s:
        return False
    return fact.waived or now_s >= fact.notified_s + WINDOW_S


def reasons(told: Score) -> tuple[str, ...]:
    """Return at most four codes of what lost points, most lost first."""
    lost: dict[str, int] = defaultdict(int)
    for part in told.parts:
        if part.fact and part.points < 0:
            lost[part.code] += part.points
    return tuple(sorted(lost, key=lambda code: (lost[code], code))[:MAX_REASONS])


def _counted(facts: Iterable[Fact], now_s: int) -> Sequence[Fact]:
    """Return each fact once, and of a reporter's merits of one day only the best: no farming."""
    best: dict[tuple[str, int], Fact] = {}
    kept: list[Fact] = []
    for fact in {fact.id: fact for fact in facts}.values():
        worth = weight(fact, now_s)
        if worth < 0:
            kept.append(fact)
        elif worth > 0:
            day = (fact.reporter, fact.at_s // DAY_S)
            rival = best.get(day)
            if rival is None or (-worth, fact.id) < (-weight(rival, now_s), rival.id):
                best[day] = fact
    return [*kept, *best.values()]


def _clamp(points: int, cap: int) -> int:
    return min(max(points, -cap), cap)


def _sum(parts: Iterable[Part]) -> int:
    return sum(part.points for part in parts)
