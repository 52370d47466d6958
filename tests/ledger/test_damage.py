"""A file that is damaged as a database is said to be so, by name and in one line."""

import sqlite3

import pytest

from kiosk.ledger.audit import _all_fit, _first_wrong
from kiosk.ledger.body import leaf_of
from kiosk.ledger.errors import LedgerCorruptError, LedgerError
from kiosk.ledger.schema import why
from tests.ledger.shelf import KEY, Shelf
from tests.ledger.test_audit import finish


@pytest.mark.parametrize("part", ["leaf", "salt", "body"])
def test_a_value_that_turned_into_text_is_named(part: str) -> None:
    salt, body = bytes(32), b"{}"
    row: dict[str, bytes | str] = {"leaf": leaf_of(salt, body), "salt": salt, "body": body}
    row[part] = "text"
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE entry(idx, leaf, salt, body)")
    connection.execute("INSERT INTO entry VALUES (7, :leaf, :salt, :body)", row)
    found = connection.execute("SELECT leaf, salt, body FROM entry").fetchall()
    assert not _all_fit(found, 1)
    finding = _first_wrong(connection, 7, 8)
    assert str(finding) == f"entry 7: {part} is not of the type that was stored"
    connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET body = 'text'",
        "UPDATE entry SET leaf = 7",
        "UPDATE head SET frontier = ''",
        "UPDATE subject_key SET wrapped = 'text'",
        "UPDATE document SET envelope = 'text'",
    ],
)
def test_the_file_takes_no_value_of_another_type(shelf: Shelf, change: str) -> None:
    ledger = shelf.filled(1)
    ledger.put_document("policy", 1, b"{}")
    ledger.close()
    with pytest.raises(sqlite3.IntegrityError, match="cannot store"):
        shelf.raw().execute(change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM head", "head: missing"),
        ("UPDATE head SET frontier = x'00'", "head: a frontier of 1 bytes"),
    ],
)
def test_a_head_that_is_none_is_refused_at_the_start_and_by_readers(
    shelf: Shelf, change: str, said: str
) -> None:
    shelf.filled(3).close()
    shelf.raw().execute(change)
    with pytest.raises(LedgerCorruptError, match=said):
        shelf.open()
    with pytest.raises(LedgerCorruptError, match=said):
        shelf.reader().size()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = 'corner%shop/door-1' WHERE name = 'origin'",
        "UPDATE meta SET name = 'vkez' WHERE name = 'vkey'",
        "UPDATE meta SET name = 'oritin' WHERE name = 'origin'",
    ],
)
def test_a_log_whose_name_and_key_differ_is_not_read(shelf: Shelf, change: str) -> None:
    shelf.filled(1).close()
    shelf.raw().execute(change)
    with pytest.raises(LedgerError, match=r"origin and key differ|verifier key"):
        shelf.reader()


def test_a_table_that_nobody_made_is_found(shelf: Shelf) -> None:
    shelf.filled(1).close()
    with shelf.reader() as reader:
        assert reader.wrong_page() is None
    shelf.raw().execute("CREATE TRIGGER entry_keep BEFORE DELETE ON entry BEGIN SELECT 1; END")
    with shelf.reader() as reader:
        assert (
            str(reader.wrong_page())
            == "entry 0: page holds a schema of 'entry_keep' that nobody made"
        )


def test_what_sqlite_says_is_one_line_and_quotes_nothing_stored() -> None:
    error = sqlite3.OperationalError(
        "Could not decode to UTF-8 column 'note' with text 'corner\nshop'"
    )
    assert why(error) == "Could not decode to UTF-8 column 'note'"
    assert why(sqlite3.DatabaseError("*** in database main ***\nPage 3")).count("\n") == 0


def test_a_tile_that_came_in_one_append_is_verified_whole(shelf: Shelf) -> None:
    shelf.filled(512, each=256).close()
    with shelf.reader() as reader:
        assert finish(reader.scrub(KEY)) is None
    shelf.raw().execute("UPDATE tile SET root = zeroblob(32) WHERE number = 1")
    with shelf.reader() as reader:
        assert str(finish(reader.scrub(KEY))) == (
            "entry 256: tile is not the root of entries 256 to 511"
        )


def test_pages_that_cannot_be_read_at_the_start_are_said_to_be_damaged(shelf: Shelf) -> None:
    shelf.filled(3).close()
    raw = shelf.raw()
    raw.execute("PRAGMA writable_schema=ON")
    raw.execute("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'head'")
    raw.close()
    with pytest.raises(LedgerCorruptError, match=r"pages damaged: .*; restore a backup"):
        shelf.open()


def test_a_reader_tells_which_documents_the_kiosk_holds(shelf: Shelf) -> None:
    ledger = shelf.filled(1)
    ledger.put_document("policy", 2, b"signed")
    with shelf.reader() as reader:
        assert (reader.document("policy"), reader.document("keys")) == (b"signed", None)
