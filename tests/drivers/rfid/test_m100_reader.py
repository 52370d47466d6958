"""The real M100 driver on a pseudo terminal with a module that speaks real frames."""

import os
import threading
import time
import tty
from collections.abc import Callable

import pytest

from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError, TagRead
from drivers.rfid import m100
from drivers.rfid.m100_reader import M100Reader
from drivers.sim.rfid import SimReader
from drivers.sim.rfid_mind import M100Mind
from tests.patience import patient_s

TAGS = ["30751FEB705C5904E3D50D70", "E20010710000529B0940B402", "3034257BF7194E4000001A85"]
Close = Callable[[object], None]


def sim(options: dict[str, object] | None = None) -> SimReader:
    return SimReader("exit", {"port": "sim:", "region": "EU", "power_dbm": 20, **(options or {})})


def gather(reader: SimReader, seconds: float) -> list[TagRead]:
    reads: list[TagRead] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        reads += reader.poll(0.1)
    return reads


@pytest.mark.parametrize("protocol", ["m100", "r200"])
def test_every_tag_in_the_field_is_read_with_strength_and_time(
    protocol: str, closing: Close
) -> None:
    reader = sim({"protocol": protocol})
    closing(reader)
    reader.obey({"do": "enter", "epcs": TAGS, "rssi_dbm": -48})
    began = time.monotonic()
    reader.open()
    reads = gather(reader, 0.4)
    assert 'its module calls itself "M100 26dBm V1.0"' in reader.health().detail
    assert {read.epc.hex().upper() for read in reads} == set(TAGS)
    assert all(read.reader == "exit" and read.tech == "uhf" for read in reads)
    assert all(began <= read.at <= time.monotonic() for read in reads)
    assert all(read.rssi_dbm is not None and -50 <= read.rssi_dbm <= -46 for read in reads)
    assert [read.at for read in reads] == sorted(read.at for read in reads)


def test_settings_are_applied_at_every_open(closing: Close) -> None:
    reader = sim({"q": 6})
    closing(reader)
    for _ in range(2):
        reader.open()
        assert isinstance(reader.mind, M100Mind)
        assert reader.mind.settings[m100.REGION] == b"\x03"
        assert reader.mind.settings[m100.QUERY] == b"\x10\x30"
        reader.close()
        reader.mind.reboot()


def test_a_rebooted_module_gets_its_settings_back_without_being_lost(
    closing: Close, until: Callable[..., None]
) -> None:
    reader = sim()
    closing(reader)
    reader.open()
    mind = reader.mind
    assert isinstance(mind, M100Mind)
    reader.obey({"do": "reboot"})

    def restored() -> bool:
        reader.poll(0.05)
        return len(mind.settings) == 4

    until(restored)
    assert reader.health().counters["rearms"] == 1


def test_a_silent_module_is_lost_in_bounded_time_and_found_again(closing: Close) -> None:
    reader = sim({"silence_s": 0.6})
    closing(reader)
    reader.open()
    gather(reader, 0.1)
    reader.obey({"do": "silence"})
    began = time.monotonic()
    with pytest.raises(DeviceLostError, match=r"exit: silent for more than 0\.6 s"):
        gather(reader, 5)
    assert time.monotonic() - began < patient_s(1.2)
    reader.close()
    with pytest.raises(DeviceUnavailableError, match="no M100 or R200 module answers"):
        reader.open()
    reader.obey({"do": "resume"})
    reader.open()
    gather(reader, 0.1)
    assert reader.health().ok


def test_a_quiet_field_is_no_lost_reader(closing: Close) -> None:
    reader = sim({"silence_s": 0.3})
    closing(reader)
    reader.open()
    assert gather(reader, 1.0) == []
    health = reader.health()
    assert health.ok
    assert health.counters["heartbeats"] > 10
    assert health.counters["rearms"] == 0


def test_a_refused_region_is_a_configuration_error_with_the_code(closing: Close) -> None:
    reader = sim()
    closing(reader)
    assert isinstance(reader.mind, M100Mind)
    reader.mind.refuses = frozenset((m100.REGION,))
    with pytest.raises(DeviceConfigError, match=r"refuses region \(code 17"):
        reader.open()
    reader.mind.refuses = frozenset()
    reader.open()
    reader.mind.refuses = frozenset((m100.POWER,))
    reader.obey({"do": "reboot"})
    with pytest.raises(DeviceLostError, match="refuses its settings"):
        gather(reader, 3)


