"""`kiosk camera test`: what it tells of a camera, and how it ends."""

import json
from pathlib import Path

import pytest

from drivers.qr import rungs
from drivers.sim.scene import Scene, Showing
from drivers.vision import cv2
from kiosk.cli.camera import _as_text
from tests.cli.conftest import Done, Kiosk

TOKEN = "K1:" + "6BF9A*PQ4C:72" * 12


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a picture of an ID QR and one of something else."""
    scene = Scene(320, 240)
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), scene.frame(scene.view(Showing(TOKEN))))
    cv2.imwrite(str(folder / "b.png"), scene.frame(scene.view(Showing("\x1b[2Jhello"))))
    return folder


def looked(kiosk: Kiosk, *words: object) -> Done:
    """Look for long enough to see both pictures."""
    return kiosk("camera", "test", "--seconds", 1.2, *words)


def test_it_tells_rate_brightness_age_rungs_and_whether_a_code_is_seen(
    kiosk: Kiosk, pictures: Path
) -> None:
    done = looked(kiosk, "--device", pictures)
    assert done.code == 0
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert lines["camera"] == "taking pictures, folder"
    assert lines["frames"].endswith("a second, 0 dropped as too old")
    assert lines["brightness"].endswith(" of 255")
    assert lines["age"].endswith(" s")
    assert "zxing-cpp" in lines["rungs"]
    assert lines["codes"] == "1 ID token(s), 1 other text(s)"


def test_what_a_code_says_is_not_shown_unless_asked_for(kiosk: Kiosk, pictures: Path) -> None:
    for words in ((), ("--json",)):
        done = looked(kiosk, "--device", pictures, *words)
        assert TOKEN not in done.out + done.err
        assert "hello" not in done.out + done.err


def test_what_a_code_says_is_shown_harmlessly(kiosk: Kiosk, pictures: Path) -> None:
    done = looked(kiosk, "--device", pictures, "--show")
    assert TOKEN in done.out
    assert r"'\x1b[2Jhello'" in done.out
    assert "\x1b" not in done.out


def test_a_rung_whose_library_is_missing_is_told_with_the_remedy() -> None:
    look = {
        "detail": "fine",
        "frames_per_s": 15.0,
        "stale": 0,
        "age_s": 0.02,
        "brightness": 99.0,
        "rungs": {"zxing-cpp": True, "pyzbar": False},
        "tokens": (),
        "others": (),
    }
    lines = _as_text(look, show=False).splitlines()
    assert "rungs       zxing-cpp" in lines
    assert "missing     pyzbar (apt-get install libzbar0)" in lines


def test_json_is_one_object(kiosk: Kiosk, pictures: Path) -> None:
    told = json.loads(looked(kiosk, "--device", pictures, "--json").out)
    assert told["tokens"] == 1
    assert told["others"] == 1
    assert told["ok"] is True
    assert told["rungs"] == dict(rungs())
    shown = json.loads(looked(kiosk, "--device", pictures, "--json", "--show").out)
    assert shown["tokens"] == [TOKEN]
    assert shown["others"] == ["\x1b[2Jhello"]


def test_a_camera_that_is_not_there_is_a_hardware_fault_in_one_line(kiosk: Kiosk) -> None:
    done = looked(kiosk, "--device", "/dev/no-such-camera")
    assert done.code == 3
    assert done.err.startswith("kiosk: camera: /dev/no-such-camera gives no picture")
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


def test_a_camera_that_gives_nothing_is_a_hardware_fault(kiosk: Kiosk, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    done = kiosk("camera", "test", "--seconds", 0.3, "--device", tmp_path)
    assert done.code == 3
    assert "age         none came" in done.out


def configured(path: Path, camera: str) -> Path:
    config = path / "kiosk.toml"
    config.write_text(
        '[kiosk]\nname = "door-1"\nshop = "corner"\nstate_dir = "state"\n'
        '[hub]\nurl = "http://127.0.0.1:8080"\n'
        'owner_key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"\n'
        '[provider]\nkind = "none"\n[gate]\negress = "handle"\n'
        '[lock]\nkind = "gpio"\nfail_mode = "secure"\npin = 17\nactive_high = true\n'
        '[door]\nkind = "gpio"\npin = 27\n[exit]\ntrigger = "button"\npin = 22\n' + camera
    )
    return config


@pytest.mark.usefixtures("pictures")
def test_the_configured_camera_is_tried(kiosk: Kiosk, tmp_path: Path) -> None:
    config = configured(tmp_path, '[camera]\nkind = "folder"\ndevice = "pictures"\nfps = 30\n')
    done = looked(kiosk, "--config", config)
    assert done.code == 0
    assert "1 ID token(s)" in done.out


def test_a_camera_that_the_eye_holds_is_explained(kiosk: Kiosk, tmp_path: Path) -> None:
    config = configured(tmp_path, '[camera]\nkind = "eye"\ndevice = "eye.sock"\n')
    done = looked(kiosk, "--config", config)
    assert done.code == 2
    assert done.err == "kiosk: camera: the eye holds the camera (stop it and give --device)\n"


def test_an_exit_camera_that_is_not_configured_is_told(kiosk: Kiosk, tmp_path: Path) -> None:
    config = configured(tmp_path, '[camera]\nkind = "sim"\n')
    done = looked(kiosk, "--config", config, "--exit")
    assert done.code == 2
    assert "the configuration has no [exit_camera]" in done.err


def test_a_device_stands_in_place_of_a_configuration(kiosk: Kiosk) -> None:
    done = looked(kiosk, "--config", "a.toml", "--device", "/dev/video0")
    assert done.code == 2
    assert "give --device or a configuration, not both" in done.err


def test_help_says_what_good_figures_are(kiosk: Kiosk) -> None:
    done = kiosk("camera", "test", "--help")
    assert done.code == 0
    assert "Brightness is best between 60 and 200" in " ".join(done.out.split())
