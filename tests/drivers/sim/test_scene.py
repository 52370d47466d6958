"""The rendered scene: codes where the script wants them, noise that never repeats."""

import numpy as np
import pytest

from drivers.qr_rungs import FIRST
from drivers.sim.scene import INK, PAPER, QUIET_MODULES, Scene, Showing, code_pixels

TOKEN = "K1:" + "6BF9A*PQ4C:72" * 15


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(640, 480)


def test_a_code_is_black_on_white_with_its_quiet_zone() -> None:
    pixels = code_pixels("K1:ABC")
    assert set(np.unique(pixels)) == {INK, PAPER}
    assert (pixels[:QUIET_MODULES] == PAPER).all()
    assert (pixels[:, -QUIET_MODULES:] == PAPER).all()
    assert pixels[QUIET_MODULES, QUIET_MODULES] == INK
    assert pixels.shape == (21 + 2 * QUIET_MODULES,) * 2


def test_a_token_of_200_characters_takes_an_alphanumeric_code_of_level_l() -> None:
    assert code_pixels(TOKEN).shape[0] == 45 + 2 * QUIET_MODULES


def test_frames_of_one_view_differ_by_noise_only(scene: Scene) -> None:
    view = scene.view(None)
    one, two = scene.frame(view), scene.frame(view)
    assert not np.array_equal(one, two)
    assert np.abs(one.astype(int) - two.astype(int)).mean() < 6
    assert one.dtype == np.uint8


def test_noise_does_not_wrap_around_at_black_and_white(scene: Scene) -> None:
    for level in (0, 255):
        frame = scene.frame(np.full((480, 640), level, dtype=np.uint8))
        assert np.abs(frame.astype(int) - level).max() < 40


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (1280, 720), (480, 640)], ids=str)
def test_a_code_fits_into_every_size_of_picture(size: tuple[int, int]) -> None:
    scene = Scene(*size)
    view = scene.view(Showing("K1:ABC"))
    assert view.shape == (size[1], size[0])
    assert FIRST.read(scene.frame(view)) == ("K1:ABC",)


def test_the_scale_is_pixels_a_module(scene: Scene) -> None:
    large = np.count_nonzero(scene.view(Showing("K1:ABC", scale=8)) != scene.view(None))
    side = (21 + 2 * QUIET_MODULES) * 8
    assert large == pytest.approx(side * side, rel=0.05)


def test_the_room_is_not_touched_by_a_showing(scene: Scene) -> None:
    before = scene.view(None).copy()
    scene.view(Showing(TOKEN, blur_px=2))
    assert np.array_equal(scene.view(None), before)


@pytest.mark.parametrize(
    "showing",
    [
        Showing(TOKEN),
        Showing(TOKEN, scale=2.5),
        Showing(TOKEN, rotation_deg=77),
        Showing(TOKEN, inverted=True),
        Showing(TOKEN, blur_px=1.2),
        Showing("<b>any text, ünï¢ode too</b>"),
        Showing("\x1b[2J\n\x00"),
    ],
    ids=ascii,
)
def test_what_is_shown_can_be_read(scene: Scene, showing: Showing) -> None:
    assert FIRST.read(scene.frame(scene.view(showing))) == (showing.text,)


def test_a_text_of_4_kb_is_shown_too() -> None:
    scene = Scene(1280, 960)
    text = "K1:" + "A" * 4090
    assert FIRST.read(scene.frame(scene.view(Showing(text, scale=4)))) == (text,)


def test_a_text_that_fits_no_code_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match=r"."):
        scene.view(Showing("x" * 5000))


def test_a_code_larger_than_the_view_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="larger than the view"):
        scene.view(Showing(TOKEN, scale=30))
