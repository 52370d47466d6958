"""P7: nothing personal leaves the ledger in clear, whatever the events hold."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Json, VisitId
from kiosk.ledger.export.tiles import export
from kiosk.ledger.outbox import next_batch
from kiosk.ledger.proof import prove
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.seal import NONCE_BYTES
from tests.ledger.shelf import ALICE, Shelf, at, plain

WORDS = st.text("ghijkmnpqrstuvwxyz", min_size=12, max_size=20)
"""No word of the envelope and no hex digit: what is found by chance proves nothing."""
PERSONAL = st.dictionaries(st.sampled_from(["customer", "nonce", "contact", "note"]), WORDS)
EVENTS = st.lists(
    st.builds(
        lambda name, visit, personal: EventRecord(
            "scan.accepted", {"side": "in"}, VisitId(visit), CustomerRef(name), personal
        ),
        WORDS,
        st.sampled_from(["v1", "v2"]),
        PERSONAL,
    ),
    min_size=1,
    max_size=12,
)


def secrets(events: Sequence[EventRecord]) -> set[bytes]:
    """Every personal word, as it is and as it might be encoded."""
    words = {str(event.customer).encode() for event in events}
    words |= {str(value).encode() for event in events for value in event.personal.values()}
    return {
        form
        for word in words
        for form in (word, word.hex().encode(), b64encode(word)[:12], urlsafe_b64encode(word)[:12])
    }


def told(shelf: Shelf, directory: Path) -> Iterator[bytes]:
    """Everything that leaves the kiosk, and every file that stays."""
    with shelf.reader(None) as reader:
        batch = next_batch(reader, 0)
        assert batch is not None
        yield batch.body
        yield from (entry.body for entry in reader.entries(0, 999))
        yield from (prove(reader, index).encode() for index in range(reader.size()))
        yield repr(reader.events()).encode()
        export(reader, directory / "copy")
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


@settings(max_examples=30, deadline=None)
@given(EVENTS)
def test_p7_no_personal_word_is_in_anything_that_is_stored_sent_or_shown(
    events: list[EventRecord],
) -> None:
    with TemporaryDirectory() as place:
        shelf = Shelf(Path(place) / "state")
        shelf.path.parent.mkdir()
        shelf.open().append(events, at())
        hidden = secrets(events)
        for text in told(shelf, Path(place)):
            assert not [word for word in hidden if word in text]
        with shelf.reader() as reader:
            assert [event.record for event in reader.events()] == events
        shelf.close()


def test_the_search_finds_a_word_that_is_in_clear(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    words: dict[str, Json] = {"note": "qqhmpzgrswtv"}
    shelf.open().append([plain("door.held", **words)], at())
    hidden = secrets([EventRecord("x.y", {}, None, ALICE, words)])
    assert any(word in text for text in told(shelf, tmp_path) for word in hidden)
    shelf.close()


def boxes(reader: LedgerReader) -> list[bytes]:
    return [entry.sealed for entry in reader.entries(0, 9999) if entry.sealed is not None]


@pytest.mark.parametrize("restarts", [3])
def test_no_two_sealed_parts_share_a_nonce_and_equal_parts_are_unlike(
    shelf: Shelf, restarts: int
) -> None:
    same = EventRecord("door.held", {}, None, ALICE, {"note": "the same"})
    for _ in range(restarts):
        ledger = shelf.open()
        for _ in range(3):
            ledger.append([same] * 200, at())
        ledger.close()
    found = boxes(shelf.reader())
    assert len(found) == 600 * restarts
    assert len({box[:NONCE_BYTES] for box in found}) == len(found)
    assert len({box[NONCE_BYTES:] for box in found}) == len(found)
    events = [json.loads(entry.body) for entry in shelf.reader().entries(0, 9999)]
    for key in ("id", "subject", "sealed"):
        assert len({event[key] for event in events}) == len(events), key
