"""A line hands bytes over in any pieces: whatever they are, a decoder says what it says of one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.rfid import em4100, m100
from drivers.rfid.em4100 import Em4100Decoder
from tests.drivers.rfid.test_m100 import pieces

TAG = m100.tag_params(bytes.fromhex("30751FEB705C5904E3D50D70"), -55)
CARD = bytes.fromhex("67003B51C6")


def uhf(framing: m100.Framing) -> tuple[bytes, ...]:
    """Whole frames, and beginnings that look like some."""
    notice = m100.encode(framing, m100.Command(m100.SINGLE, TAG), kind=m100.NOTICE)
    heartbeat = m100.encode(framing, m100.Command(m100.ERROR, b"\x15"), kind=m100.RESPONSE)
    header = bytes((framing.header,))
    return (notice, heartbeat, header, header * 3, header + b"\x02\x22\x00\xff", notice[:9])


def lf() -> tuple[bytes, ...]:
    """Whole frames in both forms, and beginnings that look like some."""
    short, long = em4100.encode(CARD), em4100.encode(CARD, crlf=True)
    return (short, long, em4100.START, em4100.END, short[:7], b"\r\n")


Make = Callable[[], m100.M100Decoder | Em4100Decoder]
LINES: list[Any] = [
    pytest.param(lambda: m100.M100Decoder(m100.BB), uhf(m100.BB), id="m100"),
    pytest.param(lambda: m100.M100Decoder(m100.AA), uhf(m100.AA), id="r200"),
    pytest.param(Em4100Decoder, lf(), id="em4100"),
]


def hurt(data: bytes, flips: Sequence[tuple[int, int]]) -> bytes:
    """The bytes with some bits flipped."""
    changed = bytearray(data)
    for place, bit in flips:
        if changed:
            changed[place % len(changed)] ^= 1 << bit
    return bytes(changed)


def at_rest(
    decoder: m100.M100Decoder | Em4100Decoder,
) -> tuple[Sequence[object], Mapping[str, int]]:
    """What was left in the decoder, and its counters, once the line is quiet."""
    left = decoder.flush() if isinstance(decoder, m100.M100Decoder) else ()
    return left, decoder.counters


@pytest.mark.parametrize(("make", "known"), LINES)
@given(data=st.data())
@settings(max_examples=200)
def test_any_bytes_in_any_split_give_what_one_block_gives(
    make: Make, known: tuple[bytes, ...], data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.sampled_from(known) | st.binary(max_size=40), max_size=12))
    flips = data.draw(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 7)), max_size=4))
    cuts = data.draw(st.lists(st.integers(0, 999), max_size=20))
    line = hurt(b"".join(parts), flips)
    block, split, single = make(), make(), make()
    whole = block.feed(line)
    assert [frame for piece in pieces(line, cuts) for frame in split.feed(piece)] == whole
    assert [frame for byte in line for frame in single.feed(bytes((byte,)))] == whole
    assert max(block.kept, split.kept, single.kept) < m100.MAX_FRAME
    assert at_rest(block) == at_rest(split) == at_rest(single)


@pytest.mark.parametrize(("make", "known"), LINES)
def test_a_line_that_never_ends_a_frame_fills_no_memory(
    make: Make, known: tuple[bytes, ...]
) -> None:
    decoder = make()
    for _ in range(200):
        for beginning in known[2:]:
            decoder.feed(beginning * 20)
            assert decoder.kept < m100.MAX_FRAME
