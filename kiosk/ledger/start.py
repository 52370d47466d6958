"""What is checked before a ledger is written to: is it ours, and is it what was signed?"""

import sqlite3
from pathlib import Path
from typing import Final

from kiosk.ledger import rows
from kiosk.ledger.audit import Scrub
from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.diagnosis import Finding, wrong_page
from kiosk.ledger.errors import LedgerCorruptError, LedgerError
from kiosk.ledger.merkle import EMPTY_ROOT, TILE_WIDTH, Frontier
from kiosk.ledger.schema import UNREADABLE, why
from kiosk.ledger.transaction import Book

REHASHED_AT_START: Final = 1024  # 10 ms; the scrub goes over the rest (reference/ledger section 3)


def pin_identity(connection: sqlite3.Connection, path: Path, key: LogKey, book: Book) -> None:
    """Write into a new ledger whose it is; refuse an existing one that is another's.

    Raises:
        LedgerError: Another origin, signing key or wrap key than the ledger was begun with.
    """
    ours = {"origin": key.name, "vkey": key.encode(), "wrap": book.customers.keyring.check}
    found = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    if not found:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", ours.items())
        note = book.signer.sign(0, EMPTY_ROOT)
        connection.execute("INSERT INTO checkpoint VALUES (0, ?)", (note,))
        connection.execute("COMMIT")
        return
    if found.get("origin") != key.name:
        raise LedgerError(
            f"{path}: the log of {found.get('origin')}, not of {key.name}; "
            "set shop and name back, or begin a new state directory"
        )
    for name, file in (("vkey", "log.key"), ("wrap", "wrap.key")):
        if found.get(name) != ours[name]:
            raise LedgerError(f"{path}: {file} is not this ledger's; restore the key it began with")


def check_start(connection: sqlite3.Connection, path: Path, key: LogKey) -> Frontier:
    """Return the stored head when everything agrees with it.

    Raises:
        LedgerCorruptError: Names the first index and what differs there.
    """
    try:
        head = rows.head(connection)
        finding = _first_finding(connection, head, key)
    except UNREADABLE as error:
        raise corrupt(path, f"pages damaged: {why(error)}") from error
    except LedgerCorruptError as error:
        raise corrupt(path, str(error)) from error
    if finding is not None:
        raise corrupt(path, str(finding))
    return head


def corrupt(path: Path, what: str) -> LedgerCorruptError:
    """Return the error that says what differs and what to do."""
    return LedgerCorruptError(f"{path}: {what}; restore a backup, or ask for kiosk ledger verify")


def _first_finding(connection: sqlite3.Connection, head: Frontier, key: LogKey) -> Finding | None:
    """Scrub the newest entries, standing on the tiles of the older; compare head and peers."""
    size = head.size
    (last,) = connection.execute("SELECT coalesce(max(idx), -1) FROM entry").fetchone()
    if last + 1 != size:
        first = min(last + 1, size)
        return Finding(first, "entry", f"is where {last + 1} entries meet a head of {size}")
    tiles = max(0, size - REHASHED_AT_START) // TILE_WIDTH
    since = rows.tiled(connection, 0, tiles)
    if since.size != tiles * TILE_WIDTH:
        return Finding(since.size, "tile", "is missing")
    finding = wrong_page(connection, "quick_check")
    scrub = Scrub(connection, key, since)
    while finding is None and not scrub.done:
        finding = scrub.step()
    return finding
