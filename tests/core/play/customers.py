"""What people do in the shop, by chance.

They are honest with the door: one at a time passes, and whoever comes in was let in. With
everything else they do as they like: wrong codes, used codes, others' vouchers, second thoughts.
"""

from collections.abc import Callable
from typing import Final

from kiosk.core.identity import TokenFault
from kiosk.core.inputs import (
    ExitRequested,
    GroupDeclared,
    IdRejected,
    IdShown,
    StaffUnlocked,
    WayChosen,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Claim, Tier, Way
from kiosk.core.visit_facts import leaving_id
from kiosk.core.visit_state import Checking, Exiting, Offered, Quiet, Unlocked
from tests.core.gate_cases import fob, signed, snack, tea, voucher
from tests.core.play.shop import Body, Shop

WALK_MS: Final = 2500  # from the exit back to the shelves
FAULTS: Final = tuple(TokenFault)


class Customers:
    """Everybody in the shop; `move` lets one of them do one thing.

    Args:
        meanwhile: Whatever may happen while somebody is in the door on their way out.
    """

    def __init__(self, shop: Shop, meanwhile: Callable[[], None]) -> None:
        self.shop = shop
        self.meanwhile = meanwhile
        self.made = 0

    def move(self) -> None:
        """Let somebody do one thing."""
        shop = self.shop
        expected = [shop.granted, shop.friend if shop.leader else None]
        near = [body for body in shop.people if body.within or body in expected]
        body = shop.chance.choice(near if near and shop.by_chance(0.6) else shop.people)
        moves: dict[str, Callable[[Body], None]] = {
            "outside": self._outside,
            "coming": self._coming,
            "inside": self._inside,
            "exit": self._at_exit,
            "going": self._going,
        }
        moves[body.where](body)

    # --- coming ------------------------------------------------------------------------------

    def _outside(self, body: Body) -> None:
        shop = self.shop
        energised = shop.unlocked_ms > shop.loop.now_ms
        if energised and body is shop.granted and shop.door_is_free():
            if shop.friend.where == "outside" and shop.by_chance(0.4):
                shop.tell(GroupDeclared(shop.now))
            elif shop.by_chance(0.9):
                shop.granted = None
                shop.move(body, "coming")
                shop.door(to=True)
        elif body is shop.friend:
            self._follow(body)
        elif body is shop.staff:
            if shop.by_chance(0.03):
                shop.tell(StaffUnlocked(shop.now, "delivery"))
        elif shop.at_kiosk is body and shop.by_chance(0.25):
            self._press_something()
        elif len(shop.loop.gate.inside) < shop.room or shop.by_chance(0.05):
            self._show_something(body)

    def _press_something(self) -> None:
        shop = self.shop
        if shop.by_chance(0.1):
            shop.tell(GroupDeclared(shop.now))
        else:
            shop.tell(WayChosen(shop.now, shop.chance.choice((*Way, Way.VOUCHER, None))))

    def _follow(self, body: Body) -> None:
        """Come in behind the customer who said so, while the door is unlocked for a group."""
        shop = self.shop
        visits = [each for each in shop.loop.gate.inside if shop.holder[each.id] is shop.leader]
        energised = shop.unlocked_ms > shop.loop.now_ms
        if visits and energised and shop.door_is_free():
            shop.with_friend.add(visits[-1].id)
            shop.leader = None
            shop.move(body, "coming")
            shop.door(to=True)

    def _show_something(self, body: Body) -> None:
        shop = self.shop
        state = shop.loop.gate.entry
        chosen = isinstance(state, Offered) and state.decision.reason is Reason.SHOW_VOUCHER
        stranger = chosen and shop.at_kiosk is not body
        if stranger and shop.by_chance(0.7):
            return
        if not isinstance(state, Checking | Unlocked):
            shop.at_kiosk = body
        if shop.by_chance(0.08):
            shop.tell(IdRejected(shop.now, shop.chance.choice(FAULTS), shop.fresh_visit()))
        elif stranger:
            shop.tell(IdShown(shop.now, signed(body.name, body.nonce()), shop.fresh_visit()))
        else:
            shop.tell(IdShown(shop.now, self._claim(body), shop.fresh_visit()))

    def _claim(self, body: Body) -> Claim:
        chosen = self.shop.chance.random()
        if chosen < 0.08 and body.used:
            return self.shop.chance.choice(body.used)
        if chosen < 0.2 and body.vouchers:
            return voucher(self.shop.chance.choice(body.vouchers))
        if chosen < 0.3:
            return fob(body.name)
        body.used.append(signed(body.name, body.nonce()))
        return body.used[-1]

    def _coming(self, body: Body) -> None:
        self.shop.move(body, "inside")
        if self.shop.by_chance(0.9):
            self.shop.door(to=False)

    # --- shopping and leaving ----------------------------------------------------------------

    def _inside(self, body: Body) -> None:
        shop = self.shop
        chosen = shop.chance.random()
        if len(shop.shelf) < 3:
            self.made += 1
            shop.shelf.append(shop.chance.choice((snack, tea))(100 + self.made))
        if chosen < 0.4:
            body.carried.append(shop.shelf.pop(shop.chance.randrange(len(shop.shelf))))
        elif chosen < 0.5 and body.carried:
            shop.shelf.append(body.carried.pop())
        elif body.name in shop.left_behind and shop.by_chance(0.7):
            return  # they have not noticed yet that the others are gone
        elif shop.door_is_free() and isinstance(shop.loop.gate.leaving, Quiet | Exiting):
            shop.move(body, "exit")
            if shop.by_chance(0.6):
                self._leave_swiftly(body)

    def _leave_swiftly(self, body: Body) -> None:
        """Walk out as most people do: trigger, door, gone, the door falls shut."""
        shop = self.shop
        shop.pass_ms(shop.chance.choice((0, 300, 1000)))
        if shop.by_chance(0.7):
            shop.tell(ExitRequested(shop.now, "button"))
            shop.pass_ms(shop.chance.choice((0, 300, 1000)))
            if shop.by_chance(0.15) and self._may_turn():
                self._back(body)
                shop.move(body, "exit")
        if shop.room > 1 and shop.by_chance(0.6):
            self._say_who(body)
        # Right behind somebody of another visit, while there are several, would be two at a time.
        follows = shop.room == 1 or self._brought_the_friend(body)
        shop.door(to=True)
        shop.move(body, "going")
        shop.pass_ms(shop.chance.choice((600, 900, 1500, 2500)))
        self.meanwhile()
        self._going(body)
        if follows and shop.friend.where == "inside" and shop.by_chance(0.6):
            shop.door(to=True)
            shop.move(shop.friend, "going")
            shop.pass_ms(shop.chance.choice((600, 900)))
            self._going(shop.friend)

    def _brought_the_friend(self, body: Body) -> bool:
        leaving = leaving_id(self.shop.loop.gate)
        return leaving in self.shop.with_friend and self.shop.holder[leaving] is body

    def _say_who(self, body: Body) -> None:
        """Show at the exit what one came in with."""
        shop = self.shop
        for visit in shop.loop.gate.inside:
            if shop.holder[visit.id] is body:
                claim = visit.claim
                if claim.tier is Tier.SIGNED:
                    claim = signed(claim.customer, body.nonce())
                shop.tell(IdShown(shop.now, claim, shop.fresh_visit(), "exit"))
                return

    def _at_exit(self, body: Body) -> None:
        shop = self.shop
        chosen = shop.chance.random()
        if chosen < 0.35:
            shop.tell(ExitRequested(shop.now, shop.chance.choice(("button", "beam"))))
        elif chosen < 0.5 and body in shop.customers:
            shop.tell(IdShown(shop.now, self._claim(body), shop.fresh_visit(), "exit"))
        elif chosen < 0.62 and self._may_turn():
            self._back(body)
        else:
            shop.door(to=True)
            shop.move(body, "going")

    def _may_turn(self) -> bool:
        """Whether going back deceives nobody: not from an open door, nor once named for others."""
        leaving = self.shop.loop.gate.leaving
        named = isinstance(leaving, Exiting) and leaving.visit is not None
        others = self.shop.room > 1
        return isinstance(leaving, Quiet | Exiting) and not (named and others)

    def _back(self, body: Body) -> None:
        """Walk back and put things where they were: nothing of it may be charged."""
        shop = self.shop
        shop.move(body, "inside")
        shop.pass_ms(WALK_MS)
        while body.carried and shop.by_chance(0.7):
            shop.shelf.append(body.carried.pop())

    def _going(self, body: Body) -> None:
        if self.shop.loop.now_ms - body.since_ms < 500:
            return
        self.shop.move(body, "outside")
        if self.shop.by_chance(0.9):
            self.shop.door(to=False)
