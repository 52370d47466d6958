"""A simulated reader is a real driver on a line that the script can pull."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError
from drivers.sim.field import Field
from drivers.sim.pty_peer import PtyPeer
from drivers.sim.rfid import SimReader
from drivers.sim.rfid_mind import Em4100Mind

TAG = "30751FEB705C5904E3D50D70"
Close = Callable[[object], None]


def poll_until_lost(reader: SimReader) -> None:
    for _ in range(100):
        reader.poll(0.1)


def test_a_pulled_line_is_lost_and_the_same_name_comes_back(
    tmp_path: Path, closing: Close, until: Callable[..., None]
) -> None:
    path = tmp_path / "reader"
    reader = SimReader("exit", {"port": f"sim:{path}"})
    closing(reader)
    reader.open()
    assert path.is_symlink()
    assert reader.obey({"do": "unplug"}) == {"plugged": False}
    assert not path.is_symlink()
    with pytest.raises(DeviceLostError):
        poll_until_lost(reader)
    reader.close()
    with pytest.raises(DeviceUnavailableError, match="not found"):
        reader.open()
    reader.obey({"do": "enter", "epcs": [TAG]})
    reader.obey({"do": "replug"})
    reader.open()
    assert path.is_symlink()
    until(lambda: [read for read in reader.poll(0.1) if read.epc.hex().upper() == TAG])


def test_the_field_keeps_its_tags_while_the_driver_is_closed(
    closing: Close, until: Callable[..., None]
) -> None:
    reader = SimReader("exit", {})
    closing(reader)
    reader.obey({"do": "enter", "epcs": [TAG]})
    for _ in range(2):
        reader.open()
        until(lambda: reader.poll(0.1))
        reader.close()


def test_closing_leaves_no_name_and_no_thread() -> None:
    reader = SimReader("exit", {"port": "sim:"})
    reader.open()
    assert reader.path.is_symlink()
    reader.close()
    assert not reader.path.is_symlink()
    assert "sim exit" not in {thread.name for thread in threading.enumerate()}


def test_two_simulated_readers_never_share_a_name() -> None:
    assert SimReader("exit", {}).path != SimReader("exit", {}).path


def test_a_silent_reader_cannot_be_opened_and_leaves_nothing() -> None:
    reader = SimReader("exit", {"framing": "bb"})
    reader.obey({"do": "silence"})
    with pytest.raises(DeviceUnavailableError, match="answers"):
        reader.open()
    assert not reader.path.is_symlink()


def test_a_card_reader_takes_cards_only_and_has_nothing_to_reboot() -> None:
    reader = SimReader("staff", {"protocol": "id12la"})
    with pytest.raises(ValueError, match="is not an EPC of 5 to 5 bytes"):
        reader.obey({"do": "enter", "epcs": [TAG]})
    assert reader.obey({"do": "reboot"}) == {"plugged": True}


def test_an_unknown_protocol_or_order_is_refused() -> None:
    with pytest.raises(DeviceConfigError, match="protocol must be one of m100, r200"):
        SimReader("exit", {"protocol": "m101"})
    with pytest.raises(ValueError, match="do must be one of enter, leave"):
        SimReader("exit", {}).obey({"do": "explode"})


def test_a_name_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    reader = SimReader("exit", {"port": f"sim:{tmp_path}/no/such/folder"})
    with pytest.raises(DeviceUnavailableError, match="No such file"):
        reader.open()


def test_a_line_that_nobody_reads_loses_bytes_and_goes_on(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    field = Field(range(5, 6))
    field.obey({"do": "enter", "epcs": ["67003B51C6"]})
    field.obey({"do": "noise", "frames": 100, "bytes": 1000})
    mind = Em4100Mind(field, crlf=False)
    peer = PtyPeer("staff", tmp_path / "port", mind, field)
    peer.start()
    peer.start()
    thread = next(each for each in threading.enumerate() if each.name == "sim staff")
    until(lambda: not field.take("noise") or _fill(field))
    assert thread.is_alive()
    peer.stop()
    peer.stop()
    assert not thread.is_alive()


def _fill(field: Field) -> bool:
    """Order noise again, so that the terminal's buffer runs over."""
    field.obey({"do": "noise", "frames": 1, "bytes": 1000})
    return False


def test_a_name_taken_by_a_newer_terminal_is_left_alone(tmp_path: Path) -> None:
    field = Field(range(5, 6))
    path = tmp_path / "port"
    peer = PtyPeer("staff", path, Em4100Mind(field, crlf=False), field)
    peer.start()
    path.unlink()
    path.symlink_to(os.devnull)
    peer.stop()
    assert path.is_symlink()
