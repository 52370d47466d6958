"""Arrivals and departures from reads that repeat."""

from drivers.base import TagRead
from drivers.rfid.presence import Arrived, Left, Presence


def read(epc: bytes, at: float) -> TagRead:
    return TagRead(epc, at, "reader")


def test_a_repeating_card_arrives_once_and_leaves_once() -> None:
    presence = Presence(hold_s=0.3)
    first = read(b"A", 0.0)
    assert presence.update([first], 0.0) == [Arrived(first)]
    assert presence.update([read(b"A", 0.065), read(b"A", 0.13)], 0.13) == []
    assert presence.present == {b"A"}
    assert presence.update([], 0.42) == []
    assert presence.update([], 0.43) == [Left(b"A", 0.13)]
    assert presence.present == frozenset()


def test_a_tag_below_the_wanted_reads_neither_arrives_nor_leaves() -> None:
    presence = Presence(hold_s=1.0, min_reads=3)
    assert presence.update([read(b"A", 0.0), read(b"A", 0.1)], 0.1) == []
    assert presence.present == frozenset()
    assert presence.update([], 2.0) == []
    third = read(b"B", 2.2)
    assert presence.update([read(b"B", 2.0), read(b"B", 2.1), third], 2.2) == [Arrived(third)]
