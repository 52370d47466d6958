"""The first start makes key and tokens for us only; later starts find them again."""

import stat
from pathlib import Path

import pytest

from kiosk.core.signing import b64decode, public_of
from kiosk.scoring.errors import StateError
from kiosk.scoring.state import open_state


def test_the_first_start_makes_everything_readable_by_us_only(tmp_path: Path) -> None:
    state = open_state(tmp_path / "deep" / "scores")
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in state.path.iterdir()}
    assert modes == dict.fromkeys(["scores.key", "scores.pub", "kiosk.token", "admin.token"], 0o600)
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert len({state.kiosk_token, state.admin_token}) == 2
    assert b64decode((state.path / "scores.pub").read_text().strip()) == public_of(state.key)


def test_a_later_start_finds_the_same_key_and_tokens(tmp_path: Path) -> None:
    first, second = open_state(tmp_path), open_state(tmp_path)
    assert public_of(first.key) == public_of(second.key)
    assert (first.kiosk_token, first.admin_token) == (second.kiosk_token, second.admin_token)


def test_a_token_of_the_owners_own_is_taken(tmp_path: Path) -> None:
    (tmp_path / "kiosk.token").write_text("  chosen  \n")
    assert open_state(tmp_path).kiosk_token == "chosen"


@pytest.mark.parametrize("token", [b"", b"\n", "tök".encode()])
def test_an_empty_or_odd_token_is_named(tmp_path: Path, token: bytes) -> None:
    (tmp_path / "admin.token").write_bytes(token)
    with pytest.raises(StateError, match=r"admin\.token: is no token; remove it"):
        open_state(tmp_path)


def test_a_key_of_another_size_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "scores.key").write_bytes(b"short")
    with pytest.raises(StateError, match="not a private key, which has 32 bytes"):
        open_state(tmp_path)
    assert (tmp_path / "scores.key").read_bytes() == b"short"


def test_a_place_that_is_not_ours_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="choose a directory of ours"):
        open_state(tmp_path / "file")


def test_the_state_prints_no_token(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    assert state.kiosk_token not in repr(state)
    assert state.admin_token not in repr(state)
