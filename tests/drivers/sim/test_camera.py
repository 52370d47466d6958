"""The simulated code camera: orders in, tokens out through the real driver and ladder."""

import time
from collections.abc import Callable, Iterator

import pytest

from drivers import registry
from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError, DriverError
from drivers.sim.camera import SimCamera
from drivers.sim.v4l2 import fourcc
from drivers.vision import cv2
from tests.patience import patient_s

TOKEN = "K1:" + "6BF9A*PQ4C:72" * 15
OPTIONS: dict[str, object] = {"width": 320, "height": 240, "fps": 60, "select_timeout_s": 0.2}


@pytest.fixture
def camera() -> Iterator[SimCamera]:
    made = SimCamera("front", OPTIONS)
    made.open()
    yield made
    made.close()


def read(camera: SimCamera, limit_s: float = 2.0) -> str | None:
    """Poll until a token comes."""
    end = time.monotonic() + patient_s(limit_s)
    while time.monotonic() < end:
        for each in camera.poll(0.05):
            return each.text
    return None


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"invert": True},
        {"rotation_deg": 33},
        {"scale": 2},
        {"blur_px": 0.8},
        {"invert": True, "rotation_deg": 180, "scale": 3},
    ],
    ids=str,
)
def test_what_is_shown_is_read(camera: SimCamera, how: dict[str, object]) -> None:
    assert camera.obey({"do": "show", "text": TOKEN, **how}) == {}
    assert read(camera) == TOKEN


def test_clearing_takes_the_code_away(camera: SimCamera, until: Callable[..., None]) -> None:
    camera.obey({"do": "show", "text": TOKEN})
    assert read(camera) == TOKEN
    camera.obey({"do": "clear"})
    until(lambda: read(camera, 0.1) is None)
    decoded = camera.health().counters["decoded"]
    assert read(camera, 0.2) is None
    assert camera.health().counters["decoded"] == decoded


def test_a_text_that_is_no_token_is_seen_and_rejected(
    camera: SimCamera, until: Callable[..., None]
) -> None:
    camera.obey({"do": "show", "text": "<script>K1:ABC</script>"})
    until(lambda: camera.poll(0.05) or camera.health().counters["rejected"])
    assert camera.health().counters["decoded"] == 0


def test_what_is_shown_before_opening_is_seen() -> None:
    camera = SimCamera("front", OPTIONS)
    camera.obey({"do": "show", "text": TOKEN})
    camera.open()
    assert read(camera) == TOKEN
    camera.close()


def test_a_stalled_camera_is_lost_and_goes_on_after_opening_again(camera: SimCamera) -> None:
    camera.obey({"do": "show", "text": TOKEN})
    assert read(camera) == TOKEN
    camera.obey({"do": "stall"})
    with pytest.raises(DeviceLostError):
        read_until_lost(camera)
    camera.obey({"do": "resume"})
    camera.open()
    assert read(camera) == TOKEN


def test_an_unplugged_camera_is_lost_and_comes_back(camera: SimCamera) -> None:
    camera.obey({"do": "unplug"})
    with pytest.raises(DeviceLostError):
        read_until_lost(camera)
    with pytest.raises(DeviceUnavailableError):
        camera.open()
    camera.obey({"do": "replug"})
    camera.open()
    camera.obey({"do": "show", "text": TOKEN})
    assert read(camera) == TOKEN


def read_until_lost(camera: SimCamera) -> None:
    end = time.monotonic() + patient_s(5)
    while time.monotonic() < end:
        camera.poll(0.05)


def test_a_still_picture_repeats_and_moves_again(
    camera: SimCamera, until: Callable[..., None]
) -> None:
    camera.obey({"do": "still"})
    frames: list[bytes] = []

    def repeats() -> bool:
        frame = camera.frames.latest(0, 0.1)
        frames.append(b"" if frame is None else frame.gray.tobytes())
        return len(frames) > 1 and frames[-1] == frames[-2] != b""

    until(repeats)
    still = frames[-1]
    camera.obey({"do": "still", "on": False})
    frames.clear()

    def differs() -> bool:
        frame = camera.frames.latest(0, 0.1)
        return frame is not None and frame.gray.tobytes() != still

    until(differs)


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"do": "dance"},
        {"do": 1},
        {"do": "show"},
        {"do": "show", "text": ""},
        {"do": "show", "text": 7},
        {"do": "show", "text": TOKEN, "scale": "large"},
        {"do": "show", "text": TOKEN, "scale": 39},
        {"do": "show", "text": TOKEN, "rotation_deg": 1000},
        {"do": "show", "text": TOKEN, "blur_px": -1},
        {"do": "show", "text": TOKEN, "invert": "yes"},
        {"do": "show", "text": "x" * 5000},
        {"do": "still", "on": 1},
    ],
    ids=lambda order: ascii(order)[:50],
)
def test_a_wrong_order_is_refused_and_changes_nothing(
    camera: SimCamera, order: dict[str, object]
) -> None:
    camera.obey({"do": "show", "text": TOKEN})
    with pytest.raises(ValueError, match=r"."):
        camera.obey(order)
    assert read(camera) == TOKEN


@pytest.mark.parametrize(
    "options", [{"width": 0}, {"height": "x"}, {"fps": 0}, {"select_timeout_s": -1}], ids=str
)
def test_a_wrong_option_is_named(options: dict[str, object]) -> None:
    with pytest.raises(DeviceConfigError, match=next(iter(options))):
        SimCamera("front", options)


def test_options_that_are_not_set_take_the_defaults() -> None:
    camera = SimCamera("front", {"width": None, "height": None, "fps": None, "device": None})
    assert camera.device.size == (640, 480)
    assert camera.device.fps == 15


def test_the_registry_makes_it() -> None:
    assert isinstance(registry.create("code", "sim", "front", OPTIONS), SimCamera)


def test_it_delivers_grey_unless_told_otherwise(camera: SimCamera) -> None:
    assert "GREY" in camera.health().detail
    other = SimCamera("front", OPTIONS | {"fourcc": "YUYV"})
    other.open()
    assert "YUYV" in other.health().detail
    other.close()


def test_one_thread_holds_the_device(camera: SimCamera) -> None:
    read(camera, 0.1)
    camera.close()
    assert camera.device.held_by == {"camera-front"}


def test_a_second_program_finds_it_in_use(camera: SimCamera) -> None:
    capture = camera.device.open_capture("x")
    assert capture.read() == (False, None)
    assert capture.get(cv2.CAP_PROP_FOURCC) == fourcc("GREY")


def test_a_lost_camera_is_a_driver_error(camera: SimCamera) -> None:
    camera.close()
    with pytest.raises(DriverError):
        camera.poll(0.01)
