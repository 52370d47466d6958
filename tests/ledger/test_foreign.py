"""A tool that nobody here wrote accepts our log, and nothing that was changed (P5).

The peer is the package `aics-tlog`; it runs as a process of the interpreter that the variable
KIOSK_PEER_TLOG names, in an environment of its own.
"""

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.ledger.body import commitment
from kiosk.ledger.checkpoint import parse
from kiosk.ledger.export.tiles import export
from kiosk.ledger.merkle import consistency_proof, leaf_hash
from kiosk.ledger.proof import check_proof, prove
from kiosk.ledger.reader import LedgerReader
from tests.ledger.shelf import KEY, Shelf

VARIABLE = "KIOSK_PEER_TLOG"
PEER = os.environ.get(VARIABLE, "")
pytestmark = pytest.mark.skipif(not PEER, reason=f"{VARIABLE} names no interpreter with aics-tlog")

SIZE = 700
SCRIPT = r"""
import json, pathlib, sys
import aics_tlog as peer

def hashes(row):
    return [bytes.fromhex(step) for step in row]

def head(note, vkey):
    found = peer.verify_checkpoint(peer.parse_note(note), peer.parse_vkey(vkey))
    return found.ok and peer.parse_checkpoint(peer.parse_note(note).text)

def answer(ask):
    if ask["what"] == "checkpoint":
        return bool(head(ask["note"], ask["vkey"]))
    if ask["what"] == "inclusion":
        return peer.verify_leaf_inclusion(
            bytes.fromhex(ask["entry"]), ask["index"], ask["size"],
            hashes(ask["proof"]), bytes.fromhex(ask["root"]))
    if ask["what"] == "consistency":
        return peer.verify_consistency(
            ask["old"], ask["new"], bytes.fromhex(ask["old_root"]),
            bytes.fromhex(ask["new_root"]), hashes(ask["proof"]))
    place = pathlib.Path(ask["directory"])
    signed = head((place / "checkpoint").read_text("utf-8"), ask["vkey"])
    report = peer.audit_tiles(peer.FileSystemTileReader(place), signed.size, signed.root)
    return [report.size, report.tiles, report.bundles]

def safely(ask):
    try:
        return answer(ask)
    except (ValueError, peer.TileMissingError, peer.TileVerificationError):
        return False

json.dump([safely(ask) for ask in json.load(sys.stdin)], sys.stdout)
"""

Question = dict[str, Any]


def ask(questions: list[Question]) -> list[Any]:
    """What the peer answers, one for each question."""
    done = subprocess.run(
        [PEER, "-c", SCRIPT],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerReader]:
    """A log of two and a bit tiles, and a reader of it."""
    shelf = Shelf(tmp_path_factory.mktemp("foreign"))
    shelf.filled(SIZE, each=50).close()
    yield shelf.reader(None)
    shelf.close()


def inclusion(reader: LedgerReader, index: int) -> Question:
    text = prove(reader, index)
    proved = check_proof(text, KEY)
    steps = text.partition("\n\n")[0].split("\n")[3:]
    return {
        "what": "inclusion",
        "entry": commitment(proved.salt, proved.body).hex(),
        "index": index,
        "size": proved.checkpoint.size,
        "proof": [b64decode(step).hex() for step in steps],
        "root": proved.checkpoint.root.hex(),
    }


def consistency(reader: LedgerReader, old: int, new: int) -> Question:
    heads = [parse(reader.checkpoint(size) or "") for size in (old, new)]
    return {
        "what": "consistency",
        "old": old,
        "new": new,
        "old_root": heads[0].root.hex(),
        "new_root": heads[1].root.hex(),
        "proof": [step.hex() for step in consistency_proof(reader.span_root, old, new)],
    }


def flipped(text: str, bit: int) -> str:
    changed = bytearray.fromhex(text)
    changed[bit // 8] ^= 1 << bit % 8
    return changed.hex()


def mutants(question: Question) -> list[Question]:
    """The same question with one thing changed."""
    found: list[Question] = []
    for key, value in question.items():
        if key == "proof":
            for at, step in enumerate(value):
                found.append({**question, key: [*value[:at], *value[at + 1 :]]})
                found.append({**question, key: [*value[:at], step, *value[at:]]})
                found += [
                    {**question, key: [*value[:at], flipped(step, bit), *value[at + 1 :]]}
                    for bit in (0, 100, 255)
                ]
        elif key in {"entry", "root", "old_root", "new_root"}:
            found += [{**question, key: flipped(value, bit)} for bit in (0, 77, 255)]
        elif key in {"index", "old"}:
            found.append({**question, key: value + 1})
    return found


def test_p5_a_foreign_tool_accepts_every_signed_head(log: LedgerReader) -> None:
    notes = [note for _, note in log.checkpoints(-1, SIZE)]
    assert len(notes) == 15
    vkey = KEY.encode()
    asked = [{"what": "checkpoint", "note": note, "vkey": vkey} for note in notes]
    changed = [{**row, "note": row["note"].replace("\n\n", "\n", 1)} for row in asked]
    other = {**asked[3], "note": notes[3].replace("\n150\n", "\n151\n")}
    answers = ask([*asked, *changed, other])
    assert answers == [True] * 15 + [False] * 16


def test_p5_a_foreign_tool_accepts_our_inclusion_proofs_and_no_mutant(log: LedgerReader) -> None:
    questions = [inclusion(log, index) for index in (0, 1, 255, 256, 511, 512, 600, SIZE - 1)]
    changed = [mutant for question in questions for mutant in mutants(question)]
    answers = ask([*questions, *changed])
    assert answers == [True] * len(questions) + [False] * len(changed)
    assert len(changed) > 300


def test_p5_a_foreign_tool_accepts_our_consistency_proofs_and_no_mutant(
    log: LedgerReader,
) -> None:
    pairs = [(50, 100), (50, 700), (250, 300), (500, 550), (650, 700), (100, 700)]
    questions = [consistency(log, old, new) for old, new in pairs]
    changed = [mutant for question in questions for mutant in mutants(question)]
    answers = ask([*questions, *changed])
    assert answers == [True] * len(questions) + [False] * len(changed)
    assert len(changed) > 100


def test_p5_a_foreign_tool_audits_an_export_and_finds_every_change(
    log: LedgerReader, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    export(log, copy)
    question = {"what": "tiles", "directory": str(copy), "vkey": KEY.encode()}
    assert ask([question]) == [[SIZE, 4, 3]]
    files = sorted(path for path in (copy / "tile").rglob("*") if path.is_file())
    assert len(files) == 7
    for path in files:
        whole = path.read_bytes()
        changed = bytearray(whole)
        changed[len(whole) // 2] ^= 4
        path.write_bytes(changed)
        assert ask([question]) == [False], path
        path.write_bytes(whole)
    (copy / "tile/entries/001").unlink()
    assert ask([question]) == [False]


def test_the_entry_in_the_log_is_the_commitment_and_no_event(log: LedgerReader) -> None:
    (entry,) = log.entries(5, 1)
    made = commitment(entry.salt, entry.body)
    assert (len(made), leaf_hash(made)) == (57, entry.leaf)
    assert set(json.loads(made)) == {"c", "v"}
