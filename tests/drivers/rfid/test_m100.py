"""The M100 and R200 frames: integrity end to end, any chunking, any noise."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.rfid import m100

EPC = bytes.fromhex("30751FEB705C5904E3D50D70")
PARAMS = m100.tag_params(EPC, -55)
SHIFTED = PARAMS[:3] + b"\x00" + PARAMS[3:-3] + PARAMS[-2:]
framings = st.sampled_from([m100.BB, m100.AA])
epcs = st.integers(1, m100.MAX_EPC_BYTES // 2).flatmap(
    lambda words: st.binary(min_size=2 * words, max_size=2 * words)
)
tags = st.lists(st.tuples(epcs.filter(any), st.integers(-128, 127)), min_size=1, max_size=8)


def notice(framing: m100.Framing, params: bytes) -> bytes:
    return m100.encode(framing, m100.Command(m100.SINGLE, params), kind=m100.NOTICE)


def heartbeat(framing: m100.Framing) -> bytes:
    return m100.encode(framing, m100.Command(m100.ERROR, b"\x15"), kind=m100.RESPONSE)


def epcs_of(frames: Sequence[m100.Frame]) -> list[bytes]:
    return [frame.tag.epc for frame in frames if frame.tag is not None]


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(framing=framings, read=tags, cuts=st.lists(st.integers(0, 10_000), max_size=30))
def test_any_chunking_gives_the_same_tags(
    framing: m100.Framing, read: list[tuple[bytes, int]], cuts: list[int]
) -> None:
    data = b"".join(
        notice(framing, m100.tag_params(epc, rssi)) + heartbeat(framing) for epc, rssi in read
    )
    whole = m100.M100Decoder(framing).feed(data)
    decoder = m100.M100Decoder(framing)
    assert [frame for piece in pieces(data, cuts) for frame in decoder.feed(piece)] == whole
    single = m100.M100Decoder(framing)
    assert [frame for byte in data for frame in single.feed(bytes((byte,)))] == whole
    assert [(f.tag.epc, f.tag.rssi_dbm) for f in whole if f.tag is not None] == read
    assert decoder.counters == single.counters
    assert decoder.counters["resyncs"] == 0


@given(framing=framings, read=tags, noise=st.lists(st.binary(max_size=40), min_size=9, max_size=9))
def test_noise_without_a_header_loses_no_frame(
    framing: m100.Framing, read: list[tuple[bytes, int]], noise: list[bytes]
) -> None:
    decoder = m100.M100Decoder(framing)
    got: list[m100.Frame] = []
    dropped = 0
    for (epc, rssi), junk in zip(read, noise, strict=False):
        clean = junk.replace(bytes((framing.header,)), b"")
        dropped += len(clean)
        got += decoder.feed(clean)
        got += decoder.feed(notice(framing, m100.tag_params(epc, rssi)))
    assert epcs_of(got) == [epc for epc, _ in read]
    assert decoder.counters["dropped_bytes"] == dropped


@given(
    framing=framings,
    read=tags,
    noise=st.lists(
        st.lists(st.sampled_from([0xBB, 0xAA, 0, 1, 2, 5, 0x22, 0x7E, 0xDD]), max_size=30),
        min_size=9,
        max_size=9,
    ),
)
def test_noise_with_headers_loses_no_frame_but_what_a_false_frame_swallowed(
    framing: m100.Framing, read: list[tuple[bytes, int]], noise: list[list[int]]
) -> None:
    decoder = m100.M100Decoder(framing)
    got: list[m100.Frame] = []
    for (epc, rssi), junk in zip(read, noise, strict=False):
        got += decoder.feed(bytes(junk))
        got += decoder.feed(notice(framing, m100.tag_params(epc, rssi)))
    got += decoder.flush()
    real = [epc for epc, _ in read]
    assume(decoder.counters["frames"] == len(epcs_of(got)))  # no frame but tags got through
    assert epcs_of(got) == real
    assert decoder.kept == 0


@given(framing=framings, junk=st.lists(st.binary(max_size=600), max_size=6))
def test_fuzz_never_raises_and_the_buffer_stays_bounded(
    framing: m100.Framing, junk: list[bytes]
) -> None:
    decoder = m100.M100Decoder(framing)
    for piece in junk:
        for frame in decoder.feed(piece):
            assert frame.tag is None or any(frame.tag.epc)
        assert decoder.kept <= 2 * m100.MAX_FRAME
    decoder.flush()
    assert decoder.kept == 0


@given(framing=framings, data=st.binary(min_size=1, max_size=80), at=st.integers(0, 79))
def test_fuzz_of_a_real_notice_never_gives_another_epc(
    framing: m100.Framing, data: bytes, at: int
) -> None:
    frame = notice(framing, m100.tag_params(EPC, -55))
    at %= len(frame)
    hurt = frame[:at] + data + frame[at + len(data) :]
    decoder = m100.M100Decoder(framing)
    assert set(epcs_of(decoder.feed(hurt) + decoder.flush())) <= {EPC}


def test_a_long_false_length_is_not_waited_for() -> None:
    decoder = m100.M100Decoder(m100.BB)
    false = bytes((0xBB, 0, 0x22, 0x7F, 0xFF))
    good = notice(m100.BB, m100.tag_params(EPC, -55))
    assert epcs_of(decoder.feed(false + good)) == [EPC]


def test_a_header_inside_a_payload_does_not_split_the_frame() -> None:
    epc = bytes.fromhex("BB7EBB02220011BB7EBB027E")
    decoder = m100.M100Decoder(m100.BB)
    assert epcs_of(decoder.feed(notice(m100.BB, m100.tag_params(epc, -40)))) == [epc]


@pytest.mark.parametrize(
    ("hurt", "counter"),
    [
        (PARAMS[:-1] + bytes((PARAMS[-1] ^ 1,)), "crc_errors"),
        (SHIFTED, "crc_errors"),
        (PARAMS[:1] + b"\x30" + PARAMS[2:-4] + PARAMS[-2:], "refused"),
        (PARAMS[:-1], "refused"),
        (PARAMS[:4], "refused"),
        (b"", "refused"),
        (m100.tag_params(b"", -50), "refused"),
        (m100.tag_params(bytes(12), -50), "refused"),
        (m100.tag_params(bytes(62), -50), "refused"),
    ],
    ids=["crc", "shifted", "pc-short", "cut", "tiny", "empty", "no-epc", "zeros", "long-zeros"],
)
def test_a_tag_that_is_not_whole_never_leaves_the_decoder(hurt: bytes, counter: str) -> None:
    decoder = m100.M100Decoder(m100.BB)
    frame = notice(m100.BB, hurt)
    good = notice(m100.BB, m100.tag_params(EPC, -55))
    assert epcs_of(decoder.feed(frame + good)) == [EPC]
    assert decoder.counters[counter] == 1
    assert decoder.counters["frames"] == 2


def test_the_mutant_without_the_tag_crc_lets_a_shifted_uid_through() -> None:
    """The same bytes, read by a decoder that trusts the 8-bit sum alone, give a tag nobody has."""
    frame = notice(m100.BB, SHIFTED)

    def sum_only(data: bytes) -> list[bytes]:
        return [data[8:-4]] if sum(data[1:-2]) & 0xFF == data[-2] else []

    assert sum_only(frame) == [b"\x00" + EPC[:-1]]
    assert m100.M100Decoder(m100.BB).feed(frame) == []


def test_a_bad_frame_costs_one_resync_and_the_next_one_is_read() -> None:
    good = notice(m100.BB, m100.tag_params(EPC, -55))
    bad = good[:-2] + bytes((good[-2] ^ 0x55, good[-1]))
    decoder = m100.M100Decoder(m100.BB)
    assert epcs_of(decoder.feed(good + bad + good)) == [EPC, EPC]
    assert decoder.counters["checksum_errors"] == 1
    assert decoder.counters["resyncs"] == 1
    assert decoder.counters["dropped_bytes"] == len(bad)


def test_a_cut_frame_is_given_up_when_the_line_goes_quiet() -> None:
    good = notice(m100.BB, m100.tag_params(EPC, -55))
    decoder = m100.M100Decoder(m100.BB)
    assert decoder.feed(good[:9] + heartbeat(m100.BB)) == []
    (frame,) = decoder.flush()
    assert frame.error_code == m100.NO_TAG


def test_the_tag_crc_has_the_check_value_of_genibus() -> None:
    assert m100.tag_crc(b"123456789") == 0xD64E


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (m100.get_info(), "BB0003000100047E"),
        (m100.single_inventory(), "BB00220000227E"),
        (m100.multi_inventory(10_000), "BB00270003222710837E"),
        (m100.multi_inventory(), "BB0027000322FFFF4A7E"),
        (m100.stop_inventory(), "BB00280000287E"),
        (m100.set_region("CN900"), "BB0007000101097E"),
        (m100.set_region("US"), "BB00070001020A7E"),
        (m100.set_region("EU"), "BB00070001030B7E"),
        (m100.set_power(20), "BB00B6000207D08F7E"),
        (m100.set_query(4), "BB000E00021020407E"),
        (m100.never_sleep(), "BB001D0001001E7E"),
    ],
)
def test_a_command_has_the_bytes_of_the_manual(command: m100.Command, expected: str) -> None:
    assert m100.encode(m100.BB, command).hex().upper() == expected


@given(q=st.integers(0, 15), session=st.integers(0, 3))
def test_a_query_word_reads_back(q: int, session: int) -> None:
    word = m100.set_query(q, session).params
    assert m100.query_of(word) == {"session": session, "target": "A", "q": q}
