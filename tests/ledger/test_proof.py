"""Proof files: they prove, offline, and nothing that was changed does."""

from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.errors import CheckpointError, LedgerError
from kiosk.ledger.proof import HEADER, check_proof, prove
from tests.ledger.shelf import KEY, ORIGIN, Shelf


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> str:
    shelf = Shelf(tmp_path_factory.mktemp("proof"))
    shelf.filled(300, each=20)
    with shelf.reader() as reader:
        text = prove(reader, 123)
    shelf.close()
    return text


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257])
def test_every_kind_of_place_is_proved(shelf: Shelf, size: int) -> None:
    shelf.filled(size, each=16)
    reader = shelf.reader()
    for index in {0, size // 2, size - 1}:
        (entry,) = reader.entries(index, 1)
        proved = check_proof(prove(reader, index), KEY)
        assert (proved.index, proved.salt, proved.body) == (index, entry.salt, entry.body)
        assert proved.checkpoint.size == size


def test_the_file_has_the_form_of_the_standard(proof: str) -> None:
    head, note = proof.split("\n\n", 1)
    header, extra, index, *path = head.split("\n")
    assert (header, index) == (HEADER, "index 123")
    assert extra.startswith("extra ")
    assert [len(step) for step in path] == [44] * 9
    assert note.startswith(f"{ORIGIN}\n300\n")


def test_there_is_no_proof_of_an_entry_that_is_not_there(shelf: Shelf) -> None:
    shelf.filled(3)
    with pytest.raises(LedgerError, match="no entry 3; the log has 3"):
        prove(shelf.reader(), 3)


@settings(max_examples=300)
@given(st.data())
def test_a_changed_proof_proves_nothing(proof: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(proof) - 1))
    char = data.draw(st.characters(codec="utf-8"))
    changed = proof[:place] + char + proof[place + 1 :]
    if changed != proof:
        with pytest.raises(CheckpointError):
            check_proof(changed, KEY)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:0],
        lambda text: text.replace(HEADER, HEADER.replace("1", "2")),
        lambda text: text.replace("extra ", ""),
        lambda text: text.replace("index 123", "index 0123"),
        lambda text: text.replace("index 123", "index 999"),
        lambda text: text.replace("index 123\n", ""),
        lambda text: text.replace("\n\n", "\n" + "A" * 43 + "=\n\n", 1),
        lambda text: text.replace("\n\n", "\nnot base64!\n\n", 1),
        lambda text: text.partition("\n\n")[0],
    ],
)
def test_a_proof_of_another_form_is_refused(proof: str, change: object) -> None:
    assert callable(change)
    with pytest.raises(CheckpointError):
        check_proof(change(proof), KEY)


def test_a_proof_has_one_spelling(proof: str) -> None:
    step = proof.split("\n")[3]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    again = step[:-2] + alphabet[alphabet.index(step[-2]) + 1] + "="  # the same 32 bytes
    assert b64decode(again) == b64decode(step)
    with pytest.raises(CheckpointError, match="the one base64 spelling"):
        check_proof(proof.replace(step, again), KEY)


def test_a_proof_of_another_log_is_refused(proof: str) -> None:
    with pytest.raises(CheckpointError):
        check_proof(proof, LogKey(ORIGIN, bytes(32)))
    with pytest.raises(CheckpointError):
        check_proof(proof, LogKey("corner-shop/door-2", KEY.public))