@pytest.mark.parametrize(
    ("fault", "counter"),
    [
        ("noise", "dropped_bytes"),
        ("bad_checksum", "checksum_errors"),
        ("bad_crc", "crc_errors"),
        ("shifted", "crc_errors"),
        ("zeros", "refused"),
        ("split", "reads"),
    ],
)
def test_a_fault_on_the_wire_is_counted_and_never_gives_a_tag_that_is_not_there(
    fault: str, counter: str, closing: Close, until: Callable[..., None]
) -> None:
    reader = sim()
    closing(reader)
    reader.obey({"do": "enter", "epcs": TAGS})
    reader.open()
    reader.obey({"do": fault, "frames": 12})
    epcs: set[str] = set()

    def seen() -> bool:
        epcs.update(read.epc.hex().upper() for read in reader.poll(0.1))
        return reader.health().counters[counter] >= 12 and epcs == set(TAGS)

    until(seen)
    assert epcs == set(TAGS)
    assert reader.health().ok


def test_reads_below_the_floor_are_dropped_and_counted(
    closing: Close, until: Callable[..., None]
) -> None:
    reader = sim({"rssi_floor_dbm": -60, "q": None, "baud": None, "region": None})
    closing(reader)
    reader.obey({"do": "enter", "epcs": TAGS[:1], "rssi_dbm": -50})
    reader.obey({"do": "enter", "epcs": TAGS[1:], "rssi_dbm": -70})
    reader.open()
    epcs: set[str] = set()

    def weak() -> bool:
        epcs.update(read.epc.hex().upper() for read in reader.poll(0.1))
        return reader.health().counters["below_floor"] >= 20

    until(weak)
    assert epcs == set(TAGS[:1])


def test_a_reader_that_is_not_open_is_lost_and_health_says_closed() -> None:
    reader = M100Reader("exit", {"port": "/dev/nowhere"})
    with pytest.raises(DeviceLostError, match="not open"):
        reader.poll(0)
    assert reader.health().detail == "closed"
    assert not reader.health().ok


def test_a_port_where_nothing_speaks_is_unavailable_within_a_second() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    reader = M100Reader("exit", {"port": os.ttyname(slave)})
    began = time.monotonic()
    with pytest.raises(DeviceUnavailableError, match="check power, TX and RX"):
        reader.open()
    assert time.monotonic() - began < patient_s(1.2)
    asked = os.read(master, 4096)
    assert bytes.fromhex("BB0003000100047E") in asked
    assert bytes.fromhex("AA000300010004DD") in asked
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, "port must be a text"),
        ({"port": "x", "region": "Mars"}, "region must be one of CN900, US, EU, CN800, KR"),
        ({"port": "x", "power_dbm": 99}, "power_dbm must be a whole number from 0 to 30"),
        ({"port": "x", "q": 16}, "q must be"),
        ({"port": "x", "rssi_floor_dbm": 5}, "rssi_floor_dbm must be"),
        ({"port": "x", "framing": "cc"}, "framing must be one of bb, aa"),
        ({"port": "x", "baud": 1}, "baud must be"),
        ({"port": "x", "silence_s": 0}, "silence_s must be above 0"),
    ],
)
def test_a_wrong_option_names_its_key(options: dict[str, object], wrong: str) -> None:
    with pytest.raises(DeviceConfigError, match=wrong) as caught:
        M100Reader("exit", options)
    assert caught.value.exit_code == 2


def test_the_thread_that_polls_can_be_stopped_within_a_second() -> None:
    reader = sim()
    stop = threading.Event()
    polled = threading.Event()

    def pump() -> None:
        reader.open()
        while not stop.is_set():
            reader.poll(0.2)
            polled.set()
        reader.close()

    thread = threading.Thread(target=pump)
    thread.start()
    assert polled.wait(5)
    began = time.monotonic()
    stop.set()
    thread.join()
    assert time.monotonic() - began < patient_s(1.0)
    assert not reader.path.is_symlink()
