"""Steps on a real kiosk with simulated devices: each ends when its effect is seen, or says so."""

from dataclasses import dataclass, field

import pytest

from kiosk.clock import Clock
from kiosk.stage.narrator import Departure, Line
from kiosk.stage.player import SEEN_S, Player
from kiosk.stage.plot import Step
from kiosk.stage.result import collect
from kiosk.stage.theatre import NIGHT_S, Theatre
from kiosk.stage.witness import Seen
from tests.stage.scripts import FOREIGN, MIX, WATER, script


@dataclass
class Listener:
    """An audience that remembers everything."""

    told: list[str] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)

    def begins(self, sentence: str) -> None:
        """Remember the sentence."""
        self.told.append(sentence)

    def ends(self, came_to: str) -> None:
        """Remember what it came to."""
        self.told[-1] += f" -> {came_to}" if came_to else ""

    def left(self, departure: Departure) -> None:
        """Remember who left."""
        self.departures.append(departure)


@dataclass
class Played:
    """What a few steps came to, with the tries of this time only."""

    told: list[str]
    misses: list[str]
    departures: list[Departure]
    tries: dict[str, list[Seen]]


def water(number: int) -> str:
    """Return a bottle of its own: what left a shop once is not the shop's again."""
    return f"{WATER[:-4]}{number:04X}"


@pytest.fixture(autouse=True)
def _nobody_is_left_inside(theatre: Theatre) -> None:
    """Let two nights pass: whoever an earlier test left inside is gone by then."""
    for _ in range(2):
        theatre.move_clock(NIGHT_S)


def play(theatre: Theatre, *steps: Step, seen_s: float = SEEN_S) -> Played:
    """Play a few steps in the shared theatre."""
    listener = Listener()
    player = Player(script(*steps), theatre, listener, seen_s)
    player.play()
    day = theatre.witness.look()
    tries: dict[str, list[Seen]] = {}
    for visit, name in player.visits.items():
        tries.setdefault(name, []).append(day.tries[visit])
    return Played(listener.told, player.misses, listener.departures, tries)


def test_a_visit_from_the_code_to_the_exit(theatre: Theatre) -> None:
    played = play(
        theatre,
        Step("show_qr", "ada"),
        Step("door", "ada", state="open"),
        Step("door", "ada", state="closed"),
        Step("take", "ada", epcs=(MIX, water(3))),
        Step("put_back", "ada", epcs=(water(3),)),
        Step("pay", "ada", epcs=(MIX,)),
        Step("exit", "ada"),
    )
    assert played.misses == []
    assert played.told[0] == "ada shows an ID QR -> let in, by score"
    assert played.told[-1] == "ada leaves -> all is paid"
    mix = Line("Trail mix", "5.99 EUR", "paid")
    assert played.departures == [Departure("ada", "all is paid", (mix,), "5.99 EUR")]
    (seen,) = played.tries["ada"]
    assert (seen.outcome, [line["epc"] for line in seen.lines]) == ("paid", [MIX])


def test_what_is_carried_out_again_is_told_to_have_left_before(theatre: Theatre) -> None:
    visit = (Step("show_qr", "ada"), Step("take", "ada", epcs=(water(7),)), Step("exit", "ada"))
    played = play(theatre, *visit, *visit)
    assert played.misses == []
    assert [each.came_to for each in played.departures] == [
        "owes 1.20 EUR",
        "nothing to pay: Water left the shop before",
    ]


def test_a_group_comes_in_and_leaves_on_one_visit(theatre: Theatre) -> None:
    played = play(
        theatre,
        Step("show_qr", "dora"),
        Step("choose", "dora", way="group"),
        Step("door", state="open"),
        Step("door", state="closed"),
        Step("door", state="open"),
        Step("door", state="closed"),
        Step("exit", "dora"),
    )
    assert played.misses == []
    assert played.told[1] == "dora says that others come in too"
    assert [(seen.way, seen.outcome) for seen in played.tries["dora"]] == [("score", "empty")]


def test_who_is_not_let_in_is_told_so_and_chooses_another_way(theatre: Theatre) -> None:
    played = play(
        theatre,
        Step("forge_qr", "ben"),
        Step("show_text", text="no token"),
        Step("show_qr", "ben", inverted=True),
        Step("choose", "ben", way="voucher"),
        Step("wait", for_s=30),
        Step("replay_qr", "ben"),
        Step("show_qr", "cleo", age_s=600),
        Step("choose", "cleo", way="leave"),
        Step("show_qr", "cleo"),
        Step("choose", "cleo", way="vouched"),
        Step("wait", for_s=30),
    )
    assert played.misses == []
    answers = [(seen.decision, seen.reason, seen.way) for seen in played.tries["ben"]]
    assert answers == [
        ("refused", "forged", None),
        ("offered", "below-threshold", "voucher"),
        ("refused", "replayed", None),
    ]
    answers = [(seen.decision, seen.reason, seen.way) for seen in played.tries["cleo"]]
    assert answers == [("offered", "expired", None), ("offered", "unknown", "vouched")]
    assert played.told[3] == "ben shows a voucher -> let in, by voucher"


def test_a_fob_is_a_claim_and_offers_other_ways(theatre: Theatre) -> None:
    played = play(
        theatre, Step("show_fob", "ada", fob="0102030405"), Step("choose", "ada", way="leave")
    )
    assert played.misses == []
    assert played.tries["ada"][0].decision == "offered"


