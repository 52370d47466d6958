"""The bench of the decode ladder: what its rows count, what its bars say, what it refuses."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers import qr
from drivers.base import DeviceConfigError, DeviceUnavailableError
from drivers.qr_rungs import HAS_ZBAR, Texts, zxing
from drivers.sim.scene import Scene, Showing
from drivers.vision import Gray, cv2
from kiosk.stage.bench_qr import (
    IDLE_SIZE,
    Photo,
    Score,
    bars,
    climb,
    idle_frames,
    judge,
    load,
    measure,
    measure_idle,
    run,
)

needs_zbar = pytest.mark.skipif(not HAS_ZBAR, reason="libzbar0 is not there")
TEXT = "K1:" + "AB/7" * 50


def picture(scale: float | None = None, blur_px: float = 0.0) -> Gray:
    scene = Scene(320, 240)
    return scene.frame(scene.view(Showing(TEXT, scale, blur_px=blur_px)))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three photos in folders within folders: one easy, one blurred, one without a code."""
    folder = tmp_path / "photos"
    (folder / "a" / "deep").mkdir(parents=True)
    for name, gray in (
        ("easy.png", picture()),
        ("a/blurred.webp", picture(scale=4.0, blur_px=2.1)),
        ("a/deep/none.jpg", np.full((120, 160), 90, dtype=np.uint8)),
    ):
        cv2.imwrite(str(folder / name), gray)
        (folder / name).with_suffix(".txt").write_text(TEXT)
    (folder / "README.md").write_text("not a photo")
    return folder


@needs_zbar
def test_every_row_counts_the_same_photos_and_ours_reads_the_most(photos: Path) -> None:
    result: Any = run(photos)
    assert result["bench"] == "qr"
    rows = {row["what"]: row for row in result["rows"]}
    assert list(rows) == ["ours", "pyzbar", "zxing-cpp", "idle ours", "idle zxing-cpp"]
    for what in ("ours", "pyzbar", "zxing-cpp"):
        assert rows[what]["photos"] == 3
        assert rows[what]["wrong"] == 0
        assert rows[what]["cpu_ms"] > 0
    assert rows["ours"]["read"] == 2
    assert rows["zxing-cpp"]["read"] == 1
    assert [bar["what"] for bar in result["bars"]] == [
        "share read",
        "wrong texts",
        "cpu / pyzbar",
        "idle cpu / zxing-cpp",
    ]
    share = result["bars"][0]
    assert share == {"what": "share read", "value": 0.6667, "bar": 0.93, "ok": False}


@needs_zbar
def test_the_idle_bar_is_met_here(photos: Path) -> None:
    result: Any = run(photos)
    idle = result["bars"][3]
    assert idle["ok"], idle


@needs_zbar
def test_threads_of_the_library_are_as_before(photos: Path) -> None:
    cv2.setNumThreads(2)
    run(photos)
    assert cv2.getNumThreads() == 2
    cv2.setNumThreads(1)


@pytest.mark.parametrize(
    ("ours", "pyzbar", "idle", "ok"),
    [
        (Score(93, 0, 25.0), Score(80, 0, 100.0), 13.0, [True, True, True, True]),
        (Score(92, 0, 25.0), Score(80, 0, 100.0), 13.0, [False, True, True, True]),
        (Score(99, 1, 25.0), Score(80, 0, 100.0), 13.0, [True, False, True, True]),
        (Score(99, 0, 25.1), Score(80, 0, 100.0), 13.0, [True, True, False, True]),
        (Score(99, 0, 25.0), Score(80, 0, 100.0), 13.1, [True, True, True, False]),
    ],
    ids=["all met", "read too few", "read wrong", "too slow", "idles too dear"],
)
def test_each_bar_falls_short_on_its_own(
    ours: Score, pyzbar: Score, idle: float, ok: list[bool]
) -> None:
    scores = {"ours": ours, "pyzbar": pyzbar}
    told = bars(100, scores, {"idle ours": idle, "idle zxing-cpp": 10.0})
    assert [bar["ok"] for bar in told] == ok


def test_the_idle_frame_costs_less_than_the_bar_and_no_extra_rung_runs() -> None:
    spent = measure_idle()
    assert spent["idle ours"] <= 1.3 * spent["idle zxing-cpp"]


