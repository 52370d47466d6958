"""The Merkle tree against published vectors, against itself, and against tampering."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    SpanRoot,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    span_roots,
    verify_consistency,
    verify_inclusion,
)

# The eight-leaf test tree of the Certificate Transparency project (RFC 6962 reference code).
CT_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = [  # (index, size, path)
    (0, 1, []),
    (0, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (5, 8, [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip
CT_CONSISTENCY = [  # (old, new, path)
    (1, 1, []),
    (1, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (6, 8, [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (2, 5, [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"entry %d" % index) for index in range(count)]


def root_of(hashes: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, written a second time and slowly."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return sha256(b"\x01" + root_of(hashes[:half]) + root_of(hashes[half:])).digest()


def ct_roots() -> SpanRoot:
    return span_roots([leaf_hash(entry) for entry in CT_LEAVES])


def unhex(path: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in path]


def test_the_empty_tree_has_the_root_of_the_standard() -> None:
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root() == EMPTY_ROOT == bytes.fromhex(expected)


def test_every_prefix_of_the_published_tree_has_the_published_root() -> None:
    frontier = Frontier()
    for entry, expected in zip(CT_LEAVES, CT_ROOTS, strict=True):
        frontier.append(leaf_hash(entry))
        assert frontier.root().hex() == expected


@pytest.mark.parametrize(("index", "size", "path"), CT_INCLUSION)
def test_inclusion_paths_are_the_published_ones(index: int, size: int, path: list[str]) -> None:
    assert inclusion_proof(ct_roots(), index, size) == unhex(path)
    root = bytes.fromhex(CT_ROOTS[size - 1])
    assert verify_inclusion(leaf_hash(CT_LEAVES[index]), index, size, unhex(path), root)


@pytest.mark.parametrize(("old", "new", "path"), CT_CONSISTENCY)
def test_consistency_paths_are_the_published_ones(old: int, new: int, path: list[str]) -> None:
    assert consistency_proof(ct_roots(), old, new) == unhex(path)
    first, second = bytes.fromhex(CT_ROOTS[old - 1]), bytes.fromhex(CT_ROOTS[new - 1])
    assert verify_consistency(old, new, first, second, unhex(path))


@given(st.integers(0, 70))
def test_a_frontier_knows_the_root_of_the_definition(size: int) -> None:
    frontier = Frontier()
    for leaf in leaves(size):
        frontier.append(leaf)
    assert frontier.root() == root_of(leaves(size))
    assert Frontier.from_bytes(size, frontier.to_bytes()).root() == frontier.root()


def test_append_returns_every_subtree_that_it_completes() -> None:
    hashes, frontier = leaves(8), Frontier()
    complete = [frontier.append(leaf) for leaf in hashes]
    assert [len(row) for row in complete] == [1, 2, 1, 3, 1, 2, 1, 4]
    assert complete[3] == [hashes[3], root_of(hashes[2:4]), root_of(hashes[:4])]
    assert complete[7][-1] == root_of(hashes)


@given(st.integers(0, 5), st.integers(0, 9))
def test_subtrees_append_like_their_leaves(tiles: int, tail: int) -> None:
    hashes = leaves(4 * tiles + tail)
    frontier = Frontier()
    for tile in range(tiles):
        frontier.append_subtree(2, root_of(hashes[4 * tile : 4 * tile + 4]))
    for leaf in hashes[4 * tiles :]:
        frontier.append(leaf)
    assert (frontier.size, frontier.root()) == (len(hashes), root_of(hashes))


def test_a_subtree_fits_only_at_a_multiple_of_its_width() -> None:
    with pytest.raises(ValueError, match="does not fit at 1"):
        Frontier(1, leaves(1)).append_subtree(1, leaves(1)[0])


def test_a_copied_frontier_grows_alone() -> None:
    frontier = Frontier(1, leaves(1))
    frontier.copy().append(leaves(2)[1])
    assert (frontier.size, frontier.peaks) == (1, leaves(1))


@pytest.mark.parametrize(("size", "stored"), [(1, b""), (0, bytes(32)), (3, bytes(33)), (-1, b"")])
def test_a_frontier_of_the_wrong_length_is_refused(size: int, stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"a (tree|frontier) of"):
        Frontier.from_bytes(size, stored)


@given(st.data(), st.integers(1, 200))
def test_every_leaf_is_proved_in_every_tree(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = inclusion_proof(span_roots(hashes), index, size)
    assert verify_inclusion(hashes[index], index, size, proof, root_of(hashes))


@given(st.data(), st.integers(1, 200))
def test_every_prefix_is_proved_in_every_tree(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new))
    hashes = leaves(new)
    proof = consistency_proof(span_roots(hashes), old, new)
    assert verify_consistency(old, new, root_of(hashes[:old]), root_of(hashes), proof)


@given(st.data(), st.integers(1, 120))
def test_a_mutated_inclusion_proof_is_rejected(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof, root = inclusion_proof(span_roots(hashes), index, size), root_of(hashes)
    mutant = data.draw(mutants(proof))
    assert mutant == proof or not verify_inclusion(hashes[index], index, size, mutant, root)
    other = data.draw(st.integers(-1, size + 1))
    assert other == index or not verify_inclusion(hashes[index], other, size, proof, root)
    assert not verify_inclusion(flip(hashes[index], 3), index, size, proof, root)
    assert not verify_inclusion(hashes[index], index, size, proof, flip(root, 250))


@given(st.data(), st.integers(1, 120))
def test_a_mutated_consistency_proof_is_rejected(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new))
    hashes = leaves(new)
    proof = consistency_proof(span_roots(hashes), old, new)
    first, second = root_of(hashes[:old]), root_of(hashes)
    mutant = data.draw(mutants(proof))
    assert mutant == proof or not verify_consistency(old, new, first, second, mutant)
    assert not verify_consistency(old, new, flip(first, 9), second, proof)
    assert not verify_consistency(old, new, first, flip(second, 9), proof)


def test_the_empty_tree_is_a_prefix_of_all_by_an_empty_proof_alone() -> None:
    root = root_of(leaves(3))
    assert verify_consistency(0, 3, EMPTY_ROOT, root, [])
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(0, 3, EMPTY_ROOT, root, [root])
    assert not verify_consistency(0, 3, root, root, [])
    assert not verify_consistency(0, 0, root, root, [])


@pytest.mark.parametrize(("old", "new"), [(3, 2), (-1, 2)])
def test_a_tree_that_shrank_is_no_consistent_tree(old: int, new: int) -> None:
    assert not verify_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, [])


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(span_roots(leaves(3)), index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_proof_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no proof leads"):
        consistency_proof(span_roots(leaves(4)), old, new)


def test_a_proof_reads_each_leaf_at_most_once() -> None:
    hashes, asked = leaves(1000), [0] * 1000
    inner = span_roots(hashes)

    def counted(start: int, end: int) -> bytes:
        for index in range(start, end):
            asked[index] += 1
        return inner(start, end)

    inclusion_proof(counted, 400, 1000)
    assert max(asked) == 1
    consistency_proof(counted, 333, 1000)
    assert max(asked) == 2


def test_nodes_and_leaves_are_hashed_apart() -> None:
    left, right = leaves(2)
    assert leaf_hash(b"\x01" + left + right) != node_hash(left, right)
    assert leaf_hash(left + right) != node_hash(left, right)


def flip(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@st.composite
def mutants(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """The proof with one bit flipped, a step lost, doubled or swapped, or one added."""
    mutant = list(proof)
    at = draw(st.integers(0, max(len(proof) - 1, 0)))
    match draw(st.sampled_from(["flip", "drop", "double", "swap", "add"])) if proof else "add":
        case "flip":
            mutant[at] = flip(mutant[at], draw(st.integers(0, 255)))
        case "drop":
            del mutant[at]
        case "double":
            mutant.insert(at, mutant[at])
        case "swap":
            mutant[at], mutant[-1] = mutant[-1], mutant[at]
        case _:
            mutant.append(draw(st.binary(min_size=32, max_size=32)))
    return mutant
