"""A small shop around one gate: people, tags, a door, a reader, and what really happened."""

import random
from dataclasses import dataclass, field
from typing import Final

from kiosk.core.commands import AskPayments, AskProvider, Command, Relock, Show, Unlock
from kiosk.core.inputs import Cause, DoorClosed, DoorOpened, Read, TagsRead
from kiosk.core.reasons import Reason
from kiosk.core.values import Claim, Epc, Moment, Payment, RequestId, VisitId
from kiosk.core.visit_state import CROWD_MS, Quiet, Unlocked
from tests.core.gate_cases import at, own, snack, tea
from tests.core.loop import Loop

READER: Final = "exit-reader"
DOOR: Final = "door"
TICK_MS: Final = 150
AT_THE_DOOR: Final = frozenset({"coming", "exit", "going"})


@dataclass
class Body:
    """Somebody.

    Attributes:
        where: "outside", "coming" or "going" (in the door), "inside", or "exit" (before it).
        since_ms: When they got there.
        nonces: How many codes their phone has made.
        heard: How many more ticks the reader hears what they carry.
    """

    name: str
    vouchers: tuple[int, ...] = ()
    vouched: bool = False
    where: str = "outside"
    since_ms: int = 0
    carried: list[Epc] = field(default_factory=list)
    nonces: int = 0
    used: list[Claim] = field(default_factory=list)
    heard: int = 99

    @property
    def within(self) -> bool:
        """Whether they are not outside."""
        return self.where != "outside"

    def nonce(self) -> str:
        """Return a nonce that was never used."""
        self.nonces += 1
        return f"{self.name[-1]}{self.nonces:015d}"


class Shop:
    """The world around one gate; `act` carries out commands on it.

    Chance has a seed, so that every day can be lived again.
    """

    def __init__(self, loop: Loop, seed: int) -> None:
        self.loop = loop
        self.chance = random.Random(seed)
        self.staff = Body("staff")
        self.customers = [
            Body("customer-1", (1, 2), carried=[own(1)]),
            Body("customer-2", (3,), vouched=True),
            Body("customer-3"),
        ]
        self.friend = Body("friend")
        self.people = [*self.customers, self.friend, self.staff]
        self.shelf = [snack(1), snack(2), snack(3), tea(1), tea(2)]
        self.near_shelf = [snack(90), tea(91)]
        self.door_open = False
        self.unlocked_ms = 0
        self.unlocks: list[tuple[int, Unlock]] = []
        self.granted: Body | None = None
        self.at_kiosk: Body | None = None
        self.lost: set[str] = set()
        self.blind_ms = 0
        self.questions: list[AskProvider] = []
        self.cursors: list[AskPayments] = []
        self.told: set[RequestId] = set()
        self.feed: list[Payment] = []
        self.polled = 0
        self.visits = 0
        self.holder: dict[VisitId, Body] = {}
        self.leader: Body | None = None
        self.with_friend: set[VisitId] = set()
        self.left_behind: set[str] = set()
        self.minded: dict[str, int] = {}
        self.taken_out: dict[str, tuple[Body, int]] = {}
        self.excused = False
        self.screen = Reason.IDLE
        self.history: list[str] = []

    @property
    def now(self) -> Moment:
        """The present moment."""
        return at(self.loop.now_ms)

    @property
    def room(self) -> int:
        """How many visits there may be at a time."""
        return self.loop.rules.policy.max_inside

    def by_chance(self, share: float) -> bool:
        """Say yes in this share of cases."""
        return self.chance.random() < share

    def fresh_visit(self) -> VisitId:
        """Return an id for an attempt."""
        self.visits += 1
        return VisitId(f"visit-{self.visits:04d}")

    def tell(self, fact: Cause) -> None:
        """Tell the gate one thing."""
        self.history.append(f"{self.loop.now_ms} {fact}")
        self.loop.take(fact)

    def act(self, command: Command) -> None:
        """Carry a command out."""
        match command:
            case Unlock(hold_s=hold_s, cause=cause):
                self.unlocked_ms = max(self.unlocked_ms, self.loop.now_ms + hold_s * 1000)
                self.unlocks.append((self.loop.now_ms, command))
                self._whose_door(cause)
            case Relock():
                self.unlocked_ms = 0
            case AskProvider():
                self.questions.append(command)
            case AskPayments():
                self.cursors.append(command)
            case Show(reason=reason):
                self.screen = reason

    def pass_ms(self, ms: int) -> None:
        """Let time pass; while somebody is near the exit, the reader is heard."""
        end_ms = self.loop.now_ms + ms
        while self.loop.now_ms < end_ms:
            near = any(body.where in AT_THE_DOOR for body in self.people)
            watched = near or not isinstance(self.loop.gate.leaving, Quiet)
            left_ms = end_ms - self.loop.now_ms
            self.loop.until(self.loop.now_ms + (min(TICK_MS, left_ms) if watched else left_ms))
            if watched and READER not in self.lost:
                self._read()

    def door(self, *, to: bool) -> None:
        """Open or close the door; its contact tells, unless it is away."""
        if self.door_open == to:
            return
        self.door_open = to
        if DOOR not in self.lost:
            self.tell(DoorOpened(self.now) if to else DoorClosed(self.now))

    def party(self, visit: VisitId) -> list[Body]:
        """Return who came in on a visit."""
        return [self.holder[visit], *([self.friend] if visit in self.with_friend else [])]

    def part(self, visit: VisitId) -> None:
        """Remember who is still inside when their visit is over, and until when the gate minds."""
        inside = [body.name for body in self.party(visit) if body.within]
        group = visit in self.with_friend
        self.left_behind.update(inside if group else ())
        minded_ms = CROWD_MS if group else self.loop.rules.policy.timing.stay_s * 1000
        self.minded.update((name, self.loop.now_ms + minded_ms) for name in inside)

    def carrier(self, epc: str) -> tuple[Body | None, int]:
        """Return who carried a tag out, or is doing so now, and when."""
        for body in self.people:
            if body.where == "going" and epc in body.carried:
                return body, self.loop.now_ms
        return self.taken_out.get(epc, (None, 0))

    def door_is_free(self) -> bool:
        """Whether nobody is at the door."""
        return all(body.where not in AT_THE_DOOR for body in self.people)

    def move(self, body: Body, where: str) -> None:
        """Put somebody there; chance says how well the reader will hear them."""
        self.history.append(f"{self.loop.now_ms} {body.name} -> {where}")
        body.where, body.since_ms = where, self.loop.now_ms
        body.heard = self.chance.choice((99, 99, 99, 99, 99, 2, 1, 0))
        if where == "coming":
            self.left_behind.discard(body.name)
            self.minded.pop(body.name, None)
        if where == "outside":
            self.taken_out.update((epc, (body, self.loop.now_ms)) for epc in body.carried)

    def _whose_door(self, cause: str) -> None:
        """Remember for whom the door was unlocked; staff who help a customer in take no turn."""
        state = self.loop.gate.entry
        if cause == "group":
            self.leader = self.granted
        elif cause != "staff":
            self.granted, self.leader = self.at_kiosk, None
        elif not (isinstance(state, Unlocked) and state.visit is not None):
            self.granted = self.staff

    def _read(self) -> None:
        heard = list(self.near_shelf)
        for body in self.people:
            if body.where in AT_THE_DOOR and body.heard > 0:
                heard += body.carried
                body.heard -= 1
        late_ms = self.chance.choice((0, 0, 0, 40))
        reads = tuple(Read(epc, self.chance.choice((None, -50, -65))) for epc in heard)
        self.loop.take(TagsRead(at(self.loop.now_ms - late_ms), reads))
