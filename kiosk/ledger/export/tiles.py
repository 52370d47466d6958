"""A log as a tree of static files (C2SP tlog-tiles v0.1.0), for any web server and any auditor.

The entries are the 57-byte commitments: the copy shows that the log was never changed, and
nothing of what it says.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kiosk.ledger.body import commitment
from kiosk.ledger.checkpoint import parse
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.merkle import TILE_WIDTH, leaf_hash, tile_root
from kiosk.ledger.reader import LedgerReader

KEY_FILE: Final = "log.vkey"
CHECKPOINT_FILE: Final = "checkpoint"
_GROUP: Final = 1000


def export(
    reader: LedgerReader, directory: Path, progress: Callable[[str], None] | None = None
) -> int:
    """Write the log into an empty directory; return its size.

    Args:
        reader: The log.
        directory: Made when it is not there.
        progress: Called with the name of every file once it is written.

    Raises:
        LedgerError: The directory holds something already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise LedgerError(f"{directory}: not empty; name a new directory")
    note = reader.checkpoint() or ""
    size = parse(note).size
    (directory / KEY_FILE).write_text(reader.key.encode() + "\n", encoding="utf-8")
    for name, content in tile_files(reader, size):
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        if progress is not None:
            progress(name)
    # Last, so that a copy cut short has no head to be believed by.
    (directory / CHECKPOINT_FILE).write_text(note, encoding="utf-8")
    return size


def tile_files(reader: LedgerReader, size: int) -> Iterator[tuple[str, bytes]]:
    """Yield every file under `tile/` of a log of this size, as name and content."""
    roots: list[bytes] = []
    for start in range(0, size, TILE_WIDTH):
        found = reader.entries(start, min(TILE_WIDTH, size - start))
        entries = [commitment(entry.salt, entry.body) for entry in found]
        hashes = [leaf_hash(entry) for entry in entries]
        name = tile_name(start // TILE_WIDTH, len(found))
        framed = (struct.pack(">H", len(entry)) + entry for entry in entries)
        yield f"tile/entries/{name}", b"".join(framed)
        yield f"tile/0/{name}", b"".join(hashes)
        if len(hashes) == TILE_WIDTH:
            roots.append(tile_root(hashes))
    yield from upper_tiles(roots)


def upper_tiles(roots: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the tiles above the leaves, from the roots of the full tiles of leaves."""
    level = 1
    while roots:
        above: list[bytes] = []
        for start in range(0, len(roots), TILE_WIDTH):
            row = roots[start : start + TILE_WIDTH]
            yield f"tile/{level}/{tile_name(start // TILE_WIDTH, len(row))}", b"".join(row)
            if len(row) == TILE_WIDTH:
                above.append(tile_root(row))
        roots, level = above, level + 1


def tile_name(number: int, width: int = TILE_WIDTH) -> str:
    """Return a tile's path: groups of three digits, all but the last marked; `.p/W` if partial."""
    name = f"{number % _GROUP:03d}"
    while number >= _GROUP:
        number //= _GROUP
        name = f"x{number % _GROUP:03d}/{name}"
    return name if width == TILE_WIDTH else f"{name}.p/{width}"
