"""The frames of 125 kHz card readers: both forms, any chunking, any noise."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.rfid.em4100 import MAX_FRAME, Card, Em4100Decoder, encode

card_bytes = st.binary(min_size=5, max_size=5).filter(any)
CARD = bytes.fromhex("67003B51C6")


@given(
    cards=st.lists(st.tuples(card_bytes, st.booleans()), min_size=1, max_size=6),
    size=st.integers(1, 40),
)
def test_any_chunking_gives_the_same_cards_in_both_forms(
    cards: list[tuple[bytes, bool]], size: int
) -> None:
    data = b"".join(encode(card, crlf=crlf) for card, crlf in cards)
    decoder = Em4100Decoder()
    got = [
        card.data for at in range(0, len(data), size) for card in decoder.feed(data[at : at + size])
    ]
    assert got == [card for card, _ in cards]
    assert decoder.counters["dropped_bytes"] == 0


@given(
    cards=st.lists(card_bytes, min_size=1, max_size=6),
    noise=st.lists(
        st.lists(st.integers(0, 255).filter(lambda byte: byte != 3), max_size=30), min_size=6
    ),
)
def test_noise_loses_no_card_even_with_start_bytes_in_it(
    cards: list[bytes], noise: list[list[int]]
) -> None:
    decoder = Em4100Decoder()
    got: list[Card] = []
    for card, junk in zip(cards, noise, strict=False):
        got += decoder.feed(bytes(junk))
        got += decoder.feed(encode(card))
    assert [each.data for each in got] == cards


@given(st.lists(st.binary(max_size=100), max_size=6))
def test_fuzz_never_raises_and_the_buffer_stays_bounded(junk: list[bytes]) -> None:
    decoder = Em4100Decoder()
    for piece in junk:
        assert all(any(card.data) for card in decoder.feed(piece))
        assert decoder.kept < MAX_FRAME


def test_a_card_of_zeros_never_leaves_the_decoder() -> None:
    decoder = Em4100Decoder()
    assert decoder.feed(encode(bytes(5)) + encode(CARD)) == [Card(CARD)]
    assert decoder.counters["refused"] == 1


def test_a_start_without_an_end_is_given_up_after_the_longest_frame() -> None:
    decoder = Em4100Decoder()
    assert decoder.feed(b"\x02" + b"6" * 20) == []
    assert decoder.counters["length_errors"] == 1
    assert decoder.feed(encode(CARD)) == [Card(CARD)]
    assert decoder.counters["resyncs"] == 1


def test_version_and_number_are_those_printed_on_the_card() -> None:
    assert (Card(CARD).version, Card(CARD).number) == (0x67, 3887558)


def test_two_halves_of_two_cards_with_a_pause_between_are_no_third_card() -> None:
    other = bytes.fromhex("67003BA86C")
    decoder = Em4100Decoder()
    assert decoder.feed(encode(CARD)[:9]) == []
    decoder.forget()
    assert decoder.feed(encode(CARD)[9:] + encode(other)) == [Card(other)]
    assert decoder.counters["dropped_bytes"] == len(encode(CARD))
