"""An export is the log as static files, and tells nothing of what happened."""

import struct
from pathlib import Path

import pytest

from kiosk.ledger.checkpoint import parse_vkey, verify
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.export.tiles import export, tile_name, upper_tiles
from kiosk.ledger.merkle import TILE_WIDTH, leaf_hash, tile_root
from tests.ledger.shelf import KEY, Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "state").mkdir()
    return Shelf(tmp_path / "state")


@pytest.mark.parametrize(
    ("number", "width", "name"),
    [
        (0, 256, "000"),
        (5, 17, "005.p/17"),
        (999, 256, "999"),
        (1000, 256, "x001/000"),
        (1234067, 256, "x001/x234/067"),
        (1234067, 1, "x001/x234/067.p/1"),
    ],
)
def test_tiles_are_named_as_in_the_standard(number: int, width: int, name: str) -> None:
    assert tile_name(number, width) == name


def test_a_copy_holds_head_key_hashes_and_commitments(shelf: Shelf, tmp_path: Path) -> None:
    shelf.filled(600, each=100)
    written: list[str] = []
    assert export(shelf.reader(), tmp_path / "copy", written.append) == 600
    shelf.close()
    copy = tmp_path / "copy"
    found = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert found == {"checkpoint", "log.vkey", *written}
    assert set(written) == {
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
    }
    key = parse_vkey((copy / "log.vkey").read_text())
    assert verify((copy / "checkpoint").read_text(), key).size == 600
    assert key == KEY


def test_hashes_are_those_of_the_entries(shelf: Shelf, tmp_path: Path) -> None:
    shelf.filled(300, each=100)
    export(shelf.reader(), tmp_path / "copy")
    shelf.close()
    bundle = (tmp_path / "copy/tile/entries/000").read_bytes()
    entries = list(unframed(bundle))
    assert {len(entry) for entry in entries} == {57}
    hashes = (tmp_path / "copy/tile/0/000").read_bytes()
    assert b"".join(leaf_hash(entry) for entry in entries) == hashes
    rows = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    assert len(rows) == TILE_WIDTH
    assert (tmp_path / "copy/tile/1/000.p/1").read_bytes() == tile_root(rows)


def unframed(bundle: bytes) -> list[bytes]:
    entries: list[bytes] = []
    while bundle:
        (length,) = struct.unpack(">H", bundle[:2])
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return entries


def test_p7_nothing_that_happened_can_be_read_from_a_copy(shelf: Shelf, tmp_path: Path) -> None:
    shelf.filled(20)
    export(shelf.reader(), tmp_path / "copy")
    shelf.close()
    for path in (tmp_path / "copy").rglob("*"):
        if path.is_file():
            assert b"door.held" not in path.read_bytes()


def test_an_empty_log_is_a_head_alone(shelf: Shelf, tmp_path: Path) -> None:
    shelf.filled(0)
    assert export(shelf.reader(), tmp_path / "copy") == 0
    shelf.close()
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"checkpoint", "log.vkey"}


def test_a_directory_with_something_in_it_is_left_alone(shelf: Shelf, tmp_path: Path) -> None:
    shelf.filled(1)
    with pytest.raises(LedgerError, match="not empty; name a new directory"):
        export(shelf.reader(), tmp_path)
    shelf.close()


def test_each_full_row_of_tiles_is_a_hash_of_the_level_above() -> None:
    roots = [leaf_hash(b"%d" % number) for number in range(257)]
    found = dict(upper_tiles(list(roots)))
    assert found == {
        "tile/1/000": b"".join(roots[:256]),
        "tile/1/001.p/1": roots[256],
        "tile/2/000.p/1": tile_root(roots[:256]),
    }
