"""Every change of what is stored is found and named: the index, and which part of it."""

import json
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.ledger.audit import Scrub, _all_fit
from kiosk.ledger.body import leaf_of
from kiosk.ledger.checkpoint import sign_checkpoint
from kiosk.ledger.diagnosis import Finding
from kiosk.ledger.errors import LedgerCorruptError
from kiosk.ledger.merkle import Frontier
from tests.ledger.shelf import KEY, LOG_KEY, ORIGIN, Shelf, at, plain


def finish(scrub: Scrub) -> Finding | None:
    while not scrub.done:
        finding = scrub.step()
        if finding is not None:
            return finding
    return None


def audited(shelf: Shelf) -> Finding | None:
    """What an audit finds."""
    with shelf.reader() as reader:
        return finish(reader.audit(KEY))


def scrubbed(shelf: Shelf) -> Finding | None:
    """What a scrub in the background finds, without keys."""
    with shelf.reader(None) as reader:
        return finish(reader.scrub(KEY))


READ = {
    "body": "SELECT idx, body FROM entry ORDER BY idx",
    "salt": "SELECT idx, salt FROM entry ORDER BY idx",
    "leaf": "SELECT idx, leaf FROM entry ORDER BY idx",
    "sealed": "SELECT idx, sealed FROM entry ORDER BY idx",
}
WRITE = {
    "body": "UPDATE entry SET body = ? WHERE idx = ?",
    "salt": "UPDATE entry SET salt = ? WHERE idx = ?",
    "leaf": "UPDATE entry SET leaf = ? WHERE idx = ?",
    "sealed": "UPDATE entry SET sealed = ? WHERE idx = ?",
}


