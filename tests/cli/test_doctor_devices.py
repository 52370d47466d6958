"""The doctor looks at each device that the configuration names, and says who may use it."""

import grp
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.cli.doctor_devices import devices, plugged
from kiosk.cli.doctor_finding import Finding, account, fix, join, note, ok
from kiosk.cli.doctor_gpio import library, pins, unconfigured
from kiosk.settings import Settings, load
from tests.scarce import no_terminal
from tests.shipped import shipped

BY_ID = "serial/by-id/usb-1a86_USB_Serial-if00-port0"


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """A directory like /dev: a chip, a console, a reader and a camera with their entries by id."""
    place = tmp_path / "dev"
    for name in ("gpiochip0", "tty1", "ttyUSB0", "video0"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    for name, target in ((BY_ID, "ttyUSB0"), ("v4l/by-id/usb-Cam-video-index0", "video0")):
        (place / name).parent.mkdir(parents=True)
        (place / name).symlink_to(place / target)
    (place / "v4l/by-id/usb-Cam-video-index1").symlink_to(place / "video0")
    return place


Configured = Callable[..., Settings]


@pytest.fixture
def configured(tmp_path: Path, dev: Path) -> Configured:
    """Return a loader of the shipped configuration, its devices under our /dev, with changes."""

    def loader(*changes: tuple[str, str]) -> Settings:
        text = shipped("store.toml").replace('"/dev/', f'"{dev}/')
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "kiosk.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return loader


def never(path: Path, how: int) -> bool:
    del path, how
    return False


def found(name: str, findings: Iterator[Finding]) -> Finding:
    return next(each for each in findings if each.what == name)


def test_all_is_well_where_all_is_plugged_in(configured: Configured, dev: Path) -> None:
    settings = configured((f"{dev}/video0", f"{dev}/v4l/by-id/usb-Cam-video-index0"))
    assert {each.mark for each in devices(settings, dev)} == {"OK"}
    assert {each.mark for each in pins(settings, dev, load=str)} == {"OK"}


def test_what_is_not_plugged_in_is_named_with_what_is(configured: Configured, dev: Path) -> None:
    settings = configured(("usb-1a86_USB_Serial-if00-port0", "usb-other"))
    reader = found("reader exit-1", devices(settings, dev))
    assert reader == fix(
        "reader exit-1",
        f"{dev}/serial/by-id/usb-other is not there",
        f"plug it in, or name one of: {dev / BY_ID} (they are listed in {dev}/serial/by-id)",
    )
    (dev / BY_ID).unlink()
    alone = found("reader exit-1", devices(settings, dev))
    assert alone.remedy == f"plug it in (they are listed in {dev}/serial/by-id)"


def test_a_name_that_depends_on_plugging_gets_the_lasting_one(
    configured: Configured, dev: Path
) -> None:
    settings = configured((BY_ID, "ttyUSB0"))
    reader = found("reader exit-1", devices(settings, dev))
    assert (reader.mark, reader.remedy) == ("NOTE", f"name it {dev / BY_ID}")
    camera = found("camera", devices(settings, dev))
    assert camera.remedy == f"name it {dev}/v4l/by-id/usb-Cam-video-index0"
    (dev / BY_ID).unlink()
    nameless = found("reader exit-1", devices(settings, dev))
    assert nameless.remedy == f"name it by its entry in {dev}/serial/by-id"


def test_what_this_account_may_not_open_names_the_group_that_may(
    configured: Configured, dev: Path
) -> None:
    seen = {each.what: each for each in devices(configured(), dev, never)}
    assert {each.mark for each in seen.values()} == {"FIX"}
    for what, group in (("reader exit-1", "dialout"), ("camera", "video"), ("screen", "tty")):
        assert seen[what].remedy == join(dev / "tty1", group)
    chip = list(pins(configured(), dev, load=str, may=never))[1]
    assert chip == fix("pins", f"{dev}/gpiochip0 may not be opened", join(dev / "tty1", "gpio"))


def test_the_remedy_names_the_group_that_the_device_has(tmp_path: Path) -> None:
    device = tmp_path / "device"
    device.touch()
    own = grp.getgrgid(device.stat().st_gid).gr_name
    told = join(device, "dialout")
    assert (
        told
        == f"sudo usermod -aG {'dialout' if own == 'root' else own} {account()}, then log in again"
    )
    assert "dialout" in join(tmp_path / "none", "dialout")


def test_devices_of_other_kinds_are_looked_at_in_their_way(
    configured: Configured, dev: Path, tmp_path: Path
) -> None:
    settings = configured(
        (f"{dev}/{BY_ID}", "socket://10.0.0.7:9000"),
        ('kind = "v4l2"', 'kind = "eye"'),
        (f"{dev}/video0", str(tmp_path / "eye.sock")),
        (f'path = "{dev}/tty1"', f'path = "{tmp_path}/none/screen"'),
    )
    assert found("reader exit-1", devices(settings, dev)).mark == "NOTE"
    assert found("camera", devices(settings, dev)).remedy.startswith("start it: kiosk eye")
    assert found("screen", devices(settings, dev)).remedy == "correct screen.path"
    with socket.socket(socket.AF_UNIX) as eye:
        eye.bind(str(tmp_path / "eye.sock"))
        assert found("camera", devices(settings, dev)).mark == "OK"


def test_pictures_must_be_there(configured: Configured, dev: Path, tmp_path: Path) -> None:
    settings = configured(
        ('kind = "v4l2"', 'kind = "folder"'), (f"{dev}/video0", str(tmp_path / "shown"))
    )
    assert found("camera", devices(settings, dev)).remedy == "correct camera.device"
    (tmp_path / "shown").mkdir()
    assert found("camera", devices(settings, dev)).mark == "OK"


def test_simulated_devices_need_nothing_but_a_terminal_to_speak_over(
    configured: Configured, tmp_path: Path, dev: Path
) -> None:
    settings = configured(
        ('kind = "gpio"', 'kind = "sim"'),
        ('kind = "v4l2"', 'kind = "sim"'),
        (f"{dev}/{BY_ID}", "sim:tty"),
        ('kind = "console"', 'kind = "none"'),
    )
    nowhere = tmp_path / "empty"
    assert [each.detail for each in devices(settings, nowhere)] == ["simulated", "simulated"]
    assert list(pins(settings, nowhere)) == [ok("pins", "none are used by this configuration")]
    with no_terminal():
        reader, _ = devices(settings, nowhere)
    assert (reader.mark, reader.remedy) == ("FIX", "sudo mount -t devpts devpts /dev/pts")


# pins


def missing(name: str) -> object:
    raise ModuleNotFoundError(name)


def unwritable(name: str) -> object:
    raise FileNotFoundError(2, "No such file or directory", ".lgd-nfy-3", name)


def test_a_missing_library_gets_the_remedy_of_this_system(tmp_path: Path) -> None:
    packed = tmp_path / "lgpio.py"
    assert " -m pip install lgpio" in library(missing, packed, (3, 11)).remedy
    assert library(missing, packed, (3, 13)).remedy.startswith(
        "sudo apt-get install python3-lgpio, then make .venv anew"
    )
    packed.touch()
    assert library(missing, packed, (3, 11)).remedy.startswith(
        "python3-lgpio is installed, but this .venv does not see it"
    )
    assert library(unwritable).remedy.startswith("let this account write to ")
    assert library(str) == ok("lgpio", "loads")


def test_without_a_chip_the_tables_that_want_pins_are_named(
    configured: Configured, tmp_path: Path
) -> None:
    settings = configured()
    chip = list(pins(settings, tmp_path / "empty", load=str))[1]
    assert chip.mark == "FIX"
    assert "[[button]], [door], [exit], [indicator], [lock] want pins" in chip.detail


def test_a_machine_without_a_configuration_tells_what_is_plugged_in(
    dev: Path, tmp_path: Path
) -> None:
    assert unconfigured(dev) == note("pins", f"{dev}/gpiochip0")
    assert "only simulated devices" in unconfigured(tmp_path / "empty").detail
    assert [each.detail for each in plugged(dev)] == [
        str(dev / BY_ID),
        f"{dev}/v4l/by-id/usb-Cam-video-index0",
    ]
    assert all("none under" in each.detail for each in plugged(tmp_path / "empty"))
