"""One customer's visit told to a gate in this process, and what must be true when it is over."""

from kiosk.core.events import CLOSING, OPENING
from kiosk.core.inputs import Cause, DoorClosed, DoorOpened, ExitRequested, Read, TagsRead
from kiosk.core.values import Epc
from kiosk.ledger.reader import LedgerReader
from tests.daemon.gatehouse import TRAIL_MIX, Gatehouse

STEP_S = 0.25
HEARD_S = 0.5


class Story:
    """What happens at a gate, told part by part.

    Args:
        number: Which customer of the day, for a nonce of their own.
    """

    def __init__(self, house: Gatehouse, number: int = 1) -> None:
        self.house = house
        self._number = number

    def happens(self, kind: type[DoorOpened | DoorClosed]) -> None:
        """Let the door open or close."""
        self.tell(kind(self.house.clock.now()))

    def tell(self, fact: Cause) -> None:
        """Tell the owner a fact, and let the workers answer what it asks."""
        self.house.owner.take(fact)
        self.hear()

    def hear(self) -> None:
        """Handle what the workers say, until nothing is asked any more."""
        house = self.house
        while house.peers.busy or not house.inbox.is_empty():
            message = house.inbox.take(HEARD_S, house.clock.now())
            if message is not None:
                house.owner.handle(message)

    def pass_time(self, for_s: float) -> None:
        """Let time pass, with the owner awake all the while."""
        for _ in range(int(for_s / STEP_S)):
            self.house.clock.raise_offset(int(STEP_S * 1000))
            self.house.owner._let_time_pass()
            self.hear()

    def read_tags(self, *epcs: str) -> None:
        """Let the exit reader read tags several times."""
        for _ in range(6):
            self.house.clock.raise_offset(100)
            reads = tuple(Read(Epc(epc), -50) for epc in epcs)
            self.tell(TagsRead(self.house.clock.now(), reads))

    def come_in(self) -> None:
        """Show a code and pass the door."""
        self.house.show(f"customer-{self._number}", self._number.to_bytes(8, "big"))
        self.hear()
        self.pass_time(1)
        self.walk_through()

    def walk_through(self) -> None:
        """Open the door and close it."""
        self.happens(DoorOpened)
        self.pass_time(1)
        self.happens(DoorClosed)

    def leave(self, *epcs: str) -> None:
        """Leave with these items, else with one, by the button and the door."""
        self.tell(ExitRequested(self.house.clock.now(), "button"))
        self.happens(DoorOpened)
        self.read_tags(*(epcs or (TRAIL_MIX,)))
        self.happens(DoorClosed)
        self.pass_time(12)

    def whole(self) -> None:
        """Come in, stay a while, and leave with something."""
        self.come_in()
        self.pass_time(3)
        self.leave()

    def turn_back(self) -> None:
        """Show a code and walk away."""
        self.house.show(f"customer-{self._number}", self._number.to_bytes(8, "big"))
        self.hear()
        self.pass_time(12)

    def end_of_day(self) -> None:
        """Let everything that waits come to its end."""
        for _ in range(3):
            self.house.clock.raise_offset(self.house.owner.rules.policy.timing.stay_s * 1000)
            self.pass_time(6)


def check(house: Gatehouse) -> None:
    """Fail unless the lock is idle, every unlock has its record, and each visit ended once."""
    assert not house.lock.is_unlocked
    with LedgerReader(house.path) as reader:
        visits = [visit for visit in reader.visits() if visit.opening is not None]
    assert house.unlocks() <= house.types().count(OPENING), "unlocked without a record"
    inside = {visit.id for visit in house.owner.gate.inside}
    for visit in visits:
        endings = [e.record.type for e in visit.events if e.record.type in CLOSING]
        assert len(endings) == 1, f"{len(endings)} outcomes"
        assert visit.visit not in inside, "ended, and still inside"
    assert not inside
