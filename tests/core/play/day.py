"""One day at the shop, lived by chance, under the eyes of a witness."""

from kiosk.core import visit
from kiosk.core.visit_recovery import recover
from tests.core.gate_cases import rules
from tests.core.loop import BrokenPromiseError, Loop, Recoverer, Stepper
from tests.core.play.customers import Customers
from tests.core.play.services import Services
from tests.core.play.shop import Shop
from tests.core.play.trouble import Trouble
from tests.core.play.witness import Witness

MOVES = 200
STAY_S = 3600


def live(
    seed: int,
    *,
    max_inside: int = 1,
    step: Stepper = visit.step,
    recover_by: Recoverer = recover,
) -> Witness:
    """Live one day and return who watched it.

    Args:
        step: The machine; a mutant in its place shows that the witness can find fault.

    Raises:
        BrokenPromiseError: A promise was broken; the text begins with its name.
    """
    the_rules = rules(max_inside=max_inside, timing={"stay_s": STAY_S})
    loop = Loop(the_rules, step=step, recover_by=recover_by)
    shop = Shop(loop, seed)
    witness = Witness(shop)
    loop.hands, loop.watch = shop, witness
    try:
        _pass(shop)
        witness.ended()
    except BrokenPromiseError as broken:
        tale = "\n".join(shop.history[-40:])
        raise BrokenPromiseError(f"{broken}\nseed {seed}, {max_inside} inside:\n{tale}") from broken
    return witness


def _pass(shop: Shop) -> None:
    """Let many small things happen; then let everybody be until time comes to rest."""
    services = Services(shop)
    trouble = Trouble(shop, shop.chance.choice((0.0, 0.01, 0.03, 0.07, 0.1)))
    customers = Customers(shop, trouble.perhaps)
    for _ in range(MOVES):
        shop.pass_ms(shop.chance.choice((0, 50, 200, 400, 700, 1500)))
        chosen = shop.chance.random()
        if services.asked and chosen < 0.75:
            services.move()
        elif chosen < 0.8:
            customers.move()
        elif chosen < 0.9:
            services.move()
        elif chosen < 0.9 + trouble.share:
            trouble.move()
        else:
            trouble.wait()
    shop.loop.disk.failures = 0
    shop.pass_ms(60_000)
    shop.loop.rest()
