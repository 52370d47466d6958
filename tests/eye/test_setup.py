"""From the configuration to the eye's camera and socket."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.base import DeviceConfigError, DeviceUnavailableError
from drivers.code_camera import CodeCamera
from drivers.sim.camera import SimCamera
from kiosk.eye.setup import arrange, frames_of, kind_of, section
from kiosk.settings import Settings, load

SMALL = """\
[kiosk]
name = "door-1"
shop = "corner"
state_dir = "state"
[hub]
url = "http://127.0.0.1:8080"
owner_key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
[provider]
kind = "none"
[gate]
egress = "handle"
[lock]
kind = "gpio"
fail_mode = "secure"
pin = 17
active_high = true
[door]
kind = "gpio"
pin = 27
[exit]
trigger = "button"
pin = 22
"""


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Settings]:
    """Load a configuration with these camera tables."""

    def make(cameras: str) -> Settings:
        path = tmp_path / "kiosk.toml"
        path.write_text(SMALL + cameras)
        return load(path)

    return make


def test_with_the_eye_configured_its_device_is_the_socket_and_the_camera_is_an_option(
    settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    made = settings('[camera]\nkind = "eye"\ndevice = "eye.sock"\n')
    (tmp_path / "pictures").mkdir()
    reader, path = arrange(made, str(tmp_path / "pictures"), None)
    assert path == tmp_path / "eye.sock"
    assert isinstance(reader, CodeCamera)
    with pytest.raises(DeviceUnavailableError, match="pictures holds no picture"):
        reader.open()


def test_with_a_camera_configured_the_socket_is_in_the_state_directory(
    settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    reader, path = arrange(settings('[camera]\nkind = "sim"\nwidth = 320\n'), "unused", None)
    assert path == tmp_path / "state" / "eye.sock"
    assert isinstance(reader, SimCamera)
    assert reader.device.size[0] == 320


@pytest.mark.parametrize("kind", ["eye", "v4l2"])
def test_a_socket_that_is_given_wins(
    settings: Callable[[str], Settings], tmp_path: Path, kind: str
) -> None:
    made = settings(f'[camera]\nkind = "{kind}"\ndevice = "/dev/video7"\n')
    assert arrange(made, "/dev/video0", tmp_path / "own.sock")[1] == tmp_path / "own.sock"


def test_the_exit_camera_is_served_when_asked_for(
    settings: Callable[[str], Settings],
) -> None:
    made = settings(
        '[camera]\nkind = "sim"\nwidth = 640\n[exit_camera]\nkind = "sim"\nwidth = 320\n'
    )
    reader, _ = arrange(made, "unused", None, exit_side=True)
    assert isinstance(reader, SimCamera)
    assert reader.name == "exit_camera"
    assert reader.device.size[0] == 320


def test_a_camera_that_is_not_configured_is_told(settings: Callable[[str], Settings]) -> None:
    with pytest.raises(DeviceConfigError, match=r"has no \[exit_camera\]"):
        section(settings('[camera]\nkind = "sim"\n'), exit_side=True)


def test_the_kind_of_a_path_is_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "video.avi").write_bytes(b"")
    assert kind_of(str(tmp_path)) == "folder"
    assert kind_of(str(tmp_path / "video.avi")) == "file"
    assert kind_of("/dev/null") == "v4l2"
    assert kind_of("/dev/no-such-camera") == "v4l2"


@pytest.mark.parametrize(("kind", "holder"), [("eye", "the eye"), ("sim", "the simulation")])
def test_a_camera_that_is_held_elsewhere_cannot_be_looked_through(kind: str, holder: str) -> None:
    with pytest.raises(DeviceConfigError, match=f"{holder} holds the camera"):
        frames_of("camera", kind, {"device": "x"})


@pytest.mark.parametrize("kind", ["v4l2", "file", "folder"])
def test_every_other_camera_can(kind: str) -> None:
    assert frames_of("camera", kind, {"device": "x"}).name == "camera"
