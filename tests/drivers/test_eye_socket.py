"""The daemon's end of the eye's socket: what is late, hostile, silent or gone."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers import registry
from drivers.base import CodeRead, DeviceLostError, DeviceUnavailableError, Health
from drivers.eye_lines import LINE_BYTES, Seeing, encode_code, encode_seeing
from drivers.eye_socket import SILENT_S, STALE_S, EyeSocket
from tests.patience import patient_s

FINE = Seeing(is_open=True, health=Health(ok=True, detail="taking pictures", last_seen=5.0))
BLIND = Seeing(is_open=False, health=Health(ok=False, detail="unplugged"))


def seen(frames: int) -> Seeing:
    return Seeing(True, Health(True, "taking pictures", 5.0, {"frames": frames}))


def code(text: str = "K1:ABC", late_s: float = 0.0) -> bytes:
    return encode_code(CodeRead(text, time.monotonic() - late_s, "eye"))


class Mouth:
    """The eye's end: greets whoever comes, then says what the test wants."""

    def __init__(self, path: Path, greeting: bytes) -> None:
        self.path = path
        self.greeting = greeting
        self.lines: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, name="mouth")
        self._thread.start()

    def say(self, words: bytes) -> None:
        """Say it to the newest listener."""
        self.lines[-1].sendall(words)

    def hang_up(self) -> None:
        """Close every line."""
        for line in self.lines:
            line.close()
        self.lines = []

    def end(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self.hang_up()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.lines.append(line)
            line.sendall(self.greeting)


class Clock:
    """Monotonic seconds that a test can move forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return time.monotonic() + self.ahead_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mouth(tmp_path: Path) -> Iterator[Mouth]:
    made = Mouth(tmp_path / "eye.sock", encode_seeing(FINE))
    yield made
    made.end()


@pytest.fixture
def eye(mouth: Mouth, clock: Clock) -> Iterator[EyeSocket]:
    """An open reader on the mouth."""
    reader = EyeSocket("camera", {"device": str(mouth.path)}, clock)
    reader.open()
    yield reader
    reader.close()


def heard(reader: EyeSocket, count: int = 1) -> list[str]:
    """Poll until so many codes came, for 2 s at most."""
    texts: list[str] = []
    end = time.monotonic() + patient_s(2)
    while len(texts) < count and time.monotonic() < end:
        texts += [read.text for read in reader.poll(0.1)]
    return texts


def quiet(reader: EyeSocket) -> list[str]:
    """What comes within three polls."""
    return [read.text for _ in range(3) for read in reader.poll(0.02)]


def test_codes_are_heard_in_order_and_counted(mouth: Mouth, eye: EyeSocket) -> None:
    mouth.say(code("K1:A") + code("K1:B"))
    assert heard(eye, 2) == ["K1:A", "K1:B"]
    assert eye.health().counters["decoded"] == 2


def test_a_line_may_come_in_pieces(mouth: Mouth, eye: EyeSocket) -> None:
    words = code("K1:PIECES")
    for byte in words[:-1]:
        mouth.say(bytes([byte]))
    assert quiet(eye) == []
    mouth.say(words[-1:])
    assert heard(eye) == ["K1:PIECES"]


def test_a_code_that_lay_about_is_dropped_and_counted(mouth: Mouth, eye: EyeSocket) -> None:
    mouth.say(code("K1:OLD", late_s=STALE_S + 0.1) + code("K1:NEW"))
    assert heard(eye) == ["K1:NEW"]
    assert eye.health().counters["stale"] == 1
    assert eye.health().counters["decoded"] == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"code":"hello","at":1.0}\n',
        b'{"code":"K1:AB\\u0000","at":1.0}\n',
        b"not json\n",
        b"\xff\xff\n",
        json.dumps({"code": "K1:ABC", "at": "now"}).encode() + b"\n",
    ],
)
def test_what_is_no_code_is_counted_and_dropped(mouth: Mouth, eye: EyeSocket, line: bytes) -> None:
    mouth.say(line + code("K1:GOOD"))
    assert heard(eye) == ["K1:GOOD"]
    assert eye.health().counters["rejected"] == 1


def test_a_line_that_never_ends_is_a_lost_device(mouth: Mouth, eye: EyeSocket) -> None:
    mouth.say(b"A" * (LINE_BYTES + 1))
    with pytest.raises(DeviceLostError, match="never ends"):
        heard(eye)


def test_an_eye_that_ends_is_a_lost_device(mouth: Mouth, eye: EyeSocket) -> None:
    mouth.hang_up()
    with pytest.raises(DeviceLostError, match="the eye is gone"):
        heard(eye)


def test_an_eye_that_loses_its_camera_is_a_lost_device(mouth: Mouth, eye: EyeSocket) -> None:
    mouth.say(encode_seeing(BLIND))
    with pytest.raises(DeviceLostError, match="the eye has no camera: unplugged"):
        heard(eye)


def test_an_eye_that_falls_silent_is_a_lost_device(eye: EyeSocket, clock: Clock) -> None:
    assert quiet(eye) == []
    clock.ahead_s += SILENT_S + 0.1
    with pytest.raises(DeviceLostError, match="the eye is silent"):
        eye.poll(0.01)


def test_the_health_is_what_the_eye_says(mouth: Mouth, eye: EyeSocket) -> None:
    dark = Health(ok=False, detail="the picture is dark", last_seen=6.0, counters={"frames": 12})
    mouth.say(encode_seeing(Seeing(is_open=True, health=dark)) + code())
    assert heard(eye) == ["K1:ABC"]
    health = eye.health()
    assert (health.ok, health.detail, health.last_seen) == (False, "the picture is dark", 6.0)
    assert health.counters["frames"] == 12


def test_frames_only_grow_over_a_restart_of_the_eye(mouth: Mouth, eye: EyeSocket) -> None:
    for frames in (100, 90):
        mouth.say(encode_seeing(seen(frames)) + code())
        heard(eye)
    assert eye.health().counters["frames"] == 100
    mouth.hang_up()
    eye.open()
    mouth.say(encode_seeing(seen(5)) + code())
    heard(eye)
    assert eye.health().counters["frames"] == 105
    assert eye.health().counters["opens"] == 2


def test_no_eye_is_unavailable_with_a_remedy(tmp_path: Path) -> None:
    reader = EyeSocket("camera", {"device": str(tmp_path / "eye.sock")})
    with pytest.raises(DeviceUnavailableError, match=r"no eye at .* \(does kiosk eye run\?\)"):
        reader.open()
    assert reader.health().detail == "closed"


def test_an_eye_without_a_camera_is_unavailable(mouth: Mouth) -> None:
    mouth.greeting = encode_seeing(BLIND)
    reader = EyeSocket("camera", {"device": str(mouth.path)})
    with pytest.raises(DeviceUnavailableError) as caught:
        reader.open()
    assert str(caught.value) == "camera: the eye has no camera: unplugged"
    with pytest.raises(DeviceLostError, match="not open"):
        reader.poll(0.01)


def test_an_eye_that_says_nothing_is_unavailable(mouth: Mouth) -> None:
    mouth.greeting = b""
    reader = EyeSocket("camera", {"device": str(mouth.path)})
    began = time.monotonic()
    with pytest.raises(DeviceUnavailableError, match="the eye is silent"):
        reader.open()
    assert time.monotonic() - began < patient_s(2)


def test_an_eye_that_hangs_up_at_once_is_unavailable(mouth: Mouth) -> None:
    reader = EyeSocket("camera", {"device": str(mouth.path)})
    mouth.greeting = b"A" * (LINE_BYTES + 1)
    with pytest.raises(DeviceUnavailableError, match="never ends"):
        reader.open()


def test_before_the_first_word_the_eye_is_silent_not_well(mouth: Mouth) -> None:
    mouth.greeting = b""
    reader = EyeSocket("camera", {"device": str(mouth.path)})
    details: list[str] = []
    opening = threading.Thread(target=lambda: _try_open(reader))
    opening.start()
    while opening.is_alive():
        details.append(reader.health().detail)
        opening.join(0.01)
    assert "the eye is silent" in details


def _try_open(reader: EyeSocket) -> None:
    with pytest.raises(DeviceUnavailableError):
        reader.open()


def test_closing_twice_is_once_and_a_closed_reader_is_not_well(eye: EyeSocket) -> None:
    assert eye.health().ok
    eye.close()
    eye.close()
    assert not eye.health().ok


def test_a_reset_connection_is_a_lost_device(tmp_path: Path, until: Callable[..., None]) -> None:
    path = tmp_path / "eye.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        reader = EyeSocket("camera", {"device": str(path)})
        opening = threading.Thread(target=reader.open)
        opening.start()
        line, _ = listener.accept()
        line.sendall(encode_seeing(FINE))
        opening.join()
        assert reader._socket is not None
        reader._socket.send(b"words that the eye does not read")
        line.close()  # with unread bytes: the other end is reset
    lost: list[str] = []

    def is_lost() -> bool:
        try:
            reader.poll(0.01)
        except DeviceLostError as error:
            lost.append(str(error))
        return bool(lost)

    until(is_lost)
    assert lost == ["camera: the eye is gone"]
    reader.close()


def test_the_registry_makes_it() -> None:
    reader = registry.create("code", "eye", "camera", {"device": "/run/kiosk-eye/eye.sock"})
    assert isinstance(reader, EyeSocket)