def test_what_stands_on_the_shelf_is_nobody_s_and_what_leaves_alone_is_a_loss(
    theatre: Theatre,
) -> None:
    played = play(theatre, Step("shelf", epcs=(water(1),)), Step("exit", epcs=(water(2),)))
    theatre.tell("exit-reader", "leave", epcs=[water(1)])
    assert played.misses == []
    assert [departure.who for departure in played.departures] == ["nobody known"]
    assert water(2) in theatre.witness.look().anonymous
    assert water(1) not in theatre.witness.look().anonymous


def test_what_is_not_the_shop_s_goes_out_alone_and_is_no_loss(theatre: Theatre) -> None:
    played = play(theatre, Step("exit", epcs=(FOREIGN,)))
    assert played.misses == []
    assert played.departures == []
    assert FOREIGN not in theatre.witness.look().anonymous


def test_what_the_script_took_away_is_not_missed(theatre: Theatre) -> None:
    played = play(
        theatre,
        Step("lose", device="camera"),
        Step("show_qr", "ada"),
        Step("choose", "ada", way="leave"),
        Step("restore", device="camera"),
        Step("show_qr", "ada"),
        Step("lose", device="hub"),
        Step("pay", "ada", amount_minor=5),
        Step("exit", "ada", after_s=2),
        Step("restore", device="hub"),
        Step("pay", "ada", amount_minor=0, line=9),
        seen_s=2.0,
    )
    assert played.told[1].endswith(" -> nothing happens: no camera")
    assert played.told[6].endswith(" -> nothing happens: no hub")
    assert len(played.tries["ada"]) == 1
    (miss,) = played.misses
    assert miss.startswith("day.toml:9: step.pay: ")


def test_who_was_let_in_and_stayed_outside_is_not_inside(theatre: Theatre) -> None:
    played = play(theatre, Step("show_qr", "ada"), Step("wait", for_s=30), Step("exit", "ada"))
    assert played.misses == []
    assert played.told[-1] == "ada leaves -> was not inside"
    assert played.departures == []
    assert played.tries["ada"][0].outcome is None


def test_waiting_moves_the_clock_and_short_pauses_do_not(theatre: Theatre) -> None:
    clock = Clock(theatre.directory / "clock")
    try:
        before = clock.offset_ms()
        played = play(
            theatre,
            Step("wait", for_s=0.5),
            Step("wait", for_s=86_400, after_s=0.01),
            Step("wait", after_s=2.0),
        )
        assert played.misses == []
        assert clock.offset_ms() - before == 500 + 86_400_000 + 2000
    finally:
        clock.close()


def test_steps_that_cannot_have_an_effect_end_and_are_told_and_the_day_goes_on(
    theatre: Theatre,
) -> None:
    theatre.lose("camera")
    played = play(
        theatre,
        Step("show_qr", "ada", line=3),
        Step("choose", "ada", way="leave", line=4),
        Step("pay", "ada", amount_minor=5, line=5),
        Step("put_back", "ada", epcs=(MIX,), line=6),
        Step("show_text", text="", line=7),
        seen_s=1.0,
    )
    theatre.restore("camera")
    assert played.misses == [
        "day.toml:3: step.show_qr: its effect was not seen in time",
        "day.toml:4: step.choose: ada was not seen, so there is nothing to choose",
        "day.toml:5: step.pay: ada was not seen, so there is nothing to pay",
        f"day.toml:6: step.put_back: ada does not carry {MIX}",
        played.misses[4],
    ]
    assert played.misses[4].startswith("day.toml:7: step.show_text: camera: ")


def test_without_the_hub_a_visit_goes_on_and_is_caught_up(theatre: Theatre) -> None:
    played = play(
        theatre,
        Step("lose", device="hub"),
        Step("lose", device="hub"),
        Step("show_qr", "ada"),
        Step("pay", "ada", amount_minor=5, line=5),
        Step("exit", "ada", after_s=2),
        Step("restore", device="hub"),
        Step("restore", device="hub"),
    )
    assert played.misses == []
    assert played.tries["ada"][0].outcome == "empty"
    status = theatre.status()
    assert status["upload"]["acked"] == status["ledger"]["size"]


def test_a_provider_that_is_down_is_no_refusal(theatre: Theatre) -> None:
    # Dora comes here only: whoever was answered before is let in on the cached answer.
    played = play(
        theatre,
        Step("lose", device="provider"),
        Step("show_qr", "dora"),
        Step("choose", "dora", way="leave"),
        Step("restore", device="provider"),
        Step("show_qr", "dora"),
        Step("wait", for_s=30),
    )
    assert played.misses == []
    assert [(seen.decision, seen.reason) for seen in played.tries["dora"]] == [
        ("offered", "provider-down"),
        ("granted", "met"),
    ]


def test_an_unpaid_exit_stays_unpaid_and_may_be_settled_later(theatre: Theatre) -> None:
    steps = (Step("show_qr", "ada"), Step("take", "ada", epcs=(water(8),)), Step("exit", "ada"))
    player = Player(script(*steps), theatre, Listener())
    player.play()
    (visit,) = player.visits

    def found() -> tuple[str, int, list[bool]]:
        """What the play would say of this visit now."""
        result = collect(theatre, player.visits)
        assert result["ledger"]["verified"] is True
        assert result["hub"]["root"] == result["ledger"]["root"]
        (each,) = [each for each in result["visits"] if each["id"] == visit]
        paid = [line["paid"] for line in each["lines"]]
        return each["outcome"], each["unpaid_minor"], paid

    assert found() == ("unpaid", 120, [False])
    assert theatre.move_clock(3600)
    theatre.services.pay(visit, (), 120, "EUR")
    assert found() == ("unpaid", 0, [True])