def flip(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("events", [0, 1, 255, 256, 257, 700])
def test_an_untouched_log_has_nothing_to_find(shelf: Shelf, events: int) -> None:
    shelf.filled(events, each=9)
    assert audited(shelf) is None
    assert scrubbed(shelf) is None


@pytest.mark.parametrize(
    "step", [pytest.param(1, marks=pytest.mark.slow, id="all"), pytest.param(31, id="each 31st")]
)
def test_every_flipped_bit_of_a_small_log_is_named(shelf: Shelf, step: int) -> None:
    shelf.filled(2).close()
    raw = shelf.raw()
    for part in ("body", "salt", "leaf"):
        for index, value in raw.execute(READ[part]).fetchall():
            for bit in range(index, len(value) * 8, step):
                raw.execute(WRITE[part], (flip(value, bit), index))
                finding = scrubbed(shelf)
                assert finding is not None
                assert (finding.index, finding.part) == (index, part), f"bit {bit}"
            raw.execute(WRITE[part], (value, index))
    assert audited(shelf) is None


def test_no_flipped_bit_of_a_row_goes_unseen(shelf: Shelf) -> None:
    shelf.filled(1)
    (entry,) = shelf.reader().entries(0, 1)
    row = (entry.leaf, entry.salt, entry.body)
    assert _all_fit([row], 1)
    for part, value in enumerate(row):
        for bit in range(len(value) * 8):
            changed = [*row]
            changed[part] = flip(value, bit)
            assert not _all_fit([(changed[0], changed[1], changed[2])], 1)


@pytest.mark.parametrize("part", ["body", "salt", "leaf", "sealed"])
@pytest.mark.parametrize("index", [0, 17, 255, 256, 299])
def test_a_flipped_bit_in_a_long_log_is_named(shelf: Shelf, part: str, index: int) -> None:
    shelf.filled(300, each=50).close()
    raw = shelf.raw()
    value = dict(raw.execute(READ[part]).fetchall())[index]
    raw.execute(WRITE[part], (flip(value, 8 * (index % len(value)) + 3), index))
    finding = audited(shelf)
    assert finding is not None
    assert (finding.index, finding.part) == (index, part)


def test_the_first_of_several_is_named(shelf: Shelf) -> None:
    shelf.filled(600, each=100).close()
    shelf.raw().execute("UPDATE entry SET salt = zeroblob(32) WHERE idx IN (400, 333, 599)")
    finding = scrubbed(shelf)
    assert str(finding) == "entry 333: body or salt is not what its leaf commits to"


@pytest.mark.parametrize("part", ["body", "salt"])
def test_p5_a_part_that_was_removed_without_a_logged_erasure_is_found(
    shelf: Shelf, part: str
) -> None:
    shelf.filled(20).close()
    shelf.raw().execute(WRITE[part], (None, 7))
    finding = scrubbed(shelf)
    assert str(finding) == f"entry 7: {part} is missing, and no erasure of it is logged"
    with pytest.raises(LedgerCorruptError, match="entry 7: body missing"):
        shelf.reader().entries(0, 20)
    with pytest.raises(LedgerCorruptError, match="entry 7"):
        shelf.open()


@pytest.mark.parametrize(("gone", "named"), [(0, 0), (7, 7), (19, 19)])
def test_p5_an_entry_that_was_removed_is_found(shelf: Shelf, gone: int, named: int) -> None:
    shelf.filled(20).close()
    shelf.raw().execute("DELETE FROM entry WHERE idx = ?", (gone,))
    finding = scrubbed(shelf)
    assert finding is not None
    assert (finding.index, finding.part) == (named, "entry")
    with pytest.raises(LedgerCorruptError, match="entry"):
        shelf.open()


def forge(body: bytes) -> bytes:
    return body.replace(b'"n":', b'"m":')


def test_p5_a_forger_who_fits_the_leaf_to_a_new_body_is_found(shelf: Shelf) -> None:
    shelf.filled(300).close()
    raw = shelf.raw()
    salt, body = raw.execute("SELECT salt, body FROM entry WHERE idx = 123").fetchone()
    row = (forge(body), leaf_of(salt, forge(body)))
    raw.execute("UPDATE entry SET body = ?, leaf = ? WHERE idx = 123", row)
    finding = scrubbed(shelf)
    assert finding is not None
    assert (finding.index, finding.part) == (123, "checkpoint")
    with pytest.raises(LedgerCorruptError, match="entry 123: checkpoint"):
        shelf.open()


def test_p5_a_forger_without_the_key_cannot_sign_a_new_head(shelf: Shelf) -> None:
    shelf.filled(5).close()
    raw = shelf.raw()
    raw.execute("UPDATE checkpoint SET note = replace(note, ' ', ' A') WHERE size = 3")
    finding = audited(shelf)
    assert finding is not None
    assert (finding.index, finding.part) == (2, "checkpoint")
    assert scrubbed(shelf) is None, "a scrub leaves old signatures to the audit"
    raw.execute("UPDATE checkpoint SET note = replace(note, ' ', ' A') WHERE size = 5")
    finding = scrubbed(shelf)
    assert finding is not None
    assert (finding.index, finding.part) == (4, "checkpoint")


def test_a_removed_head_is_found(shelf: Shelf) -> None:
    shelf.filled(5).close()
    shelf.raw().execute("DELETE FROM checkpoint WHERE size = 5")
    assert str(scrubbed(shelf)) == "entry 4: checkpoint of size 5 is missing"


def test_a_head_set_back_is_found(shelf: Shelf) -> None:
    shelf.filled(5).close()
    raw = shelf.raw()
    frontier = Frontier()
    for (leaf,) in raw.execute("SELECT leaf FROM entry ORDER BY idx LIMIT 4"):
        frontier.append(leaf)
    raw.execute("UPDATE head SET size = 4, frontier = ?", (frontier.to_bytes(),))
    finding = scrubbed(shelf)
    assert finding is not None
    assert finding.part == "head"
    with pytest.raises(LedgerCorruptError, match="entry 4"):
        shelf.open()


def test_a_wrong_tile_is_found(shelf: Shelf) -> None:
    shelf.filled(600, each=100).close()
    shelf.raw().execute("UPDATE tile SET root = zeroblob(32) WHERE number = 1")
    finding = scrubbed(shelf)
    assert str(finding) == "entry 256: tile is not the root of entries 256 to 511"


def test_a_tile_cut_by_a_head_is_verified_too(shelf: Shelf) -> None:
    shelf.filled(300, each=150).close()
    shelf.raw().execute("UPDATE tile SET root = zeroblob(32)")
    finding = scrubbed(shelf)
    assert finding is not None
    assert (finding.index, finding.part) == (0, "tile")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE entry SET sealed = NULL WHERE idx = 2", "without a hash in the body, or missing"),
        ("UPDATE entry SET sealed = zeroblob(40) WHERE idx = 2", "cannot be read"),
        ("DELETE FROM subject_index WHERE idx = 2", "has no key, and no erasure of it is logged"),
        ("UPDATE subject_key SET wrapped = zeroblob(80)", "cannot be read"),
    ],
)
def test_a_sealed_part_that_does_not_open_is_found(shelf: Shelf, change: str, why: str) -> None:
    shelf.filled(4).close()
    shelf.raw().execute(change)
    finding = audited(shelf)
    assert finding is not None
    assert finding.part == "sealed"
    assert why in finding.text