def test_the_idle_scene_is_still_and_each_frame_has_noise_of_its_own() -> None:
    frames = idle_frames()
    assert {frame.shape for frame in frames} == {(IDLE_SIZE[1], IDLE_SIZE[0])}
    assert len({frame.tobytes() for frame in frames}) == len(frames)
    gate = qr.MotionGate()
    for number, frame in enumerate(frames):
        gate.look(frame, float(number))
    assert gate.moved_at == 0.0


@pytest.mark.parametrize(
    ("texts", "expected", "verdict"),
    [
        ((), "abc", None),
        (("abc",), "abc", True),
        (("abc\n",), "abc\n", True),
        (("abc",), "abc\n", True),
        (("abc", "abc"), "abc", True),
        (("abd",), "abc", False),
        (("abc", "abd"), "abc", False),
        (("abc ",), "abc", False),
        (("",), "abc", False),
    ],
    ids=ascii,
)
def test_one_wrong_text_makes_a_photo_wrong(
    texts: Texts, expected: str, *, verdict: bool | None
) -> None:
    assert judge(Photo(np.zeros((1, 1), dtype=np.uint8), expected), texts) is verdict


def photos_of(*texts: str) -> list[Photo]:
    """Photos of nothing, told apart by their grey."""
    return [Photo(np.full((9, 9), at, dtype=np.uint8), text) for at, text in enumerate(texts)]


def test_a_wrong_text_is_counted_as_wrong_and_not_as_read() -> None:
    answers: list[Texts] = [("a",), ("x",), ()]
    score = measure(photos_of("a", "b", "c"), {"ours": lambda gray: answers[int(gray[0, 0])]})
    assert (score["ours"].read, score["ours"].wrong) == (1, 1)


def test_a_library_that_raises_on_a_photo_has_not_read_it() -> None:
    def broken(_gray: Gray) -> Texts:
        raise UnicodeDecodeError("utf-8", b"", 0, 1, "")

    score = measure(photos_of("a"), {"ours": broken})["ours"]
    assert (score.read, score.wrong) == (0, 0)


def test_a_disturbance_in_one_round_of_one_photo_does_not_count() -> None:
    left = {"loops": 1}

    def now_and_then(_gray: Gray) -> Texts:
        if left["loops"] == 0:
            return ()
        left["loops"] -= 1
        began = time.process_time()
        while time.process_time() - began < 0.05:
            continue
        return ()

    first = photos_of("a")
    measure(first, {"ours": now_and_then})  # the warm-up takes the first disturbance
    left["loops"] = 2
    assert measure(first, {"ours": now_and_then})["ours"].cpu_ms < 25


def test_our_ladder_climbs_until_the_first_text() -> None:
    blurred = picture(scale=4.0, blur_px=2.1)
    assert zxing(blurred) == ()
    assert climb(blurred) == (TEXT,)
    assert climb(np.full((120, 160), 90, dtype=np.uint8)) == ()


def test_photos_are_found_in_folders_within_folders_whatever_their_suffix(photos: Path) -> None:
    assert [photo.gray.shape for photo in load(photos)] == [(240, 320), (120, 160), (240, 320)]
    assert {photo.text for photo in load(photos)} == {TEXT}


def test_the_expected_text_is_taken_to_the_letter(photos: Path) -> None:
    (photos / "easy.txt").write_bytes(b"one\r\ntwo\n")
    assert "one\r\ntwo\n" in {photo.text for photo in load(photos)}


def test_a_photo_without_its_text_is_told(photos: Path) -> None:
    (photos / "easy.txt").unlink()
    with pytest.raises(DeviceConfigError, match=r"easy\.png: no easy\.txt beside it"):
        load(photos)


def test_a_photo_that_cannot_be_read_is_told(photos: Path) -> None:
    (photos / "easy.png").write_bytes(b"broken")
    with pytest.raises(DeviceConfigError, match=r"easy\.png: not a picture"):
        load(photos)


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_directory_without_photos_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DeviceConfigError, match="no photos there"):
        load(tmp_path / name)


def test_without_pyzbar_there_is_nothing_to_compare_with_and_it_says_so_in_one_line(
    photos: Path,
) -> None:
    with pytest.raises(DeviceUnavailableError) as caught:
        run(photos, has_pyzbar=False)
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        "pyzbar: there is nothing to compare with (apt-get install libzbar0)"
    )
