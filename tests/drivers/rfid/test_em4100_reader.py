"""The real card-reader driver on a pseudo terminal."""

import os
import time
import tty
from collections.abc import Callable

import pytest

from drivers.base import DeviceLostError, TagRead
from drivers.rfid.em4100 import encode
from drivers.rfid.em4100_reader import QUIET_S, Em4100Reader
from drivers.sim.rfid import SimReader
from tests.patience import patient_s

CARD = "67003B51C6"
Close = Callable[[object], None]


@pytest.mark.parametrize("protocol", ["rdm6300", "id12la"])
def test_a_card_is_read_as_its_five_bytes_and_repeats(protocol: str, closing: Close) -> None:
    reader = SimReader("staff", {"protocol": protocol})
    closing(reader)
    reader.obey({"do": "enter", "epcs": [CARD]})
    reader.open()
    read: list[TagRead] = []
    end = time.monotonic() + patient_s(5)
    while len(read) < 4 and time.monotonic() < end:
        read += reader.poll(0.1)
    assert len(read) >= 4
    assert {each.epc.hex().upper() for each in read} == {CARD}
    assert {(each.tech, each.rssi_dbm) for each in read} == {("lf", None)}
    assert reader.health().counters["reads"] == len(read)


def test_two_cards_at_once_give_none_for_there_is_no_anticollision(closing: Close) -> None:
    reader = SimReader("staff", {"protocol": "rdm6300"})
    closing(reader)
    reader.obey({"do": "enter", "epcs": [CARD, "67003BA86C"]})
    reader.open()
    assert [read for _ in range(3) for read in reader.poll(0.1)] == []


def test_a_card_with_a_bad_checksum_or_of_zeros_is_not_read(
    closing: Close, until: Callable[..., None]
) -> None:
    reader = SimReader("staff", {"protocol": "rdm6300"})
    closing(reader)
    reader.obey({"do": "enter", "epcs": [CARD]})
    reader.obey({"do": "bad_checksum", "frames": 2})
    reader.open()
    epcs: set[bytes] = set()

    def spoiled() -> bool:
        epcs.update(read.epc for read in reader.poll(0.1))
        return reader.health().counters["checksum_errors"] >= 2

    until(spoiled)
    reader.obey({"do": "zeros", "frames": 2})

    def refused() -> bool:
        epcs.update(read.epc for read in reader.poll(0.1))
        return reader.health().counters["refused"] >= 2

    until(refused)
    assert epcs <= {bytes.fromhex(CARD)}


def test_health_is_honest_about_a_reader_without_a_heartbeat(closing: Close) -> None:
    reader = SimReader("staff", {"protocol": "rdm6300"})
    closing(reader)
    assert not reader.health().ok
    reader.open()
    health = reader.health()
    assert health.ok
    assert "silent without a card" in health.detail
    assert health.last_seen is None


def test_a_reader_that_is_not_open_is_lost() -> None:
    with pytest.raises(DeviceLostError):
        Em4100Reader("staff", {"port": "/dev/nowhere"}).poll(0)


@pytest.mark.parametrize("again", [True, False], ids=["opened again", "after a pause"])
def test_half_a_frame_is_never_completed_by_what_comes_later(
    closing: Close, *, again: bool
) -> None:
    now = 100.0
    frame = encode(bytes.fromhex(CARD))
    master, slave = os.openpty()
    tty.setraw(slave)
    reader = Em4100Reader("staff", {"port": os.ttyname(slave)}, lambda: now)
    closing(reader)
    reader.open()
    os.write(master, frame[:8])
    assert reader.poll(0.2) == []
    if again:
        reader.open()
    else:
        now += 2 * QUIET_S
        assert reader.poll(0) == []
    os.write(master, frame[8:] + frame)
    assert [read.epc.hex().upper() for read in reader.poll(0.2)] == [CARD]
    reader.close()
    os.close(slave)
    os.close(master)
