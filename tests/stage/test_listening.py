"""What a reader heard in a while: counts, strengths, and a floor above what rests there."""

import time
from collections.abc import Sequence

import pytest

from drivers.base import DeviceLostError, Health, TagRead
from kiosk.stage.listening import MARGIN_DB, listen

LISTENED_S = 0.05


class Reader:
    """A reader that hears what a test wrote down, a batch at each poll; None: it is unplugged."""

    name = "gate"

    def __init__(self, *batches: Sequence[tuple[bytes, int | None]] | None) -> None:
        self._batches = list(batches)
        self.is_open = False

    def open(self) -> None:
        """Open."""
        self.is_open = True

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Return the next batch; later ones are empty."""
        del timeout_s
        if not self._batches:
            return ()
        batch = self._batches.pop(0)
        if batch is None:
            raise DeviceLostError(self.name, "unplugged")
        return [TagRead(epc, time.monotonic(), self.name, rssi) for epc, rssi in batch]

    def close(self) -> None:
        """Close."""
        self.is_open = False

    def health(self) -> Health:
        """Return that all is well."""
        return Health(ok=True, detail="")


def test_each_tag_is_told_once_and_counted_with_its_weakest_and_strongest_read() -> None:
    told: list[str] = []
    reader = Reader([(b"\xab\xcd", -60), (b"\x01\x02", -50)], [(b"\xab\xcd", -64)])
    survey = listen(reader, LISTENED_S, lambda read: told.append(read.epc.hex()))
    assert told == ["abcd", "0102"]
    first, second = survey.tags
    assert (first.epc, first.reads, first.rssi_min, first.rssi_max) == ("ABCD", 2, -64, -60)
    assert (second.epc, second.reads, second.rssi_min, second.rssi_max) == ("0102", 1, -50, -50)
    assert survey.reads_per_s == 3 / LISTENED_S
    assert survey.advised_floor_dbm == -50 + MARGIN_DB
    assert not reader.is_open


def test_a_floor_is_never_above_what_a_floor_can_be() -> None:
    assert listen(Reader([(b"\x01\x02", -1)]), LISTENED_S).advised_floor_dbm == 0


@pytest.mark.parametrize("batch", [(), [(b"\x01\x02\x03\x04\x05", None)]], ids=["quiet", "fob"])
def test_without_any_strength_there_is_no_floor(batch: Sequence[tuple[bytes, int | None]]) -> None:
    survey = listen(Reader(batch), LISTENED_S)
    assert survey.advised_floor_dbm is None
    assert [tag.rssi_max for tag in survey.tags] == [None] * len(batch)


def test_a_reader_that_goes_away_is_closed() -> None:
    reader = Reader([(b"\x01\x02", -60)], None)
    with pytest.raises(DeviceLostError):
        listen(reader, LISTENED_S)
    assert not reader.is_open
