"""What the control socket can be asked; nothing about a customer is ever in an answer."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from drivers.base import Health
from kiosk.core.inputs import DoorClosed, DoorOpened
from kiosk.core.policy import Timing
from kiosk.core.values import Json
from kiosk.core.visit_state import Unlocked
from kiosk.daemon.messages import Asked
from kiosk.daemon.questions import Desk, read_order
from kiosk.daemon.scrubber import Scrubber
from kiosk.daemon.uploader import Uploader
from kiosk.remote.hub import HubClient
from tests.daemon.gatehouse import ORIGIN, TRAIL_MIX, Gatehouse
from tests.daemon.visit_story import Story

ORDER: Mapping[str, Json] = {"visit": "v", "key": "k", "amount_minor": 599, "method": "card"}


@pytest.fixture
def desk(gate: Gatehouse) -> Desk:
    uploader = Uploader(
        path=gate.path,
        origin=ORIGIN,
        hub=HubClient("http://127.0.0.1:9"),
        rhythm=gate.rhythm,
        linger_s=1,
    )

    def health() -> Mapping[str, Health]:
        return {"lock": gate.lock.health()}

    scrubber = Scrubber(gate.path, gate.ledger.key, gate.rhythm)
    return Desk(
        name="door",
        lock=gate.lock,
        health=health,
        peers=gate.peers,
        uploader=uploader,
        is_hub_away=lambda: False,
        scrubber=scrubber,
        inbox=gate.inbox,
        clock=gate.clock,
    )


def _unheard(_late: Mapping[str, Json]) -> None:
    """Hear no answer of a worker."""


def said(desk: Desk, gate: Gatehouse, **question: Json) -> Mapping[str, Json]:
    answer = desk.answer(gate.owner, Asked(question, _unheard, gate.clock.now()))
    assert answer is not None
    return answer


def test_p6_the_status_names_no_customer_token_score_or_tag(desk: Desk, gate: Gatehouse) -> None:
    gate.show("ada-the-customer")
    gate.hear()
    status = said(desk, gate, do="status")
    assert status["entry"] == "unlocked"
    assert status["unlocked"] is True
    assert status["documents"] == {"policy": 1, "keys": 1, "catalogue": 1}
    text = json.dumps(status)
    for secret in ("ada-the-customer", "entry-600", "600", TRAIL_MIX, "nonce"):
        assert secret not in text


def test_the_status_says_when_the_last_stay_ends_whatever_happens(
    desk: Desk, gate: Gatehouse
) -> None:
    status = said(desk, gate, do="status")
    assert (status["inside"], status["last_stay_left_s"]) == (0, 0)
    Story(gate).come_in()
    Story(gate).pass_time(60)
    status = said(desk, gate, do="status")
    assert (status["inside"], status["max_inside"]) == (1, 1)
    left_s = status["last_stay_left_s"]
    assert isinstance(left_s, int)
    assert status["others_left_s"] == 0
    assert Timing().stay_s - 120 < left_s < Timing().stay_s - 50


def test_the_status_says_how_long_others_may_be_inside(desk: Desk, gate: Gatehouse) -> None:
    said(desk, gate, do="door", want="unlock")
    for happened in (DoorOpened, DoorClosed):
        Story(gate).happens(happened)
    left_s = said(desk, gate, do="status")["others_left_s"]
    assert isinstance(left_s, int)
    assert left_s > 60


def test_staff_unlock_and_lock_by_the_socket(desk: Desk, gate: Gatehouse) -> None:
    assert said(desk, gate, do="door", want="unlock", reason="delivery")["unlocked"] is True
    assert isinstance(gate.owner.gate.entry, Unlocked)
    assert said(desk, gate, do="door", want="lock")["unlocked"] is False


@pytest.mark.parametrize(
    "question",
    [
        {"do": "door", "want": "explode"},
        {"do": "door", "want": "unlock", "reason": "x" * 201},
        {"do": "door", "want": "unlock", "reason": 5},
        {"do": "choose", "way": "voucher"},
        {"do": "dance"},
        {},
        {"do": "pay", **ORDER},
        {"do": "pay", **ORDER, "token": 5},
        {"do": "pay", "token": "t"},
    ],
)
def test_a_wrong_question_is_answered_with_what_is_wrong(
    desk: Desk, gate: Gatehouse, question: Mapping[str, Json]
) -> None:
    answer = desk.answer(gate.owner, Asked(question, _unheard, gate.clock.now()))
    assert answer is not None
    assert answer["ok"] is False
    assert answer["error"]
    assert gate.unlocks() == 0


def test_idle_means_that_nothing_waits_to_be_done_or_uploaded(desk: Desk, gate: Gatehouse) -> None:
    assert said(desk, gate, do="idle") == {"ok": True, "idle": True}
    gate.show()
    assert said(desk, gate, do="idle") == {"ok": True, "idle": False}
    gate.hear()
    assert said(desk, gate, do="idle")["idle"] is False
    assert said(desk, gate, do="flush") == {"ok": True, "pending": gate.ledger.size}
    desk.uploader.trouble = "the hub is away"
    assert said(desk, gate, do="idle")["idle"] is True


def test_a_payment_is_answered_by_the_worker(
    desk: Desk, gate: Gatehouse, until: Callable[..., None]
) -> None:
    late: list[Mapping[str, Json]] = []
    question = {"do": "pay", **ORDER, "token": "staff"}
    assert desk.answer(gate.owner, Asked(question, late.append, gate.clock.now())) is None
    until(lambda: late)
    assert late[0]["ok"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"visit": ""},
        {"key": None},
        {"amount_minor": -1},
        {"amount_minor": True},
        {"amount_minor": 0},
        {"epcs": "text"},
        {"epcs": [5]},
        {"epcs": [TRAIL_MIX]},
        {"method": "barter"},
    ],
)
def test_an_order_that_is_not_one_is_refused(wrong: Mapping[str, Json]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_order({**ORDER, **wrong}, "door", "EUR")


def test_an_order_names_items_or_an_amount(tmp_path: Path) -> None:
    del tmp_path
    amount = read_order(ORDER, "door", "EUR")
    assert (amount.amount_minor, amount.epcs, amount.method) == (599, (), "card")
    items = read_order({"visit": "v", "key": "k", "epcs": [TRAIL_MIX]}, "door", "EUR")
    assert (items.amount_minor, items.epcs, items.method) == (0, (TRAIL_MIX,), "cash")
