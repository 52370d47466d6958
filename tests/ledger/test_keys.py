"""The keys on disk: made once, private, never replaced."""

from pathlib import Path

import pytest

from kiosk.ledger.errors import LedgerError
from kiosk.ledger.keys import LOG_KEY_FILE, WRAP_KEY_FILE, create, load


def test_made_keys_are_loaded_again(tmp_path: Path) -> None:
    made = create(tmp_path / "state")
    again = load(tmp_path / "state")
    assert again.wrap == made.wrap
    assert again.log.private_bytes_raw() == made.log.private_bytes_raw()


def test_a_key_that_exists_is_never_replaced(tmp_path: Path) -> None:
    made = create(tmp_path)
    (tmp_path / WRAP_KEY_FILE).unlink()
    again = create(tmp_path)
    assert again.log.private_bytes_raw() == made.log.private_bytes_raw()
    assert again.wrap != made.wrap


def test_keys_are_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    create(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {LOG_KEY_FILE, WRAP_KEY_FILE}
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_half_written_key_of_a_crash_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "log.partial").write_bytes(b"half")
    assert len(create(tmp_path).wrap) == 32
    assert not (tmp_path / "log.partial").exists()


def test_a_missing_key_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"log\.key: No such file.*kiosk init"):
        load(tmp_path)


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    create(tmp_path)
    (tmp_path / WRAP_KEY_FILE).write_bytes(b"short")
    with pytest.raises(LedgerError, match=r"wrap\.key: 5 bytes, want 32"):
        load(tmp_path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    create(tmp_path)
    (tmp_path / LOG_KEY_FILE).chmod(0o640)
    with pytest.raises(LedgerError, match=r"others may read it; chmod 600"):
        load(tmp_path)
