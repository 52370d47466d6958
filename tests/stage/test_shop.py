"""The people of a simulated shop go through a whole visit, and are told what cannot be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.settings import Settings, load
from kiosk.stage.errors import RefusedError, StageError
from kiosk.stage.shop import Shop
from kiosk.stage.theatre import NIGHT_S, Theatre, opened
from tests.shipped import shipped
from tests.stage.scripts import WATER, script

BRIEF_S = 0.5


def settings(theatre: Theatre) -> Settings:
    return load(theatre.directory / "kiosk.toml")


@pytest.fixture
def shop(theatre: Theatre) -> Iterator[Shop]:
    """The shared play's shop, with nobody inside."""
    for _ in range(2):
        theatre.move_clock(NIGHT_S)
    found = Shop(settings(theatre))
    yield found
    found.close()


def test_a_visit_by_score_from_the_code_to_the_unpaid_exit(theatre: Theatre, shop: Shop) -> None:
    assert shop.show(theatre.mint("ada", age_s=0)).splitlines() == [
        "Come in",
        "  The door is open for you.",
        "  Pull the door now.",
    ]
    shop.enter()
    assert shop.status()["inside"] == 1
    assert shop.leave([f"{WATER[:-4]}5107"]).startswith("Please pay later\n")
    assert shop.status()["inside"] == 0


def test_a_customer_without_a_score_comes_in_by_a_voucher_or_on_the_word_of_staff(
    theatre: Theatre, shop: Shop
) -> None:
    assert "- use a voucher" in shop.show(theatre.mint("cleo", age_s=0))
    assert shop.choose("voucher").startswith("Show your voucher")
    assert "Your voucher is accepted." in shop.show(theatre.voucher())
    shop.enter()
    assert "You took nothing." in shop.leave([])

    theatre.vouch("cleo")
    shop.show(theatre.mint("cleo", age_s=0))
    assert "Staff vouched for you." in shop.choose("vouched")
    shop.enter()
    assert "You took nothing." in shop.leave([])


def test_at_an_unlocked_door_nothing_else_is_answered_and_it_is_said_at_once(
    theatre: Theatre, shop: Shop
) -> None:
    shop.show(theatre.mint("ada", age_s=0))
    with pytest.raises(RefusedError, match=r"voucher cannot .*: the door is unlocked; go in, or"):
        shop.choose("voucher")
    with pytest.raises(RefusedError, match="the door is unlocked for this customer already"):
        shop.show(theatre.mint("ada", age_s=1))
    assert shop.choose("group").startswith("Come in together\n")


def test_an_exit_with_nobody_inside_says_that_it_is_nobodys(shop: Shop) -> None:
    assert shop.status()["inside"] == 0
    assert shop.leave([]).endswith("\n(nobody was known to be inside: it is nobody's exit)")


def test_of_several_inside_the_one_who_shows_a_code_leaves_with_what_is_carried(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, script(max_inside=2)) as theatre:
        shop = Shop(settings(theatre))
        for customer in ("ada", "dora"):
            shop.show(theatre.mint(customer, age_s=0))
            shop.enter()
        said = shop.leave([f"{WATER[:-4]}5108"], theatre.mint("dora", age_s=0))
        assert said.startswith("Please pay later\n")
        assert shop.status()["inside"] == 1
        shop.close()


def test_what_cannot_be_is_told_with_what_to_do(theatre: Theatre, shop: Shop) -> None:
    brief = Shop(settings(theatre), BRIEF_S)
    with pytest.raises(RefusedError, match="the door is locked: show a code first"):
        brief.enter()
    with pytest.raises(
        RefusedError, match="voucher cannot be chosen now: nothing is offered; show a"
    ):
        brief.choose("voucher")
    with pytest.raises(RefusedError, match="no button is for deposit"):
        brief.choose("deposit")
    with pytest.raises(RefusedError, match="group cannot be chosen now: nobody has been let in"):
        brief.choose("group")
    with pytest.raises(RefusedError, match="the gate ignored it: codes of kiosks are K1: and"):
        brief.show("no token")
    token = theatre.mint("bea", age_s=0)
    assert shop.show(token)
    with pytest.raises(RefusedError, match="the gate did not answer: the code was shown before"):
        brief.show(token)
    with pytest.raises(RefusedError, match="exit-reader: epcs: 'zz' is not an EPC"):
        brief.leave(["zz"])
    with pytest.raises(RefusedError, match=r"no camera at the exit: write \[exit_camera\]"):
        brief.leave([], "K1:X")
    brief.close()


@pytest.mark.usefixtures("shop")
def test_a_shop_with_another_screen_tells_the_state_of_its_gate(theatre: Theatre) -> None:
    blind = Shop(settings(theatre).model_copy(update={"screen": None}))
    assert blind.show(theatre.mint("ada", age_s=0)) == "entry unlocked, exit quiet"
    blind.enter()
    assert blind.leave([]) == "entry idle, exit quiet"
    blind.close()


def test_a_real_shop_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(shipped("store.toml"), encoding="utf-8")
    with pytest.raises(StageError, match="no simulated shop; make one: kiosk init DIR --simulate"):
        Shop(load(path))
