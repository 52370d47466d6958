"""What goes wrong in the shop: readers, contacts, disk, power; and what takes long."""

from kiosk.core.inputs import DeviceFound, DeviceLost, InboxOverflowed, StaffLocked
from kiosk.core.visit_state import Gate, Idle, Others
from tests.core.loop import promise
from tests.core.play.shop import DOOR, READER, Shop


class Trouble:
    """Bad luck; `move` lets one thing happen.

    Attributes:
        share: How much of it there is on this day.
    """

    def __init__(self, shop: Shop, share: float) -> None:
        self.shop = shop
        self.share = share

    def perhaps(self) -> None:
        """Let one thing happen, or nothing."""
        if self.shop.by_chance(self.share):
            self.move()

    def move(self) -> None:
        """Let one thing go wrong, or right again."""
        shop = self.shop
        match shop.chance.randrange(8):
            case 0 | 1:
                self._lose_or_find(shop.chance.choice((READER, READER, DOOR, "camera")))
            case 2:
                shop.blind_ms = shop.loop.now_ms
                shop.tell(InboxOverflowed(shop.now, 3))
            case 3:
                shop.tell(StaffLocked(shop.now))
            case 4 | 5:
                shop.loop.disk.failures = shop.chance.choice((1, 1, 1, 2, 5))
            case 6:
                self._lights_out()
            case _:
                self._mend()

    def wait(self) -> None:
        """Let nothing happen for some seconds, or for hours when the shop is at rest."""
        shop = self.shop
        if shop.door_is_free() and shop.by_chance(0.5):
            shop.door(to=False)
        if shop.by_chance(0.5):
            self._mend()
        known = [body for visit in shop.loop.gate.inside for body in shop.party(visit.id)]
        hidden = any(body.within and body not in known for body in shop.people)
        calm = isinstance(shop.loop.gate.entry, Idle) and not hidden and shop.door_is_free()
        if calm and shop.by_chance(0.04):
            shop.pass_ms(2 * shop.loop.rules.policy.timing.stay_s * 1000)
        else:
            shop.pass_ms(shop.chance.choice((2000, 2000, 6000, 12_000, 31_000)))

    def _lose_or_find(self, role: str) -> None:
        shop = self.shop
        if role in shop.lost:
            self._find(role)
            return
        shop.lost.add(role)
        self._blind(role)
        shop.tell(DeviceLost(shop.now, f"{role}-1", role, "unplugged"))

    def _find(self, role: str) -> None:
        self.shop.lost.discard(role)
        self._blind(role)
        self.shop.tell(DeviceFound(self.shop.now, f"{role}-1", role))

    def _mend(self) -> None:
        for role in sorted(self.shop.lost):
            self._find(role)

    def _blind(self, role: str) -> None:
        if role in {READER, DOOR}:
            self.shop.blind_ms = self.shop.loop.now_ms

    def _lights_out(self) -> None:
        """Power goes and comes back: the lock is at its safe level, questions are forgotten."""
        shop = self.shop
        gate = shop.loop.gate
        # What a full disk could not take before the power went, no start can know.
        shop.excused = shop.excused or bool(gate.owed)
        for visit in gate.inside:
            shop.part(visit.id)
        shop.history.append(f"{shop.loop.now_ms} restart")
        shop.loop.disk.failures = 0
        if shop.unlocked_ms > shop.loop.now_ms and shop.door_is_free() and shop.by_chance(0.3):
            self._slip_in()
        shop.unlocked_ms, shop.granted, shop.at_kiosk, shop.leader = 0, None, None, None
        shop.questions.clear()
        shop.cursors.clear()
        shop.polled = 0
        shop.loop.restart()
        if not gate.owed:
            self._nobody_is_forgotten(gate, shop.loop.gate)
        for role in sorted(shop.lost):
            shop.tell(DeviceLost(shop.now, f"{role}-1", role, "unplugged"))

    def _slip_in(self) -> None:
        """Let whom the door was unlocked for pass it before the lock has lost its power."""
        body = self.shop.granted
        if body is not None and not body.within:
            self.shop.move(body, "coming")
            self.shop.move(body, "inside")

    def _nobody_is_forgotten(self, before: Gate, after: Gate) -> None:
        """Hold the gate of the start against the one before: as many, each for as long."""
        now_ms = self.shop.loop.now_ms
        old = Others(before.guests, before.crowd_ms).at(now_ms)
        new = Others(after.guests, after.crowd_ms).at(now_ms)
        latest = new.guests[len(new.guests) - len(old.guests) :]
        minded = len(new.guests) >= len(old.guests) and new.crowd_ms >= old.crowd_ms
        minded = minded and all(
            ours >= theirs for ours, theirs in zip(latest, old.guests, strict=True)
        )
        promise("restart", holds=minded, what=f"{old} became {new}")
