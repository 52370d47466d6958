"""A code reader over frames: only tokens leave it; everything else is counted and unheard."""

import logging
from collections.abc import Iterator

import numpy as np
import pytest

from drivers import registry
from drivers.base import DeviceLostError, DeviceUnavailableError, Health
from drivers.camera import Frame
from drivers.code_camera import CodeCamera, file_reader, folder_reader, v4l2_reader
from drivers.qr import Ladder
from drivers.qr_rungs import Rung, Texts
from drivers.sim.scene import Scene, Showing, code_pixels
from drivers.vision import Gray

HOSTILE = [
    "K1:ABC\x00",
    "K1:ABC\n",
    "\x1b]0;owned\x07",
    "=HYPERLINK(1)",
    "<script>alert(1)</script>",
    "K1:" + "A" * 4093,
    "K1:ÄÖÜ",
    "'; DROP TABLE visit; --",
    "https://example.org/",
    "",
]


class Frames:
    """Frames of a test, one a call."""

    def __init__(self, *grays: Gray) -> None:
        self._frames = [Frame(number, 7.0 + number, gray) for number, gray in enumerate(grays, 1)]
        self.is_open = False
        self.asked: list[tuple[int, float]] = []

    def open(self) -> None:
        """Note it."""
        self.is_open = True

    def latest(self, after: int, timeout_s: float) -> Frame | None:
        """Return the next frame, None after the last."""
        self.asked.append((after, timeout_s))
        if not self.is_open:
            raise DeviceLostError("cam", "not open")
        return self._frames.pop(0) if self._frames else None

    def close(self) -> None:
        """Note it."""
        self.is_open = False

    def health(self) -> Health:
        """Say something."""
        return Health(self.is_open, "fine", 7.0, {"opens": 1, "frames": 3, "stale": 0})


def saying(*texts: str) -> Ladder:
    def read(_gray: Gray) -> Texts:
        return texts

    return Ladder(Rung("saying", read), ())


def blank() -> Gray:
    return np.zeros((8, 8), dtype=np.uint8)


@pytest.fixture
def spoken(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything logged at any level."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_is_counted_and_neither_handed_on_nor_logged(
    text: str, spoken: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = CodeCamera("cam", Frames(blank()), saying(text))
    reader.open()
    assert list(reader.poll(0.1)) == []
    health = reader.health()
    assert health.counters["rejected"] == 1
    assert health.counters["decoded"] == 0
    assert text == "" or text not in health.detail
    assert spoken.records == []
    assert capfd.readouterr() == ("", "")


def test_tokens_pass_beside_hostile_texts() -> None:
    reader = CodeCamera("cam", Frames(blank()), saying("hello", "K1:AB", "K1:CD"))
    reader.open()
    reads = reader.poll(0.1)
    assert [(read.text, read.at, read.device) for read in reads] == [
        ("K1:AB", 8.0, "cam"),
        ("K1:CD", 8.0, "cam"),
    ]
    assert reader.health().counters == {
        "opens": 1,
        "frames": 3,
        "stale": 0,
        "decoded": 2,
        "rejected": 1,
        "extra": 0,
        "faults": 0,
    }


def test_a_text_in_view_is_repeated_at_every_new_frame() -> None:
    frames = Frames(blank(), blank(), blank())
    reader = CodeCamera("cam", frames, saying("K1:AB"))
    reader.open()
    assert [len(reader.poll(0.1)) for _ in range(4)] == [1, 1, 1, 0]
    assert [after for after, _ in frames.asked] == [0, 1, 2, 3]


def test_a_poll_never_waits_longer_than_a_stop_may_take() -> None:
    frames = Frames()
    reader = CodeCamera("cam", frames, saying())
    reader.open()
    reader.poll(60.0)
    reader.poll(0.01)
    assert [timeout_s for _, timeout_s in frames.asked] == [0.2, 0.01]


def test_a_lost_camera_is_told() -> None:
    reader = CodeCamera("cam", Frames(blank()), saying())
    with pytest.raises(DeviceLostError):
        reader.poll(0.1)
    reader.open()
    reader.close()
    with pytest.raises(DeviceLostError):
        reader.poll(0.1)
    assert not reader.health().ok


def test_real_pixels_become_a_token() -> None:
    scene = Scene(640, 480)
    frame = scene.frame(scene.view(Showing("K1:" + "Z9" * 80)))
    reader = CodeCamera("cam", Frames(frame))
    reader.open()
    assert [read.text for read in reader.poll(0.1)] == ["K1:" + "Z9" * 80]


@pytest.mark.parametrize(
    ("kind", "make"), [("v4l2", v4l2_reader), ("file", file_reader), ("folder", folder_reader)]
)
def test_the_registry_makes_the_reader_of_each_kind(kind: str, make: object) -> None:
    assert callable(make)
    options = {"device": "/dev/no-such-thing"}
    for reader in (registry.create("code", kind, "cam", options), make("cam", options)):
        assert isinstance(reader, CodeCamera)
        with pytest.raises(DeviceUnavailableError, match=r"^cam: "):
            reader.open()
        reader.close()


def test_a_poster_in_view_does_not_hide_a_blurred_token() -> None:
    token = "K1:" + "6BF9A*PQ4C:72" * 12
    scene = Scene(640, 480)
    view = scene.view(Showing(token, scale=4, blur_px=2.1)).copy()
    poster = np.kron(code_pixels("HTTPS://SHOP.EXAMPLE"), np.ones((3, 3))).astype(np.uint8)
    view[5 : 5 + poster.shape[0], 5 : 5 + poster.shape[1]] = poster
    reader = CodeCamera("cam", Frames(*(scene.frame(view) for _ in range(12))))
    reader.open()
    reads = [read.text for _ in range(12) for read in reader.poll(0.1)]
    assert reads
    assert set(reads) == {token}
    assert reader.health().counters["rejected"] >= 12
