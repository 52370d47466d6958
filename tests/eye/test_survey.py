"""A few seconds of looking tell what a camera delivers."""

from pathlib import Path

import numpy as np
import pytest

from drivers.base import DeviceLostError, DeviceUnavailableError
from drivers.camera import DARK, Camera
from drivers.code_camera import folder_frames
from drivers.sim.camera import SimCamera
from drivers.vision import cv2
from kiosk.eye.survey import survey

OPTIONS: dict[str, object] = {"width": 320, "height": 240, "fps": 60, "select_timeout_s": 0.1}


def test_a_code_in_view_is_told_with_rate_age_and_brightness() -> None:
    camera = SimCamera("cam", OPTIONS)
    camera.obey({"do": "show", "text": "K1:ABC"})
    look = survey(camera.frames, 0.6)
    assert look.tokens == ("K1:ABC",)
    assert look.others == ()
    assert 20 < look.frames_per_s <= 65
    assert look.age_s is not None
    assert look.age_s < 0.3
    assert 60 < look.brightness < 200
    assert look.ok
    assert look.detail == "taking pictures, 320x240 GREY"
    assert look.rungs["zxing-cpp"]


def test_a_text_that_is_no_token_is_told_apart() -> None:
    camera = SimCamera("cam", OPTIONS)
    camera.obey({"do": "show", "text": "https://example.org"})
    look = survey(camera.frames, 0.5)
    assert (look.tokens, look.others) == ((), ("https://example.org",))


def test_a_camera_without_frames_is_not_well(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), np.zeros((9, 9), dtype=np.uint8))
    (tmp_path / "x.png").write_bytes(b"no picture any more")
    look = survey(folder_frames("cam", {"device": str(tmp_path)}), 0.2)
    assert not look.ok
    assert look.age_s is None
    assert look.frames_per_s == 0


@pytest.mark.parametrize("ends", ["dark", "light"])
def test_a_look_that_saw_only_darkness_is_not_well_however_short(tmp_path: Path, ends: str) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((90, 90), dtype=np.uint8))
    if ends == "light":
        noise = np.random.default_rng(1).integers(0, 256, (90, 90))
        cv2.imwrite(str(tmp_path / "b.png"), noise.astype(np.uint8))
    options = {"device": str(tmp_path), "fps": 60, "hold_s": 0.1}
    look = survey(folder_frames("cam", options), 0.8)
    assert look.ok == (ends == "light")
    assert (look.detail == DARK) == (ends == "dark")


def test_a_missing_camera_is_told_and_one_that_goes_away_is_closed() -> None:
    camera = SimCamera("cam", OPTIONS)
    camera.obey({"do": "unplug"})
    with pytest.raises(DeviceUnavailableError):
        survey(camera.frames, 0.2)
    camera.obey({"do": "replug"})
    with pytest.raises(DeviceLostError):
        survey(Unplugging(camera), 5.0)
    assert camera.device.holder is None


class Unplugging(Camera):
    """The frames of a simulated camera that is unplugged while somebody looks."""

    def __init__(self, camera: SimCamera) -> None:
        self._camera = camera

    def open(self) -> None:
        """Open, then pull the plug."""
        self._camera.frames.open()
        self._camera.obey({"do": "unplug"})

    def latest(self, after: int, timeout_s: float) -> None:
        """Return what there is, until it is lost."""
        self._camera.frames.latest(after, timeout_s)

    def close(self) -> None:
        """Close."""
        self._camera.frames.close()
