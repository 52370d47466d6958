"""Each rung on real pixels: what it reads that the first one cannot, and what none may read."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import segno
import zxingcpp

from drivers import qr_rungs
from drivers.qr_rungs import EXTRA, FIRST
from drivers.sim.scene import Scene, Showing, code_pixels
from drivers.vision import Gray, cv2

TOKEN = "K1:" + "6BF9A*PQ4C:72" * 12
BY_NAME = {rung.name: rung for rung in EXTRA}


@cache
def scene() -> Scene:
    return Scene(640, 480)


def shown(showing: Showing) -> Gray:
    return scene().frame(scene().view(showing))


def bowed(gray: Gray, sag: float) -> Gray:
    """The picture of a sheet whose columns sag along a parabola, in half heights."""
    height, width = gray.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    across = columns / (width / 2) - 1
    moved = (rows - sag * height / 2 * across * across).astype(np.float32)
    sheet = cv2.remap(gray, columns, moved, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sheet, np.uint8)


@pytest.mark.parametrize(
    "showing",
    [
        Showing(TOKEN),
        Showing(TOKEN, inverted=True),
        Showing(TOKEN, scale=2.5),
        Showing(TOKEN, scale=3.0, rotation_deg=45, inverted=True),
        Showing(TOKEN, blur_px=1.0),
        Showing("K1:A"),
        *(Showing(TOKEN, rotation_deg=angle) for angle in range(15, 360, 30)),
    ],
    ids=repr,
)
def test_the_first_rung_reads_what_a_customer_shows(showing: Showing) -> None:
    assert FIRST.read(shown(showing)) == (showing.text,)


def test_two_codes_in_view_are_both_read() -> None:
    left = shown(Showing("K1:LEFT", scale=5))
    right = shown(Showing("K1:RIGHT", scale=5))
    assert set(FIRST.read(np.hstack([left, right]))) == {"K1:LEFT", "K1:RIGHT"}


def blurred() -> Gray:
    return shown(Showing(TOKEN, scale=4, blur_px=2.1))


def streaked() -> Gray:
    moving = cv2.blur(scene().view(Showing(TOKEN, scale=3)), (5, 1))
    return scene().frame(np.asarray(moving, np.uint8))


def dim() -> Gray:
    return scene().frame((scene().view(Showing(TOKEN, scale=3)) * 0.05).astype(np.uint8))


def faint() -> Gray:
    alone = Scene(640, 480)  # its noise begins anew, so that it is the same at every run
    return alone.frame((100 + alone.view(Showing(TOKEN)) // 17).astype(np.uint8))


@pytest.mark.parametrize(
    ("picture", "name"),
    [
        (blurred, "sharpened"),
        (streaked, "enlarged"),
        (dim, "two-tone"),
        (faint, "levelled"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_an_extra_rung_reads_what_the_first_cannot(picture: Callable[[], Gray], name: str) -> None:
    gray = picture()
    assert FIRST.read(gray) == ()
    assert BY_NAME[name].read(gray) == (TOKEN,)


@pytest.mark.parametrize(
    ("name", "sag"), [("sagging sheet", 0.14), ("arching sheet", -0.14)], ids=["sags", "arches"]
)
def test_a_bent_sheet_is_flattened_by_the_rung_for_its_side(name: str, sag: float) -> None:
    other = {"sagging sheet": "arching sheet", "arching sheet": "sagging sheet"}[name]
    gray = bowed(shown(Showing(TOKEN, scale=6)), sag)
    assert FIRST.read(gray) == ()
    assert BY_NAME[other].read(gray) == ()
    assert BY_NAME[name].read(gray) == (TOKEN,)


@pytest.mark.skipif(not qr_rungs.HAS_ZBAR, reason="libzbar0 is not there")
def test_pyzbar_is_a_rung_when_its_library_is_there() -> None:
    assert BY_NAME["pyzbar"].read(shown(Showing(TOKEN))) == (TOKEN,)


@pytest.mark.skipif(not qr_rungs.HAS_ZBAR, reason="libzbar0 is not there")
def test_pyzbar_reads_a_code_without_its_white_border_which_the_first_cannot() -> None:
    code = np.kron(code_pixels(TOKEN)[4:-4, 4:-4], np.ones((5, 5))).astype(np.uint8)
    view = scene().view(None).copy()
    height, width = code.shape
    view[60 : 60 + height, 90 : 90 + width] = code
    gray = scene().frame(view)
    assert FIRST.read(gray) == ()
    assert BY_NAME["pyzbar"].read(gray) == (TOKEN,)


@pytest.mark.parametrize("rung", [FIRST, *EXTRA], ids=lambda rung: rung.name)
def test_no_rung_reads_anything_in_an_empty_shop(rung: qr_rungs.Rung) -> None:
    for _ in range(3):
        assert rung.read(scene().frame(scene().view(None))) == ()


def micro_code() -> Gray:
    code = segno.make_micro("330")
    modules = np.pad(np.array([list(row) for row in code.matrix], dtype=np.uint8), 4)
    return np.kron(np.where(modules > 0, 0, 255), np.ones((8, 8))).astype(np.uint8)


@pytest.mark.parametrize("rung", [FIRST, *EXTRA], ids=lambda rung: rung.name)
def test_micro_qr_is_not_read_since_noise_can_look_like_it(rung: qr_rungs.Rung) -> None:
    assert rung.read(micro_code()) == ()


def test_a_ladder_that_allows_every_qr_code_reads_micro_qr() -> None:
    wide = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)  # the mutant
    found = zxingcpp.read_barcodes(micro_code(), formats=wide)
    assert [each.text for each in found] == ["330"]


def test_other_symbologies_are_not_read() -> None:
    matrix = zxingcpp.create_barcode("K1:ABC", zxingcpp.BarcodeFormat.DataMatrix)
    image = np.array(matrix.to_image(scale=8))
    assert zxingcpp.read_barcodes(image)
    for rung in (FIRST, *EXTRA):
        assert rung.read(image) == ()


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (480, 1), (3, 3), (7, 5), (720, 1280)])
def test_any_size_of_picture_is_survived(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(7).integers(0, 256, size).astype(np.uint8)
    for rung in (FIRST, *EXTRA):
        try:
            texts = rung.read(noise)
        except qr_rungs.FAULTS:
            texts = ()
        assert texts == ()


def test_large_frames_are_enlarged_and_bent_within_their_bounds() -> None:
    large = np.zeros((1080, 1920), dtype=np.uint8)
    assert qr_rungs.enlarged(large).size <= 1.01 * qr_rungs.ENLARGED_MAX_PX
    assert qr_rungs.bent(large, qr_rungs.BEND).size <= 1.01 * qr_rungs.BENT_MAX_PX
    small = np.zeros((240, 320), dtype=np.uint8)
    assert qr_rungs.enlarged(small).shape == (480, 640)
    assert qr_rungs.bent(small, qr_rungs.BEND).shape == (240, 320)


@contextmanager
def copy_without_zbar() -> Iterator[ModuleType]:
    """A second copy of the module, loaded as on a machine without libzbar0."""
    spec = importlib.util.spec_from_file_location("qr_rungs_alone", qr_rungs.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    loaded: dict[str, Any] = sys.modules  # None in it means: cannot be imported
    missing = {"pyzbar": None, spec.name: module}
    before = {name: loaded.get(name) for name in missing}
    loaded |= missing
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        for name, old in before.items():
            if old is None:
                del loaded[name]
            else:
                loaded[name] = old


def test_without_libzbar_the_ladder_has_one_rung_less_and_reads_on() -> None:
    with copy_without_zbar() as alone:
        assert not alone.HAS_ZBAR
        assert [rung.name for rung in alone.EXTRA] == [
            rung.name for rung in EXTRA if rung.name != "pyzbar"
        ]
        assert alone.FIRST.read(shown(Showing(TOKEN))) == (TOKEN,)
