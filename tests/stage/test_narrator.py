"""Steps, answers and exits in plain words."""

from typing import Any

import pytest

from kiosk.core.reasons import Reason
from kiosk.stage.narrator import SENTENCES, Departure, Line, Narrator, duration
from kiosk.stage.plot import Step
from kiosk.stage.script import DEVICES, STATES, STEPS, WAYS
from kiosk.stage.witness import Seen
from tests.stage.scripts import FOREIGN, MIX, SECOND_MIX, WATER, script

TOLD = Narrator(script())
OLD_MIX = "nothing to pay: Trail mix left the shop before"


def every_step() -> list[Step]:
    """Return a step of each kind that a script can hold."""
    steps = []
    for do, keys in STEPS.items():
        ways = WAYS if "way" in keys.own else ("",)
        states = STATES if "state" in keys.own else ("",)
        devices = DEVICES if "device" in keys.own else ("",)
        steps += [
            Step(do, "ada", way=way, state=state, device=device, epcs=epcs)
            for way in ways
            for state in states
            for device in devices
            for epcs in ((MIX,), ())
        ]
    return [*steps, Step("exit", epcs=(MIX,)), Step("exit")]


@pytest.mark.parametrize("step", every_step(), ids=lambda step: f"{step.do} {len(step.epcs)}")
def test_every_step_is_a_sentence_without_a_word_of_the_format(step: Step) -> None:
    sentence = TOLD.said(step)
    assert " " in sentence
    assert "_" not in sentence
    assert "{" not in sentence
    assert MIX not in sentence


def test_no_sentence_is_left_over() -> None:
    kinds = {
        " ".join(part for part in (step.do, step.way or step.state or step.device) if part)
        for step in every_step()
    }
    assert kinds | {"exit nobody"} == set(SENTENCES)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Step("show_qr", "ada"), "ada shows an ID QR"),
        (Step("show_qr", "ada", age_s=600), "ada shows an ID QR, 10 min old"),
        (Step("show_qr", "ada", inverted=True), "ada shows an ID QR, white on black"),
        (Step("take", "ada", epcs=(MIX,)), "ada takes Trail mix"),
        (Step("take", "ada", epcs=(MIX, WATER)), "ada takes Trail mix and Water"),
        (Step("shelf", epcs=(MIX, SECOND_MIX)), "On the shelf beside the exit: 2 x Trail mix"),
        (
            Step("take", "ada", epcs=(MIX, WATER, FOREIGN)),
            "ada takes Trail mix, Water and something else",
        ),
        (Step("take", "ada", epcs=(MIX, WATER, FOREIGN, SECOND_MIX)), "ada takes 4 things"),
        (Step("pay", "ada", epcs=(MIX,)), "ada pays for Trail mix"),
        (Step("pay", "ada", amount_minor=599), "ada pays 5.99 EUR"),
        (Step("pay", "ada", amount_minor=599, after_s=7200), "2 h later: ada pays 5.99 EUR"),
        (Step("pay", "ada", amount_minor=599, after_s=0.5), "ada pays 5.99 EUR"),
        (Step("wait", for_s=30), "30 s pass"),
        (Step("exit", epcs=(WATER,)), "Nobody known is inside, and out goes Water"),
        (Step("exit"), "Nobody known is inside, and out goes no things"),
        (Step("lose", device="reader"), "Exit reader unplugged"),
    ],
)
def test_a_step_says_who_does_what(step: Step, sentence: str) -> None:
    assert TOLD.said(step) == sentence


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Seen("v", granted=True, way="score"), "let in, by score"),
        (Seen("v", granted=True, way="vouched"), "let in, on the word of staff"),
        (Seen("v", granted=True, way="new"), "let in"),
        (Seen("v", "refused", "forged"), "refused: This code is not genuine"),
        (Seen("v", "offered", "busy"), "offered another way in: Somebody is inside"),
        (Seen("v", "offered", "odd"), "offered another way in: odd"),
    ],
)
def test_an_answer_is_said_in_the_words_that_the_customer_reads(seen: Seen, words: str) -> None:
    assert TOLD.answered(seen) == words


def test_every_reason_has_its_words() -> None:
    for reason in Reason:
        assert TOLD.answered(Seen("v", "offered", reason.value)) != (
            f"offered another way in: {reason.value}"
        )


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "was not inside"),
        ("paid", "all is paid"),
        ("empty", "nothing to pay"),
        ("unpaid", "owes 5.99 EUR"),
        ("unresolved", "unresolved, and nobody is accused"),
        ("new", "new"),
    ],
)
def test_an_outcome_is_said_plainly(outcome: str | None, words: str) -> None:
    assert TOLD.came_to(Seen("v", outcome=outcome, unpaid_minor=599)) == words


def test_an_exit_lists_what_went_along() -> None:
    lines: list[dict[str, Any]] = [
        {"name": "Trail mix", "price_minor": 599, "paid": True},
        {"name": "Water", "price_minor": 120, "paid": False},
    ]
    seen = Seen("v", outcome="unpaid", unpaid_minor=120, lines=lines)
    assert TOLD.departure("ada", seen) == Departure(
        "ada",
        "owes 1.20 EUR",
        (Line("Trail mix", "5.99 EUR", "paid"), Line("Water", "1.20 EUR", "not paid")),
        "7.19 EUR",
    )
    assert TOLD.departure("ben", Seen("v", outcome="empty")) == Departure("ben", "nothing to pay")
    assert TOLD.loss([WATER]) == Departure(
        "nobody known", "recorded, and pinned on nobody", (Line("Water"),)
    )


@pytest.mark.parametrize(
    ("carried", "left", "said"),
    [
        ((MIX,), {MIX}, OLD_MIX),
        ((FOREIGN,), set(), "nothing to pay: something else never was the shop's"),
        (
            (FOREIGN, MIX),
            {MIX},
            f"{OLD_MIX}, and something else never was the shop's",
        ),
        ((MIX,), set(), "nothing to pay"),
        ((), {MIX}, "nothing to pay"),
    ],
)
def test_who_carries_something_out_and_owes_nothing_is_told_why(
    carried: tuple[str, ...], left: set[str], said: str
) -> None:
    seen = Seen("v", outcome="empty")
    assert TOLD.departure("ada", seen, carried, left).came_to == said


def test_what_is_paid_or_owed_says_nothing_of_the_rest() -> None:
    seen = Seen("v", outcome="paid")
    assert TOLD.departure("ada", seen, (MIX, FOREIGN), {MIX}).came_to == "all is paid"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "0.5 s"),
        (30, "30 s"),
        (60, "1 min"),
        (90, "90 s"),
        (600, "10 min"),
        (3600, "1 h"),
        (7200, "2 h"),
        (86_400, "1 day"),
        (172_800, "2 days"),
    ],
)
def test_a_time_is_said_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert duration(seconds) == words