def test_another_events_sealed_part_is_found(shelf: Shelf) -> None:
    shelf.filled(4).close()
    raw = shelf.raw()
    (body,) = raw.execute("SELECT body FROM entry WHERE idx = 1").fetchone()
    with shelf.reader() as reader:
        keyring = reader._keyring
        assert keyring is not None
        name, wrapped = raw.execute("SELECT name, wrapped FROM subject_key").fetchone()
        key = keyring.unwrap(name, wrapped)
    sealed, _ = key.seal(json.loads(body)["id"], {"secret": "another"})
    raw.execute("UPDATE entry SET sealed = ? WHERE idx = 1", (sealed,))
    assert str(audited(shelf)) == "entry 1: sealed is not what the body commits to"


def test_a_peers_head_of_another_log_is_found(shelf: Shelf) -> None:
    ledger = shelf.filled(5)
    ledger.acked("hub", 4, "")
    ledger.close()
    assert audited(shelf) is None
    other = sign_checkpoint(ORIGIN, 4, sha256(b"another history").digest(), LOG_KEY)
    raw = shelf.raw()
    raw.execute("UPDATE peer SET note = ?", (other,))
    assert str(scrubbed(shelf)) == "entry 0: checkpoint of peer hub, size 4, is of another log"
    raw.execute("UPDATE peer SET note = 'nonsense'")
    finding = scrubbed(shelf)
    assert finding is not None
    assert finding.index == 4
    raw.execute("UPDATE peer SET note = NULL, acked = 9")
    assert str(scrubbed(shelf)) == "entry 5: entry is missing: peer hub holds 9 entries"


def test_p5_an_older_image_put_back_is_found_at_the_start(shelf: Shelf) -> None:
    ledger = shelf.filled(5)
    ledger.close()
    image = shelf.path.read_bytes()
    ledger = shelf.open()
    ledger.append([plain()], at(50))
    ledger.acked("hub", 6, "")
    ledger.close()
    raw = shelf.raw()
    peer = raw.execute("SELECT name, acked, note FROM peer").fetchone()
    raw.close()
    shelf.path.write_bytes(image)
    raw = shelf.raw()
    raw.execute("INSERT INTO peer VALUES (?, ?, ?)", peer)
    with pytest.raises(LedgerCorruptError, match="entry 5: entry is missing: peer hub holds 6"):
        shelf.open()


def test_a_pass_goes_on_where_an_earlier_one_stopped(shelf: Shelf) -> None:
    shelf.filled(700, each=100).close()
    with shelf.reader(None) as reader:
        first = reader.scrub(KEY)
        assert first.step() is None
        assert (first.frontier.size, first.done) == (256, False)
        shelf.raw().execute("UPDATE entry SET salt = zeroblob(32) WHERE idx IN (3, 650)")
        finding = finish(reader.scrub(KEY, since=first.frontier))
        assert finding is not None
        assert finding.index == 650
        assert first.frontier.size == 256


def test_a_pass_after_the_last_goes_over_nothing(shelf: Shelf) -> None:
    shelf.filled(300, each=100).close()
    with shelf.reader(None) as reader:
        first = reader.scrub(KEY)
        assert finish(first) is None
        again = reader.scrub(KEY, since=first.frontier)
        assert again.step() is None
        assert again.done


