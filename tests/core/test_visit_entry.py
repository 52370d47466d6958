"""The entry side: who is let in, under which name, and what the lock does meanwhile."""

import pytest

from kiosk.core.commands import AskProvider, Record, Show
from kiosk.core.identity import TokenFault
from kiosk.core.inputs import (
    DeviceFound,
    DeviceLost,
    DoorOpened,
    IdShown,
    RecordFailed,
    RecordRefused,
    TimeUp,
    WayChosen,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Claim, Json, Tier, Verdict, VisitId, Way
from kiosk.core.visit import step
from kiosk.core.visit_state import Checking, Gate, Idle, Offered, Refused, Unlocked
from tests.core.gate_cases import (
    answered,
    at,
    fob,
    rejected,
    rules,
    shown,
    signed,
    voucher,
)
from tests.core.loop import Loop, locks, shows
from tests.core.visits import ask, come_in, grant


def loop_of(max_inside: int = 1) -> Loop:
    return Loop(rules(max_inside=max_inside))


def reason_shown(loop: Loop) -> Reason:
    state = loop.gate.entry
    assert isinstance(state, Offered | Refused), state
    return state.decision.reason


def offer_to(loop: Loop, name: str, visit: str) -> None:
    loop.give(answered(loop.now_ms, ask(loop, name, visit), Verdict.NO))


def test_p4_a_voucher_shown_to_a_busy_shop_is_not_spent() -> None:
    loop = loop_of()
    come_in(loop, "ada", "v1")
    loop.give(shown(loop.now_ms, voucher(1), "v2"))
    assert isinstance(loop.gate.entry, Offered)
    assert voucher(1).spend is not None
    assert ("bb" * 8, f"{1:016x}") not in loop.disk.spent


def test_p4_a_voucher_shown_while_the_door_is_anothers_is_not_spent() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    assert shows(loop.give(shown(loop.now_ms, voucher(1), "v2"))) == ["busy"]
    assert ("bb" * 8, f"{1:016x}") not in loop.disk.spent


def test_a_voucher_opens_once() -> None:
    loop = loop_of()
    loop.give(shown(loop.now_ms, voucher(1), "v1"))
    assert isinstance(loop.gate.entry, Unlocked)
    loop.rest()
    loop.give(shown(loop.now_ms, voucher(1), "v2"))
    assert reason_shown(loop) is Reason.REPLAYED


def test_a_voucher_lets_in_whoever_chose_it() -> None:
    loop = loop_of()
    offer_to(loop, "ada", "v1")
    loop.give(WayChosen(at(loop.now_ms), Way.VOUCHER))
    loop.give(shown(loop.now_ms, voucher(1), "v2"))
    assert loop.disk.opened[VisitId("v1")].customer == "ada"


def test_a_strangers_voucher_lets_nobody_in_under_the_last_customers_name() -> None:
    loop = loop_of()
    offer_to(loop, "ada", "v1")
    loop.give(shown(loop.now_ms, voucher(1), "v2"))
    assert loop.disk.opened[VisitId("v2")].customer == voucher(1).customer
    assert VisitId("v1") not in loop.disk.opened


def test_a_voucher_that_was_chosen_while_another_came_in_is_told_to_wait() -> None:
    loop = loop_of()
    offer_to(loop, "ada", "v1")
    loop.give(WayChosen(at(loop.now_ms), Way.VOUCHER))
    state = loop.gate.entry
    come_in(other := loop_of(), "ben", "v9")
    loop.gate = Gate(entry=state, inside=other.gate.inside)
    assert shows(loop.give(shown(loop.now_ms, voucher(1), "v2"))) == ["busy"]
    assert ("bb" * 8, f"{1:016x}") not in loop.disk.spent


def test_the_customer_who_was_offered_is_not_asked_about_again_by_the_next_code() -> None:
    loop = loop_of()
    offer_to(loop, "ada", "v1")
    assert loop.give(shown(loop.now_ms, signed("ada", "n2"), "v2")) == []
    assert [type(each) for each in loop.give(shown(loop.now_ms, signed("ben", "n3"), "v3"))]
    assert isinstance(loop.gate.entry, Checking)


def test_an_offer_whose_remedy_is_to_show_again_begins_anew() -> None:
    loop = loop_of()
    loop.give(answered(loop.now_ms, ask(loop, "ada", "v1"), None))
    assert isinstance(loop.gate.entry, Offered)
    ask(loop, "ada", "v2")


def test_each_request_has_an_id_of_its_own() -> None:
    loop = loop_of()
    offer_to(loop, "ada", "v1")
    requests = []
    for _ in range(2):
        done = loop.give(WayChosen(at(loop.now_ms), Way.VOUCHED))
        requests += [each.request_id for each in done if isinstance(each, AskProvider)]
        loop.give(answered(loop.now_ms, requests[-1], Verdict.NO, provider="vouch"))
    assert requests == ["v1.1", "v1.2"]
    assert loop.give(answered(loop.now_ms, "v1.1", Verdict.YES, provider="vouch")) == []


def test_a_late_answer_to_an_earlier_question_is_dropped_while_another_is_open() -> None:
    loop = loop_of()
    ask(loop, "ada", "v1")
    assert loop.give(answered(loop.now_ms, "v0.0", Verdict.YES)) == []
    assert isinstance(loop.gate.entry, Checking)


def test_a_way_that_is_not_on_the_screen_cannot_be_chosen() -> None:
    loop = loop_of()
    offer_to(loop, "ada", "v1")
    assert loop.give(WayChosen(at(loop.now_ms), Way.SCORE)) == []


def test_a_key_asks_staffs_list_and_never_for_a_score() -> None:
    loop = loop_of()
    done = loop.give(shown(loop.now_ms, fob("ada"), "v1"))
    assert [each.provider for each in done if isinstance(each, AskProvider)] == ["vouch"]
    shop = Loop(rules(ways=["score", "voucher"]))
    assert shows(shop.give(shown(shop.now_ms, fob("ada"), "v1"))) == ["claim-only"]


@pytest.mark.parametrize("role", ["exit-reader", "door"])
def test_p4_nobody_is_asked_about_while_nobody_could_see_what_leaves(role: str) -> None:
    loop = loop_of()
    loop.give(DeviceLost(at(loop.now_ms), "it", role, "unplugged"))
    done = loop.give(shown(loop.now_ms, signed("ada", "n1"), "v1"))
    assert not [each for each in done if isinstance(each, AskProvider)]
    assert isinstance(loop.gate.entry, Offered)
    assert loop.gate.entry.decision.ways == (Way.VOUCHED,)
    assert shows(loop.give(shown(loop.now_ms, voucher(1), "v2"))) == ["reader-down"]


def test_p4_a_shop_whose_staff_do_not_vouch_does_not_offer_it_either() -> None:
    loop = Loop(rules(ways=["score", "voucher"]))
    loop.give(DeviceLost(at(loop.now_ms), "it", "exit-reader", "unplugged"))
    loop.give(shown(loop.now_ms, signed("ada", "n1"), "v1"))
    assert isinstance(loop.gate.entry, Offered)
    assert loop.gate.entry.decision.ways == ()


def test_one_of_two_readers_that_comes_back_does_not_speak_for_the_other() -> None:
    loop = loop_of()
    for name in ("left", "right"):
        loop.give(DeviceLost(at(loop.now_ms), name, "exit-reader", "unplugged"))
    loop.give(DeviceFound(at(loop.now_ms), "right", "exit-reader"))
    assert loop.gate.lost == {"exit-reader"}
    loop.give(DeviceFound(at(loop.now_ms), "left", "exit-reader"))
    assert loop.gate.lost == frozenset()
    assert loop.give(DeviceFound(at(loop.now_ms), "new", "exit-reader")) == []


def test_the_reader_that_goes_away_during_the_check_lets_nobody_in() -> None:
    loop = loop_of()
    request = ask(loop, "ada", "v1")
    loop.give(DeviceLost(at(loop.now_ms), "it", "exit-reader", "unplugged"))
    loop.give(answered(loop.now_ms, request, Verdict.YES))
    assert loop.disk.opened == {}


def test_the_wait_of_a_busy_shop_is_told() -> None:
    loop = loop_of()
    come_in(loop, "ada", "v1")
    done = loop.give(shown(loop.now_ms, signed("ben", "n1"), "v2"))
    assert [each.wait_s for each in done if isinstance(each, Show)] == [5]


def test_p9_a_flood_of_forgeries_is_answered_but_not_written() -> None:
    loop = loop_of()
    for number in range(30):
        loop.give(rejected(loop.now_ms + number, TokenFault.BAD_SIGNATURE, f"v{number}"))
    state = loop.gate.entry
    assert isinstance(state, Refused)
    assert state.decision.reason is Reason.RATE_LIMITED
    assert loop.disk.types().count("scan.rejected") == 6
    assert len(loop.quiet.done) >= 30


def test_p4_a_flood_of_old_codes_stays_an_offer() -> None:
    loop = loop_of()
    for number in range(30):
        loop.give(rejected(loop.now_ms + number, TokenFault.EXPIRED, f"v{number}"))
    assert isinstance(loop.gate.entry, Offered)
    assert loop.disk.types().count("scan.rejected") == 6
    loop.until(loop.now_ms + 61_000)
    loop.give(rejected(loop.now_ms, TokenFault.EXPIRED, "v99"))
    assert loop.disk.types().count("scan.rejected") == 7


def test_a_flood_of_used_codes_is_answered_but_not_written() -> None:
    loop = loop_of()
    loop.disk.spent["aa" * 8, "n1"] = ()
    for number in range(30):
        code = shown(loop.now_ms + number, signed("ada", "n1"), f"v{number}")
        assert shows(loop.give(code)) == ["replayed"]
    assert loop.disk.types().count("scan.rejected") == 6


def test_a_flood_is_forgotten_after_a_minute_whatever_is_shown_next() -> None:
    loop = loop_of()
    for number in range(30):
        loop.give(rejected(loop.now_ms + number, TokenFault.BAD_SIGNATURE, f"v{number}"))
    loop.until(loop.now_ms + 61_000)
    loop.give(rejected(loop.now_ms, TokenFault.CLOCK_UNKNOWN, "v99"))
    assert loop.disk.of("v99")


def test_the_limits_of_the_tier_are_read_before_going_in() -> None:
    limits: Json = [{"id": "standard", "max_items": 5, "max_value_minor": 2000}]
    for tiers, lines in ((limits, ("At most 5 items", "At most 20.00 EUR")), ([], ())):
        loop = Loop(rules(tiers=tiers or [{"id": "standard"}]))
        grant(loop, "ada", "v1")
        told = [each.lines for each in loop.quiet.done if isinstance(each, Show)]
        assert told[-1] == lines


def test_p4_faults_of_our_own_clock_count_against_nobody() -> None:
    loop = loop_of()
    for number in range(30):
        loop.give(rejected(loop.now_ms + number, TokenFault.CLOCK_UNKNOWN, f"v{number}"))
    assert loop.gate.bad_ms == ()


def test_p1_no_room_left_when_the_answer_comes_lets_nobody_in() -> None:
    loop = loop_of(max_inside=2)
    come_in(loop, "ada", "v1")
    request = ask(loop, "ben", "v2")
    loop.rules = rules(max_inside=1)
    assert shows(loop.give(answered(loop.now_ms, request, Verdict.YES))) == ["busy"]


def test_a_refusal_of_something_that_is_no_code_changes_nothing() -> None:
    gate, commands = step(rules(), Gate(), RecordRefused(at(1), DoorOpened(at(1))))
    assert isinstance(gate.entry, Idle)
    assert shows(commands) == ["exit-free"]


def test_p1_an_answer_that_cannot_be_written_opens_nothing() -> None:
    loop = loop_of()
    request = ask(loop, "ada", "v1")
    loop.disk.failures = 1
    done = loop.give(answered(loop.now_ms, request, Verdict.YES))
    assert shows(done) == ["not-recorded"]
    assert locks(done) == []


def test_p4_a_spent_code_is_refused_even_when_that_cannot_be_written() -> None:
    loop = loop_of()
    code: Claim = signed("ada", "n1")
    loop.disk.spent["aa" * 8, "n1"] = ()
    loop.disk.failures = 0
    assert shows(loop.give(shown(loop.now_ms, code, "v1"))) == ["replayed"]
    failed = RecordFailed(at(loop.now_ms), shown(loop.now_ms, code, "v2"))
    gate, commands = step(loop.rules, Gate(), failed)
    assert isinstance(gate.entry, Refused)
    assert not [each for each in commands if isinstance(each, Record)]


def test_the_exit_code_of_a_customer_asks_nothing_of_the_entry() -> None:
    loop = loop_of()
    done = loop.give(IdShown(at(loop.now_ms), signed("ada", "n1"), VisitId("v1"), "exit"))
    assert shows(done) == ["exit-free"]
    assert isinstance(loop.gate.entry, Idle)
    assert Tier.SIGNED is signed("ada", "n1").tier


@pytest.mark.parametrize("verdict", [Verdict.YES, Verdict.NO])
def test_time_that_is_not_up_changes_nothing(verdict: Verdict) -> None:
    loop = loop_of()
    request = ask(loop, "ada", "v1")
    early = TimeUp(at(loop.now_ms))
    assert step(loop.rules, loop.gate, early) == (loop.gate, ())
    loop.give(answered(loop.now_ms, request, verdict))
    assert isinstance(loop.gate.entry, Offered | Unlocked)
    assert step(loop.rules, loop.gate, early) == (loop.gate, ())
