"""The state directory: made once, for us only, of one shop."""

import stat
from pathlib import Path

import pytest

from kiosk.hub.errors import HubStateError
from kiosk.hub.state import open_state


def modes(path: Path) -> set[int]:
    return {stat.S_IMODE(each.stat().st_mode) for each in path.rglob("*") if each.is_file()}


def test_the_first_start_makes_tokens_and_keys_for_us_only(tmp_path: Path) -> None:
    state = open_state(tmp_path / "hub", "corner")
    assert state.first
    assert state.staff_token != state.kiosk_token
    assert len(state.staff_token) >= 43
    assert state.origin == "corner/office"
    assert modes(state.path) == {0o600}
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700


def test_a_later_start_finds_what_the_first_made(tmp_path: Path) -> None:
    first, later = open_state(tmp_path, "corner"), open_state(tmp_path, None)
    assert not later.first
    assert (later.shop, later.staff_token) == ("corner", first.staff_token)
    assert later.office_keys.wrap == first.office_keys.wrap


def test_tokens_that_were_put_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "staff.token").write_text("from-init\n")
    assert open_state(tmp_path, None).staff_token == "from-init"


def test_a_state_of_another_shop_is_refused(tmp_path: Path) -> None:
    open_state(tmp_path, "corner")
    with pytest.raises(HubStateError, match="'corner', not 'other'"):
        open_state(tmp_path, "other")


@pytest.mark.parametrize("shop", ["", "Corner Shop", "a/b", "x" * 65])
def test_a_shop_that_no_policy_could_name_is_refused(tmp_path: Path, shop: str) -> None:
    with pytest.raises(HubStateError, match="shop"):
        open_state(tmp_path / "hub", shop or " ")


def test_an_empty_token_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "staff.token").write_text("\n")
    with pytest.raises(HubStateError, match=r"staff\.token: is no token"):
        open_state(tmp_path, None)


def test_a_damaged_key_is_refused_in_one_line(tmp_path: Path) -> None:
    open_state(tmp_path, None)
    (tmp_path / "office" / "log.key").write_bytes(b"short")
    with pytest.raises(HubStateError, match=r"log\.key") as refused:
        open_state(tmp_path, None)
    assert "\n" not in str(refused.value)


def test_a_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "hub"
    place.write_text("")
    with pytest.raises(HubStateError, match="choose a directory"):
        open_state(place, None)


def test_secrets_are_not_in_what_is_printed(tmp_path: Path) -> None:
    state = open_state(tmp_path, None)
    for secret in (state.staff_token, state.kiosk_token, repr(state.office_keys.wrap)):
        assert secret not in repr(state)
