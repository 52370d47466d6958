"""The Merkle tree of RFC 6962: growing it, proving with it, checking proofs.

Pure: hashes go in, hashes come out. Where the leaves lie is the caller's business: proofs ask
for the roots of spans, so that a store can answer from tiles instead of from every leaf.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32  # SHA-256
EMPTY_ROOT: Final = sha256(b"").digest()  # RFC 6962 section 2.1: the hash of an empty list
TILE_LEVEL: Final = 8  # C2SP tlog-tiles: a tile is 2^8 hashes wide
TILE_WIDTH: Final = 1 << TILE_LEVEL

SpanRoot = Callable[[int, int], bytes]
"""Root of the leaves `start` up to, not including, `end`, as a tree of its own."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one log entry (RFC 6962 section 2.1: prefix 0x00)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side (prefix 0x01)."""
    return sha256(b"\x01" + left + right).digest()


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a full row of hashes; their number is a power of two."""
    level = hashes
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return level[0]


class Frontier:
    """The right edge of a tree: enough to append and to know the root, in 32 log2(n) bytes.

    Attributes:
        size: How many leaves the tree has.
        peaks: Roots of the full subtrees from left to right, the largest first.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if size < 0 or len(self.peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves cannot have {len(self.peaks)} peaks")

    @classmethod
    def from_bytes(cls, size: int, stored: bytes) -> "Frontier":
        """Return the frontier that `to_bytes` stored; ValueError when the length is wrong."""
        if len(stored) % HASH_BYTES:
            raise ValueError(f"a frontier of {len(stored)} bytes is not a row of hashes")
        starts = range(0, len(stored), HASH_BYTES)
        return cls(size, (stored[at : at + HASH_BYTES] for at in starts))

    def to_bytes(self) -> bytes:
        """Return the peaks as one row of bytes."""
        return b"".join(self.peaks)

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own."""
        return Frontier(self.size, self.peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add one leaf hash; return the subtrees it completes: itself, then 2, 4, 8 ... leaves."""
        complete = [leaf]
        size = self.size
        while size & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            complete.append(leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1
        return complete

    def append_subtree(self, level: int, root: bytes) -> None:
        """Add a full subtree of 2^level leaves; ValueError unless the size is a multiple of it."""
        if self.size % (1 << level):
            raise ValueError(f"a subtree of level {level} does not fit at {self.size}")
        size = self.size >> level
        while size & 1:
            root = node_hash(self.peaks.pop(), root)
            size >>= 1
        self.peaks.append(root)
        self.size += 1 << level

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def span_roots(leaves: Sequence[bytes]) -> SpanRoot:
    """Return the span roots of leaf hashes that lie in memory."""

    def root(start: int, end: int) -> bytes:
        """Return the root of the leaves from `start` to before `end`."""
        frontier = Frontier()
        for index in range(start, end):
            frontier.append(leaves[index])
        return frontier.root()

    return root


def inclusion_proof(roots: SpanRoot, index: int, size: int) -> list[bytes]:
    """Return the path from leaf `index` to the root of the first `size` leaves, leaf side first.

    Every leaf lies in at most one of the spans that are asked for.

    Raises:
        ValueError: There is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(roots(middle, end))
            end = middle
        else:
            path.append(roots(start, middle))
            start = middle
    return path[::-1]


def consistency_proof(roots: SpanRoot, old: int, new: int) -> list[bytes]:
    """Return the proof that the first `old` of `new` leaves are the old tree; [] when equal.

    Raises:
        ValueError: Unless 0 < old <= new: the empty tree is a prefix of all and proves nothing.
    """
    if not 0 < old <= new:
        raise ValueError(f"no proof leads from size {old} to {new}")
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(roots(middle, end))
            end = middle
        else:
            path.append(roots(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(roots(start, end))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether `proof` leads from the leaf hash at `index` to `root` (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether `proof` shows the old tree to be a prefix of the new (RFC 9162 2.1.4.2).

    From the empty tree only an empty proof is accepted, and only its own root.
    """
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root and (old > 0 or old_root == EMPTY_ROOT)
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    steps = list(proof)
    if old & (old - 1) == 0:  # the old tree is itself a node of the new one
        steps.insert(0, old_root)
    return bool(steps) and _climb(old, new, steps) == (old_root, new_root)


def _climb(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the old and the new root that the steps lead to, None when their number is wrong."""
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = new_found = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            old_found, new_found = node_hash(step, old_found), node_hash(step, new_found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_found = node_hash(new_found, step)
        node, last = node >> 1, last >> 1
    return (old_found, new_found) if last == 0 else None


def _split(size: int) -> int:
    """Return the largest power of two below `size` (RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1
