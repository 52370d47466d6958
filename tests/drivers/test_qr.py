"""The ladder: which rung sees which frame, what it costs, and that no picture can upset it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drivers import qr_rungs
from drivers.qr import MOTION_S, Ladder, MotionGate, rungs
from drivers.qr_rungs import Rung, Texts
from drivers.sim.scene import Scene, Showing
from drivers.vision import Gray, cv2

FRAME_S = 1 / 15
SHAPE = (120, 160)


def noisy(seed: int, sigma: float = 3.0, level: int = 100, shape: tuple[int, int] = SHAPE) -> Gray:
    noise = np.random.default_rng(seed).normal(level, sigma, shape)
    return np.clip(noise, 0, 255).astype(np.uint8)


def with_object(gray: Gray) -> Gray:
    """Something of 3 % of the picture has come into view."""
    moved = gray.copy()
    moved[20:46, 20:46] = 220
    return moved


class Log:
    """Rungs that write down that they were tried, and read what they are told to."""

    def __init__(self, extra: Sequence[str] = ("a", "b", "c")) -> None:
        self.tried: list[str] = []
        self.answers: dict[str, Texts] = {}
        self.first = self._rung("first")
        self.extra = [self._rung(name) for name in extra]

    def ladder(self, wanted: Callable[[str], bool] = bool) -> Ladder:
        """Return a ladder of these rungs."""
        return Ladder(self.first, self.extra, wanted)

    def _rung(self, name: str) -> Rung:
        def read(_gray: Gray) -> Texts:
            self.tried.append(name)
            return self.answers.get(name, ())

        return Rung(name, read)


def test_every_frame_is_read_by_the_first_rung_and_one_more_in_turn() -> None:
    log = Log()
    ladder = log.ladder()
    for number in range(4):
        assert ladder.read(noisy(number), number * FRAME_S) == ()
    assert log.tried == ["first", "a", "first", "b", "first", "c", "first", "a"]
    assert ladder.extra == 4


def test_no_extra_rung_runs_when_the_first_one_reads() -> None:
    log = Log()
    log.answers["first"] = ("text",)
    assert log.ladder().read(noisy(1), 0.0) == ("text",)
    assert log.tried == ["first"]


def test_a_text_that_is_not_wanted_does_not_end_the_search() -> None:
    log = Log()
    log.answers = {"first": ("poster",), "a": ("poster",), "b": ("poster", "token")}
    ladder = log.ladder(lambda text: text == "token")
    read = [ladder.read(noisy(number), number * FRAME_S) for number in range(3)]
    assert read == [("poster",), ("poster", "token"), ("poster", "token")]
    assert log.tried == ["first", "a", "first", "b", "first", "b"]


def test_a_poster_that_stands_still_costs_each_rung_once() -> None:
    log = Log()
    log.answers = dict.fromkeys(("first", "a", "b", "c"), ("poster",))
    ladder = log.ladder(lambda _text: False)
    still = noisy(1)
    for number in range(10):
        ladder.read(still, number * FRAME_S)
    assert log.tried == ["first", "a", "b", "c"]


def test_a_rung_that_read_has_the_next_try_too() -> None:
    log = Log()
    ladder = log.ladder()
    log.answers["b"] = ("text",)
    seen = [ladder.read(noisy(number), number * FRAME_S) for number in range(4)]
    assert seen == [(), ("text",), ("text",), ("text",)]
    assert log.tried[-2:] == ["first", "b"]


def test_a_still_picture_gets_each_rung_once() -> None:
    log = Log()
    ladder = log.ladder()
    still = noisy(1)
    for number in range(12):
        ladder.read(still.copy(), number * FRAME_S)
    assert log.tried == ["first", "a", "b", "c"]


def test_a_still_picture_is_read_again_once_it_changes() -> None:
    log = Log()
    ladder = log.ladder()
    for number in range(6):
        ladder.read(noisy(1), number * FRAME_S)
    changed = noisy(1)
    changed[-1, -1] ^= 1  # one pixel that no sample looks at
    ladder.read(changed, 6 * FRAME_S)
    assert log.tried == ["first", "a", "b", "c", "first", "a"]


def test_a_still_picture_that_a_rung_reads_is_read_again_and_again() -> None:
    log = Log()
    ladder = log.ladder()
    log.answers["b"] = ("text",)
    seen = [ladder.read(noisy(1), number * FRAME_S) for number in range(5)]
    assert seen == [(), ("text",), ("text",), ("text",), ("text",)]


def test_extra_rungs_rest_when_nothing_has_moved_for_a_while() -> None:
    log = Log()
    ladder = log.ladder()
    ladder.read(noisy(0), 0.0)
    ladder.read(noisy(1), MOTION_S)
    assert log.tried == ["first", "a", "first", "b"]
    ladder.read(noisy(2), MOTION_S + 0.1)
    assert log.tried == ["first", "a", "first", "b", "first"]


def test_motion_wakes_the_extra_rungs() -> None:
    log = Log()
    ladder = log.ladder()
    for number in range(60):
        ladder.read(noisy(number), number * 0.1)
    assert log.tried[-1] == "first"
    ladder.read(with_object(noisy(99)), 6.0)
    assert log.tried[-1] in "abc"


def test_a_ladder_of_one_rung_works() -> None:
    log = Log(extra=())
    assert log.ladder().read(noisy(1), 0.0) == ()
    assert log.tried == ["first"]


@pytest.mark.parametrize(
    "error",
    [ValueError, TypeError, RuntimeError, cv2.error, UnicodeDecodeError("x", b"", 0, 1, "")],
)
def test_what_a_library_raises_is_counted_and_the_ladder_goes_on(error: Exception) -> None:
    def broken(_gray: Gray) -> Texts:
        raise error

    ladder = Ladder(Rung("broken", broken), [Rung("fine", lambda _gray: ("text",))])
    assert ladder.read(noisy(1), 0.0) == ("text",)
    assert ladder.faults == 1


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (4, 4, 3), (7,)])
def test_what_is_no_grey_picture_is_a_fault_and_no_exception(shape: tuple[int, ...]) -> None:
    ladder = Ladder()
    assert ladder.read(np.zeros(shape, dtype=np.uint8), 0.0) == ()
    assert ladder.faults == 1


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=90)),
    st.integers(min_value=1, max_value=9),
)
def test_no_picture_makes_the_ladder_raise_or_read(gray: Gray, frames: int) -> None:
    ladder = Ladder()
    for number in range(frames):
        assert ladder.read(gray, number * FRAME_S) == ()


def test_frames_of_changing_size_are_survived() -> None:
    ladder = Ladder()
    for number, side in enumerate((40, 400, 41, 40, 640)):
        gray = np.full((side, side), 90, dtype=np.uint8)
        assert ladder.read(gray, number * FRAME_S) == ()


def test_the_real_ladder_reads_a_blurred_code_within_one_turn() -> None:
    scene = Scene(640, 480)
    text = "K1:" + "AB/7" * 50
    view = scene.view(Showing(text, scale=4, blur_px=2.1))
    assert Ladder(extra=()).read(scene.frame(view), 0.0) == ()
    ladder = Ladder()
    seen = [ladder.read(scene.frame(view), number * FRAME_S) for number in range(len(rungs()))]
    assert (text,) in seen


def test_the_rungs_say_which_of_them_are_there() -> None:
    found = rungs()
    assert next(iter(found)) == "zxing-cpp"
    assert found["zxing-cpp"]
    assert found["pyzbar"] is qr_rungs.HAS_ZBAR
    assert {rung.name for rung in qr_rungs.EXTRA} <= found.keys()


def test_the_gate_takes_noise_for_stillness() -> None:
    gate = MotionGate()
    for number in range(40):
        gate.look(noisy(number, sigma=8, shape=(480, 640)), number * FRAME_S)
    assert gate.moved_at == 0.0


def test_the_gate_takes_a_little_more_light_for_stillness() -> None:
    gate = MotionGate()
    gate.look(noisy(0), 0.0)
    gate.look(noisy(1, level=106), 1.0)
    assert gate.moved_at == 0.0


def test_the_gate_sees_an_object_come_and_go() -> None:
    gate = MotionGate()
    gate.look(noisy(0), 0.0)
    gate.look(with_object(noisy(1)), 1.0)
    assert gate.moved_at == 1.0
    gate.look(with_object(noisy(2)), 1.5)
    assert gate.moved_at == 1.0
    gate.look(noisy(3), 2.0)
    assert gate.moved_at == 2.0


def test_the_gate_adds_slow_changes_up_within_a_second() -> None:
    gate = MotionGate()
    for number in range(10):
        gate.look(noisy(number, sigma=1, level=100 + 3 * number), number * FRAME_S)
    assert gate.moved_at is not None
    assert gate.moved_at > 0.0
