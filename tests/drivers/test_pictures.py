"""Pictures out of files: a video and a folder, read by the real library."""

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError
from drivers.camera import Camera, Picture
from drivers.pictures import FileSource, FolderSource, luma, read_gray
from drivers.vision import Gray, cv2
from tests.patience import patient_s

LEVELS = (40, 120, 200)
FAST = 120


def still(level: int) -> Gray:
    return np.full((48, 64), level, dtype=np.uint8)


def write_video(path: Path, levels: tuple[int, ...] = LEVELS) -> None:
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), 60, (64, 48), isColor=False
    )
    for level in levels:
        writer.write(still(level))
    writer.release()


def nearest(picture: Picture | None) -> int | None:
    """Which of the levels a picture has; compression shifts them a little."""
    if picture is None:
        return None
    mean = float(picture.gray.mean())
    return min(LEVELS, key=lambda level: abs(level - mean))


def test_a_video_is_played_in_order_and_again_from_its_start(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi")
    source = FileSource("cam", {"device": str(tmp_path / "v.avi"), "fps": FAST})
    source.open()
    seen = [nearest(source.read()) for _ in range(2 * len(LEVELS) + 2)]
    source.close()
    assert seen == [*LEVELS, None, *LEVELS, None]
    assert source.format == "64x48 file"


def test_a_video_that_shall_not_loop_is_lost_at_its_end(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi")
    source = FileSource("cam", {"device": str(tmp_path / "v.avi"), "fps": FAST, "loop": False})
    source.open()
    for _ in LEVELS:
        assert source.read() is not None
    with pytest.raises(DeviceLostError, match="has ended"):
        source.read()
    source.close()


def test_a_video_keeps_its_own_pace_unless_told_otherwise(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi", LEVELS * 4)
    source = FileSource("cam", {"device": str(tmp_path / "v.avi")})
    source.open()
    began = time.monotonic()
    for _ in range(6):
        source.read()
    assert time.monotonic() - began > 5 / 60
    source.close()


def test_pictures_of_a_video_are_grey_and_fresh(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi")
    source = FileSource("cam", {"device": str(tmp_path / "v.avi"), "fps": FAST})
    source.open()
    picture = source.read()
    source.close()
    assert picture is not None
    assert picture.gray.shape == (48, 64)
    assert time.monotonic() - picture.at < 1


@pytest.mark.parametrize("content", [None, b"", b"not a video at all" * 100], ids=str)
def test_what_is_no_video_is_unavailable(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "v.avi"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceUnavailableError, match="not there or not a video"):
        FileSource("cam", {"device": str(path)}).open()


def test_a_closed_video_has_no_pictures(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi")
    source = FileSource("cam", {"device": str(tmp_path / "v.avi")})
    with pytest.raises(DeviceLostError, match="not open"):
        source.read()
    source.open()
    source.close()
    source.close()
    with pytest.raises(DeviceLostError, match="not open"):
        source.read()


def folder(path: Path, **options: object) -> FolderSource:
    return FolderSource("cam", {"device": str(path), "fps": FAST} | options)


def test_a_folder_shows_its_pictures_in_order_of_name_and_again(tmp_path: Path) -> None:
    for name, level in (("b.png", 120), ("a.jpg", 40), ("c.WEBP", 200)):
        (tmp_path / name).write_bytes(
            cv2.imencode(Path(name).suffix.lower(), still(level))[1].tobytes()
        )
    source = folder(tmp_path, hold_s=0.001)
    source.open()
    seen = [nearest(source.read()) for _ in range(6)]
    source.close()
    assert seen == [40, 120, 200, 40, 120, 200]


def test_a_picture_is_held(tmp_path: Path) -> None:
    for number, level in enumerate(LEVELS):
        cv2.imwrite(str(tmp_path / f"{number}.png"), still(level))
    source = folder(tmp_path, hold_s=60)
    source.open()
    assert {nearest(source.read()) for _ in range(10)} == {LEVELS[0]}


def test_a_picture_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(b"broken")
    (tmp_path / "1.txt").write_text("no picture")
    cv2.imwrite(str(tmp_path / "2.png"), still(120))
    source = folder(tmp_path, hold_s=0.001)
    source.open()
    assert [nearest(source.read()) for _ in range(3)] == [120, 120, 120]


def test_pictures_may_come_and_go(tmp_path: Path, until: Callable[..., None]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), still(40))
    source = folder(tmp_path, hold_s=0.001)
    source.open()
    assert nearest(source.read()) == 40
    (tmp_path / "a.png").unlink()
    until(lambda: source.read() is None)
    cv2.imwrite(str(tmp_path / "b.png"), still(200))
    until(lambda: nearest(source.read()) == 200)


@pytest.mark.parametrize("make", [False, True], ids=["no folder", "no picture in it"])
def test_a_folder_without_pictures_is_unavailable(tmp_path: Path, *, make: bool) -> None:
    path = tmp_path / "pictures"
    if make:
        path.mkdir()
        (path / "note.txt").write_text("nothing here")
    with pytest.raises(DeviceUnavailableError, match="holds no picture"):
        folder(path).open()


@pytest.mark.parametrize("fps", [0.01, 1])
def test_a_slow_rate_does_not_hold_up_stopping(tmp_path: Path, fps: float) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), still(40))
    write_video(tmp_path / "v.avi")
    camera = Camera("cam", folder(tmp_path, fps=fps))
    video = Camera("cam", FileSource("cam", {"device": str(tmp_path / "v.avi"), "fps": fps}))
    for each in (camera, video):
        each.open()
        began = time.monotonic()
        each.close()
        assert time.monotonic() - began < patient_s(1.0)
        each.open()
        each.close()


def test_closing_a_folder_forgets_where_it_was(tmp_path: Path) -> None:
    for number, level in enumerate(LEVELS):
        cv2.imwrite(str(tmp_path / f"{number}.png"), still(level))
    source = folder(tmp_path, hold_s=0.001)
    source.open()
    source.read()
    source.close()
    source.close()
    source.open()
    assert nearest(source.read()) == LEVELS[0]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"device": None}, "device"),
        ({"fps": "fast"}, "fps"),
        ({"fps": 0}, "fps"),
        ({"hold_s": -1}, "hold_s"),
    ],
    ids=str,
)
def test_a_wrong_option_of_a_folder_is_named(
    tmp_path: Path, options: dict[str, object], key: str
) -> None:
    with pytest.raises(DeviceConfigError, match=key):
        folder(tmp_path, **options)


def test_loop_is_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(DeviceConfigError, match="loop"):
        FileSource("cam", {"device": str(tmp_path), "loop": "yes"})


def test_luma_of_colour_is_its_brightness() -> None:
    blue = np.zeros((4, 4, 3), dtype=np.uint8)
    blue[..., 0] = 255
    assert luma("cam", blue).tolist() == np.full((4, 4), 29).tolist()


@pytest.mark.parametrize("shape", [(1, 9000), (4, 4, 4), (5,), (2, 2, 2, 2)], ids=str)
def test_what_is_no_picture_has_no_luma(shape: tuple[int, ...]) -> None:
    with pytest.raises(DeviceLostError, match="cannot be used"):
        luma("cam", np.zeros(shape, dtype=np.uint8))


def test_a_file_that_is_no_picture_has_no_grey(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert read_gray(tmp_path / "x.png") is None
    assert read_gray(tmp_path / "missing.png") is None


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


@pytest.mark.parametrize("side", [100_000, 20_000])
def test_a_picture_that_claims_to_be_enormous_is_passed_over(tmp_path: Path, side: int) -> None:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(cv2.error):
        cv2.imread(str(tmp_path / "bomb.png"))
    assert read_gray(tmp_path / "bomb.png") is None