def test_a_pass_is_not_disturbed_by_the_writer(shelf: Shelf) -> None:
    ledger = shelf.filled(300, each=100)
    with shelf.reader(None) as reader:
        scrub = reader.scrub(KEY)
        assert scrub.step() is None
        ledger.append([plain()] * 10, at(900))
        assert finish(scrub) is None
        assert scrub.frontier.size == 300
        assert finish(reader.scrub(KEY)) is None


def test_a_page_that_cannot_be_read_is_a_finding(shelf: Shelf) -> None:
    shelf.filled(400, each=100).close()
    with shelf.reader(None) as reader:
        scrub = reader.scrub(KEY)
        with shelf.path.open("r+b") as file:
            file.seek(40 * 1024)
            file.write(b"\xff" * 200 * 1024)
        finding = finish(scrub)
        page = reader.wrong_page
        assert finding is not None
        assert says(page)


def says(page: Callable[[], Finding | None]) -> bool:
    """Whether the pages are found wrong, or cannot even be read."""
    try:
        return page() is not None
    except LedgerCorruptError:
        return True


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_appends_of_any_sizes_are_verified(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("sizes"))
    ledger = shelf.open()
    for size in sizes:
        ledger.append([plain()] * size, at())
    assert audited(shelf) is None
    shelf.close()


def test_events_of_nobody_have_nothing_sealed_to_find(shelf: Shelf) -> None:
    shelf.open().append([plain(), plain()], at())
    assert audited(shelf) is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("DELETE FROM tile WHERE number = 0", "entry 0: tile is missing"),
        ("UPDATE tile SET root = zeroblob(32) WHERE number = 0", "signed for other entries"),
        ("UPDATE head SET frontier = x'00'", "head: a frontier of 1 bytes"),
        ("UPDATE checkpoint SET note = note || 'x' WHERE size = 1500", "checkpoint of size 1500"),
        ("UPDATE checkpoint SET note = 'x' WHERE size = 1500", "checkpoint of size 1500"),
        ("UPDATE entry SET salt = zeroblob(32) WHERE idx = 1499", "entry 1499: body or salt"),
    ],
)
def test_the_start_names_what_differs(shelf: Shelf, change: str, named: str) -> None:
    shelf.filled(1500, each=250).close()
    raw = shelf.raw()
    raw.execute(change)
    raw.close()
    with pytest.raises(LedgerCorruptError, match=named) as told:
        shelf.open()
    assert "restore a backup" in str(told.value)
    assert "\n" not in str(told.value)


def test_the_start_leaves_the_far_past_to_the_scrub(shelf: Shelf) -> None:
    shelf.filled(1500, each=250).close()
    raw = shelf.raw()
    raw.execute("UPDATE entry SET salt = zeroblob(32) WHERE idx = 3")
    raw.close()
    shelf.open()
    finding = scrubbed(shelf)
    assert finding is not None
    assert finding.index == 3


def test_a_peer_without_a_head_has_nothing_to_compare(shelf: Shelf) -> None:
    shelf.filled(5, each=5).close()
    raw = shelf.raw()
    raw.execute("INSERT INTO peer VALUES ('hub', 3, NULL)")
    assert scrubbed(shelf) is None


def test_without_any_readable_head_the_row_alone_is_named(shelf: Shelf) -> None:
    shelf.filled(5, each=5).close()
    raw = shelf.raw()
    raw.execute("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 4")
    raw.execute("UPDATE checkpoint SET note = 'nonsense'")
    assert str(scrubbed(shelf)) == "entry 4: body or salt is not what its leaf commits to"
    raw.execute("DELETE FROM checkpoint")
    assert str(scrubbed(shelf)) == "entry 4: body or salt is not what its leaf commits to"
    raw.execute("INSERT INTO checkpoint VALUES (0, ?)", (EMPTY_HEAD,))
    assert str(scrubbed(shelf)) == "entry 4: body or salt is not what its leaf commits to"


EMPTY_HEAD = sign_checkpoint(ORIGIN, 0, sha256(b"").digest(), LOG_KEY)
