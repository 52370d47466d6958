"""The people of a simulated shop go through a whole visit, and are told what cannot be."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kiosk.settings import Settings, load
from kiosk.stage.errors import RefusedError, StageError
from kiosk.stage.shop import Shop
from kiosk.stage.theatre import NIGHT_S, Theatre, opened
from tests.shipped import shipped
from tests.stage.scripts import WATER, script

GROUP_S = 31
LIMIT_S = 10


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
    with pytest.raises(RefusedError, match="the door was unlocked for a customer already, and"):
        shop.show(theatre.mint("ada", age_s=1))
    assert shop.show(theatre.mint("ben", age_s=0)).startswith("Somebody is inside\n")
    assert shop.choose("group").startswith("Come in together\n")
    with pytest.raises(RefusedError, match="group cannot be chosen now: it is not offered"):
        shop.choose("group")


def test_a_door_that_locks_again_is_no_answer_to_a_code(theatre: Theatre, shop: Shop) -> None:
    class Late(Shop):
        """Whoever was let in goes in as soon as the next code has been read."""

        def tell(self, device: str, do: str, **arguments: object) -> Mapping[str, Any]:
            before = self.decoded()
            said = super().tell(device, do, **arguments)
            if do == "show":
                assert self.wait_for(lambda: self.decoded() > before, LIMIT_S)
                self.enter()
            return said

        def decoded(self) -> int:
            """Return how many codes the camera has read."""
            return int(self.status()["devices"]["camera"]["counters"]["decoded"])

    shop.show(theatre.mint("ada", age_s=0))
    with (
        closing(Late(settings(theatre))) as late,
        pytest.raises(RefusedError, match="and this code changed nothing"),
    ):
        late.show(theatre.mint("ada", age_s=1))
    assert "You took nothing." in shop.leave([])


def test_a_way_that_is_not_among_those_offered_is_told_to_be_none(
    theatre: Theatre, shop: Shop
) -> None:
    shop.show(theatre.mint("ada", age_s=0))
    shop.enter()
    assert shop.show(theatre.mint("ben", age_s=0)).startswith("Somebody is inside\n")
    assert shop.status()["entry"] == "offered"
    with pytest.raises(RefusedError, match="voucher cannot be chosen now: it is not offered"):
        shop.choose("voucher")
    with pytest.raises(RefusedError, match="group cannot be chosen now: nobody has been let in"):
        shop.choose("group")
    shop.choose("leave")
    assert "You took nothing." in shop.leave([])


def test_a_group_leaves_together_once_the_door_is_locked_again(
    theatre: Theatre, shop: Shop
) -> None:
    shop.show(theatre.mint("ada", age_s=0))
    shop.choose("group")
    shop.enter()
    shop.enter()
    theatre.move_clock(GROUP_S)
    assert shop.wait_for(lambda: not shop.status()["unlocked"], LIMIT_S)
    assert shop.leave([f"{WATER[:-4]}5109"]).startswith("Please pay later\n")
    assert shop.status()["others_left_s"] > 0


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
    with pytest.raises(RefusedError, match="the door is locked: show a code first"):
        shop.enter()
    with pytest.raises(
        RefusedError, match="voucher cannot be chosen now: nothing is offered; show a"
    ):
        shop.choose("voucher")
    with pytest.raises(RefusedError, match="no button is for deposit"):
        shop.choose("deposit")
    with pytest.raises(RefusedError, match="group cannot be chosen now: nobody has been let in"):
        shop.choose("group")
    with pytest.raises(RefusedError, match="the camera read it, and the gate ignores it"):
        shop.show("no token")
    token = theatre.mint("bea", age_s=0)
    assert shop.show(token)
    with pytest.raises(RefusedError, match="the gate did not answer: the code was shown before"):
        shop.show(token)
    with pytest.raises(RefusedError, match="exit-reader: epcs: 'zz' is not an EPC"):
        shop.leave(["zz"])
    with pytest.raises(RefusedError, match=r"no camera at the exit: write \[exit_camera\]"):
        shop.leave([], "K1:X")


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
