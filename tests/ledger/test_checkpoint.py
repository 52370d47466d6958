"""Checkpoints as signed notes: the published example, round trips, and every kind of damage."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ledger.checkpoint import (
    Checkpoint,
    LogKey,
    Signer,
    parse,
    parse_vkey,
    root_text,
    sign_checkpoint,
    verify,
)
from kiosk.ledger.errors import CheckpointError
from kiosk.ledger.merkle import EMPTY_ROOT

# The verifier key in the tests of Go's golang.org/x/mod/sumdb/note.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

ORIGIN = "corner-shop/door-1"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = LogKey.of(ORIGIN, PRIVATE)
ROOT = bytes(range(100, 132))
NOTE = sign_checkpoint(ORIGIN, 7, ROOT, PRIVATE)
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
COSIGNATURE = "\u2014 hub.example/witness " + "A" * 102 + "==\n"


def test_a_published_verifier_key_reads_and_writes_back() -> None:
    key = parse_vkey(GO_VKEY)
    assert (key.name, key.key_id.hex(), key.encode()) == ("PeterNeumann", "c74f20a3", GO_VKEY)


def test_the_note_has_the_golden_bytes() -> None:
    text, _, signatures = NOTE.partition("\n\n")
    assert text == f"{ORIGIN}\n7\nZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM="
    assert re.fullmatch(rf"\u2014 {ORIGIN} [A-Za-z0-9+/]{{90,91}}={{0,2}}\n", signatures)


def test_a_root_is_shown_as_a_checkpoint_has_it() -> None:
    assert NOTE.splitlines()[2] == root_text(ROOT)


def test_a_signed_checkpoint_verifies() -> None:
    assert verify(NOTE, KEY) == parse(NOTE) == Checkpoint(ORIGIN, 7, ROOT)


def test_a_signer_signs_like_the_single_call() -> None:
    assert Signer(ORIGIN, PRIVATE).sign(7, ROOT) == NOTE


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_every_head_round_trips(size: int, root: bytes) -> None:
    note = sign_checkpoint(ORIGIN, size, root, PRIVATE)
    assert verify(note, parse_vkey(KEY.encode())) == Checkpoint(ORIGIN, size, root)


def test_the_empty_log_has_a_checkpoint() -> None:
    note = sign_checkpoint(ORIGIN, 0, EMPTY_ROOT, PRIVATE)
    assert verify(note, KEY).size == 0


def test_a_cosignature_of_a_stranger_is_ignored() -> None:
    assert verify(NOTE + COSIGNATURE, KEY).size == 7


def test_every_flipped_bit_of_a_note_is_caught() -> None:
    raw = NOTE.encode()
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CheckpointError):
            verify(changed.decode(errors="surrogateescape"), KEY)


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="empty"),
        pytest.param(NOTE[:-1], id="no final newline"),
        pytest.param(NOTE.replace("\n\n", "\n"), id="no empty line"),
        pytest.param(NOTE.replace("\n7\n", "\n07\n"), id="leading zero"),
        pytest.param(NOTE.replace("\n7\n", "\n-7\n"), id="negative"),
        pytest.param(NOTE.replace("\n7\n", "\n\u0667\n"), id="another script's digit"),
        pytest.param(NOTE.replace("\n7\n", f"\n{2**63}\n"), id="too large"),
        pytest.param(NOTE.replace("\n7\n", "\n" + "9" * 5000 + "\n"), id="far too large"),
        pytest.param(NOTE.replace("\n7\n", "\n0\n"), id="a root for the empty tree"),
        pytest.param(NOTE.replace("oM=", "oN="), id="second base64 spelling"),
        pytest.param(NOTE.replace("oM=", "oM"), id="base64 without padding"),
        pytest.param(NOTE.replace("\n7\n", "\n7\nAAAA\n"), id="short root, extension line"),
        pytest.param(NOTE.replace("\n\n", "\nextension\n\n"), id="extension line"),
        pytest.param(NOTE.replace("\u2014 ", "- "), id="no dash"),
        pytest.param(NOTE + "\u2014 name\n", id="signature line without signature"),
        pytest.param(NOTE + "\u2014 name AAAA\n", id="signature cut short"),
        pytest.param(NOTE + "\u2014 a+b AAAAAAAA\n", id="plus in a name"),
        pytest.param(NOTE + "\n", id="line too many"),
        pytest.param("\r" + NOTE, id="control character"),
        pytest.param(NOTE + COSIGNATURE * 600, id="too long"),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(CheckpointError):
        verify(note, KEY)


def test_another_logs_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not of 'corner-shop/door-1'"):
        verify(sign_checkpoint("corner-shop/door-2", 7, ROOT, PRIVATE), KEY)


def test_a_checkpoint_signed_by_a_stranger_under_the_same_name_is_refused() -> None:
    with pytest.raises(CheckpointError, match="0 signatures"):
        verify(sign_checkpoint(ORIGIN, 7, ROOT, OTHER), KEY)


def test_two_signatures_of_the_log_are_refused() -> None:
    with pytest.raises(CheckpointError, match="2 signatures"):
        verify(NOTE + NOTE.partition("\n\n")[2], KEY)


def test_a_signature_of_the_wrong_length_is_refused() -> None:
    head, _, line = NOTE.rpartition(" ")
    with pytest.raises(CheckpointError, match="is wrong"):
        verify(f"{head} {line[:60]}\n", KEY)


@pytest.mark.parametrize(
    "vkey",
    [
        pytest.param("", id="empty"),
        pytest.param("name", id="no plus"),
        pytest.param(GO_VKEY.replace("c74f20a3", "c74f20a4"), id="key id of another key"),
        pytest.param(GO_VKEY.replace("c74f20a3", "C74F20A3"), id="upper case"),
        pytest.param(GO_VKEY.replace("Neumann", "Neuman"), id="another name"),
        pytest.param(GO_VKEY.replace("+ARpc", "+BRpc"), id="not Ed25519"),
        pytest.param(GO_VKEY[:-4], id="cut short"),
        pytest.param("+c74f20a3+" + GO_VKEY.rpartition("+")[2], id="no name"),
        pytest.param("a b+c74f20a3+" + GO_VKEY.rpartition("+")[2], id="space in the name"),
        pytest.param("a" * 256 + "+c74f20a3+" + GO_VKEY.rpartition("+")[2], id="long name"),
        pytest.param("name+00000000+\u00e9\u00e9\u00e9\u00e9", id="not ASCII"),
    ],
)
def test_what_is_not_a_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(CheckpointError):
        parse_vkey(vkey)


@pytest.mark.parametrize("name", ["", "corner shop", "a+b", "tab\t", "line\n", "\x01"])
def test_a_log_cannot_have_a_name_that_notes_cannot_carry(name: str) -> None:
    with pytest.raises(CheckpointError, match="log name"):
        LogKey.of(name, PRIVATE)
