"""One port by URL: errors become ours in one line, and nobody else gets in."""

import errno
import os
import socket
import time
import tty
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial

from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError
from drivers.serial_port import open_port
from tests.patience import patient_s


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A pseudo terminal: the master's descriptor and a name for the slave."""
    master, slave = os.openpty()
    tty.setraw(slave)
    name = tmp_path / "reader"
    name.symlink_to(os.ttyname(slave))
    os.close(slave)
    yield master, str(name)
    try:
        os.close(master)
    except OSError as error:
        assert error.errno == errno.EBADF  # noqa: PT017 - the test pulled the cable itself


def test_bytes_go_both_ways(terminal: tuple[int, str]) -> None:
    master, name = terminal
    port = open_port(name, baud=115_200, device="exit")
    os.write(master, bytes(range(256)))
    assert port.read(1.0) == bytes(range(256))
    port.write(b"\x03\x11\x13\x0a")
    assert os.read(master, 100) == b"\x03\x11\x13\x0a"
    assert port.read(0.01) == b""
    port.close()
    port.close()


def test_a_second_program_is_kept_out_with_one_clear_line(terminal: tuple[int, str]) -> None:
    _, name = terminal
    port = open_port(name, baud=9600)
    with pytest.raises(DeviceUnavailableError) as caught:
        open_port(name, baud=9600, device="exit")
    assert str(caught.value) == (
        f"exit: {name}: in use by another program (stop it, or choose another port)"
    )
    port.close()
    open_port(name, baud=9600).close()


def test_the_mutant_that_opens_without_exclusive_gets_in(terminal: tuple[int, str]) -> None:
    _, name = terminal
    port = open_port(name, baud=9600)
    with serial.serial_for_url(name, baudrate=9600) as second:
        assert second.is_open
    port.close()


def test_a_missing_port_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailableError) as caught:
        open_port(str(tmp_path / "ttyUSB9"), baud=9600, device="exit")
    assert str(caught.value).startswith(f"exit: {tmp_path}/ttyUSB9: not found")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_file_is_no_port(tmp_path: Path) -> None:
    plain = tmp_path / "notes.txt"
    plain.write_text("not a port")
    with pytest.raises(DeviceUnavailableError, match="not a serial port") as caught:
        open_port(str(plain), baud=9600)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/dev/tty\nUSB0",
        "nosuch://x",
        "socket://:no",
        "socket://reader",
        "socket://reader:99999",
        "loop://?logging=nosuch",
        "rfc2217://reader:4000",
    ],
)
def test_a_wrong_url_is_a_configuration_error_of_one_line(url: str) -> None:
    with pytest.raises(DeviceConfigError, match=r"^exit: port [^\n]+$") as caught:
        open_port(url, baud=9600, device="exit")
    assert caught.value.exit_code == 2


def test_a_host_that_does_not_answer_holds_a_stop_up_for_less_than_a_second() -> None:
    with socket.socket() as server, ExitStack() as crowd:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):  # a full queue: what else knocks gets no answer at all
            knocking = crowd.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(server.getsockname())
        began = time.monotonic()
        with pytest.raises(DeviceUnavailableError, match="timed out"):
            open_port(f"socket://127.0.0.1:{server.getsockname()[1]}", baud=57_600)
        assert time.monotonic() - began < patient_s(1.0)


def test_a_pulled_cable_is_lost_on_read_and_on_write(terminal: tuple[int, str]) -> None:
    master, name = terminal
    port = open_port(name, baud=9600, device="exit")
    os.close(master)
    with pytest.raises(DeviceLostError, match="exit: the link broke"):
        port.read(0.5)
    with pytest.raises(DeviceLostError, match="exit: the link takes nothing"):
        port.write(b"x")
    port.close()


def test_a_closed_port_is_lost(terminal: tuple[int, str]) -> None:
    _, name = terminal
    port = open_port(name, baud=9600)
    port.close()
    with pytest.raises(DeviceLostError):
        port.read(0)


def test_a_peer_that_takes_nothing_is_lost_in_bounded_time(terminal: tuple[int, str]) -> None:
    _, name = terminal
    port = open_port(name, baud=9600, timeout_s=0.05)
    with pytest.raises(DeviceLostError, match="takes nothing"):
        port.write(bytes(1_000_000))
    port.close()


def test_a_url_that_cannot_be_selected_on_reads_too() -> None:
    port = open_port("loop://", baud=115_200)
    assert port.read(0.01) == b""
    port.write(b"BB")
    assert port.read(0.5) == b"BB"
    port.close()


def test_a_network_reader_needs_no_extra_code() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}", baud=57_600)
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"hello")
            assert port.read(1.0) == b"hello"
            port.write(b"back")
            assert peer.recv(10) == b"back"
        with pytest.raises(DeviceLostError):
            port.read(0.5)
        port.close()


def test_a_refused_connection_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(DeviceUnavailableError, match="is the serial server running"):
        open_port(f"socket://127.0.0.1:{free}", baud=57_600)
