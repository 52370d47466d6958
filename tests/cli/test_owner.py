"""The owner's key is named where it is missing, and nobody is led to make a second one."""

from pathlib import Path

import pytest

from kiosk.cli.owner import owner_file
from kiosk.keyfiles import KeyFileError


def test_a_key_that_is_elsewhere_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError) as refused:
        owner_file(tmp_path / "owner.key")
    assert str(refused.value) == (
        f"{tmp_path / 'owner.key'}: no such file; say where the owner's key is: "
        "--owner-key-file FILE (kiosk init made owner.key)"
    )


def test_a_key_that_is_there_is_taken(key: Path) -> None:
    assert owner_file(key) == key
