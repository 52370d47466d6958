"""Days of a small shop, lived by chance, in which every promise of the gate must hold.

Each promise has machines that break it: the same days must catch them.
"""

from collections.abc import Callable
from typing import Final

import pytest

from kiosk.core.visit_sides import ENTRY, EXIT
from tests.core.loop import BrokenPromiseError, Recoverer, Stepper
from tests.core.play import mutants
from tests.core.play.day import live

RARE: Final = {
    "Checking, DoorOpened",  # a check is over in 1.5 s
    "Checking, RecordRefused",  # cannot be: a check spends no further nonce
    "Exiting, PaymentsFailed",  # a late answer to the question of an exit before
    "Reading, PaymentsFailed",
}
DOUBTS: Final = {
    ("exit.empty", ""),
    ("exit.paid", ""),
    ("exit.unpaid", ""),
    ("exit.unresolved", "exit-reader-lost"),
    ("exit.unresolved", "unstable-reads"),
    ("exit.unresolved", "reads-dropped"),
    ("exit.unresolved", "payments-unknown"),
    ("exit.unresolved", "somebody-else-inside"),
    ("exit.unresolved", "stayed"),
    ("exit.unresolved", "restart"),
}
DAYS: Final = 200  # days until a mutant must have been caught


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_p1_to_p10_hold_through_days_of_one_visit_at_a_time(first: int) -> None:
    for seed in range(first, first + 25):
        live(seed)


@pytest.mark.parametrize("max_inside", [2, 3])
def test_p1_to_p10_hold_through_days_of_several_visits(max_inside: int) -> None:
    for seed in range(25):
        live(seed, max_inside=max_inside)


@pytest.mark.slow
@pytest.mark.parametrize("max_inside", [1, 2, 3])
@pytest.mark.parametrize("first", range(1000, 2000, 250))
def test_p1_to_p10_hold_through_years(first: int, max_inside: int) -> None:
    for seed in range(first, first + 250):
        live(seed, max_inside=max_inside)


def test_the_days_see_every_outcome_and_every_doubt() -> None:
    missing = set(DOUBTS)
    for seed in range(300, 300 + DAYS):
        missing -= live(seed).causes
        if not missing:
            return
    pytest.fail(f"never seen: {missing}")


@pytest.mark.slow
def test_the_days_see_every_pair_of_both_tables() -> None:
    seen: set[tuple[type, type]] = set()
    for seed in (1433, *range(2000, 2600)):  # in 1433 staff open the door within a check
        seen |= live(seed, max_inside=1 + seed % 2).pairs
    missing = {*ENTRY.table, *EXIT.table} - seen
    assert {f"{state.__name__}, {kind.__name__}" for state, kind in missing} <= RARE


MUTANTS: list[tuple[Stepper, str, int, int]] = [
    (mutants.unlock_first, "P1", 1, 0),
    (mutants.unlock_on_failure, "P1", 1, 0),
    (mutants.keep_on_failure, "P3", 1, 0),
    (mutants.deaf_to_failure, "rest", 1, 0),
    (mutants.trust_a_lost_reader, "P4", 1, 95),
    (mutants.trust_unknown_payments, "P4", 1, 0),
    (mutants.pin_on_the_last, "pinned", 2, 59),
    (mutants.forget_guests, "pinned", 1, 0),
    (mutants.forget_the_crowd, "pinned", 1, 138),
    (mutants.let_anybody_be_the_guest, "pinned", 1, 470),
    (mutants.forget_what_was_paid_unclear, "sold", 1, 128),
    (mutants.count_what_was_put_back, "put back", 1, 121),
    (mutants.ignore_absence, "pinned", 1, 0),
    (mutants.merge_equal_items, "P10", 1, 0),
    (mutants.hold_until_paid, "P2", 1, 0),
    (mutants.lock_whoever_leaves_in, "P2", 1, 0),
    (mutants.forget_the_sold, "once", 1, 59),
    (mutants.forget_the_sold, "sold", 1, 0),
    (mutants.let_in_everybody, "room", 1, 0),
    (mutants.burn_vouchers, "P4", 1, 0),
    (mutants.voucher_for_the_last, "pinned", 1, 0),
    (mutants.refuse_the_unknown, "P4", 1, 0),
    (mutants.offer_nothing, "P4", 1, 0),
    (mutants.relock_by_any_timer, "relock", 1, 0),
    (mutants.forget_to_relock, "session", 1, 0),
    (mutants.name_the_customer, "P7", 1, 0),
    (mutants.bill_the_unresolved, "P4", 1, 0),
    (mutants.hurry, "P9", 1, 0),
    (mutants.say_goodbye_for_good, "P9", 1, 0),
    (mutants.skip_the_reading, "table", 1, 0),
]
"""A broken machine, the promise it breaks, how many may be inside, and a day to try first."""


def breaks(name: str, day: Callable[[int], object], first: int = 0) -> bool:
    """Say whether some day of many shows that this very promise is broken."""
    for seed in (first, *range(DAYS)):
        try:
            day(seed)
        except BrokenPromiseError as broken:
            if str(broken).startswith(f"{name}: "):
                return True
    return False


@pytest.mark.no_cover  # what a mutant walks through proves nothing of the machine
@pytest.mark.timeout(600)  # the rarest faults take some hundred days to show
@pytest.mark.parametrize(
    ("mutant", "name", "max_inside", "first"),
    MUTANTS,
    ids=[f"{each[0].__name__}-{each[1]}" for each in MUTANTS],
)
def test_a_machine_that_breaks_a_promise_is_caught(
    mutant: Stepper, name: str, max_inside: int, first: int
) -> None:
    assert breaks(name, lambda seed: live(seed, max_inside=max_inside, step=mutant), first)


@pytest.mark.no_cover
@pytest.mark.parametrize("mutant", [mutants.recover_nothing, mutants.recover_as_not_entered])
def test_p3_a_start_that_loses_a_visit_or_ends_it_twice_is_caught(mutant: Recoverer) -> None:
    assert breaks("P3", lambda seed: live(seed, recover_by=mutant))


@pytest.mark.no_cover
def test_p4_a_start_that_forgets_the_guests_is_caught() -> None:
    assert breaks("restart", lambda seed: live(seed, recover_by=mutants.recover_no_guests))
