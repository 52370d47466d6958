"""What a simulated camera looks at: a dim, noisy shop with or without a code in front of it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import segno

from drivers.vision import Gray, cv2

QUIET_MODULES: Final = 4  # ISO/IEC 18004: the white border of a code
MODULE_PX: Final = 8  # before it is turned and shrunk, so that edges come out soft
SCALE_MAX: Final = 6.0  # pixels a module, when the order names none
FILL: Final = 0.9  # share of the picture's shorter side that a code may take
PAPER: Final = 230
INK: Final = 25
NOISE_LEVELS: Final = 3.0  # standard deviation; a web camera in shop light
NOISE_SHIFT: Final = 32  # the noise moves by up to this many pixels from frame to frame
SEED: Final = 20_251


@dataclass(frozen=True, slots=True)
class Showing:
    """A code held in front of the camera.

    Attributes:
        scale: Pixels a module; None for the largest that fits, at most 6.
        rotation_deg: Counter-clockwise.
        blur_px: Standard deviation of the blur of the whole picture.
        inverted: Light on dark, as phones in dark mode show it.
    """

    text: str
    scale: float | None = None
    rotation_deg: float = 0.0
    blur_px: float = 0.0
    inverted: bool = False


def code_pixels(text: str) -> Gray:
    """Return a QR code of level L with its border, one pixel a module.

    Raises:
        ValueError: The text does not fit into any QR code.
    """
    code = segno.make(text, error="l", boost_error=False, micro=False)
    modules = np.array([list(row) for row in code.matrix], dtype=np.uint8)
    black = np.pad(modules, QUIET_MODULES) > 0
    return np.where(black, np.uint8(INK), np.uint8(PAPER))


class Scene:
    """Renders frames of one size; the expensive part is done once for each showing."""

    def __init__(self, width: int, height: int) -> None:
        self._random = np.random.default_rng(SEED)
        self._noise = self._random.normal(
            0, NOISE_LEVELS, (height + NOISE_SHIFT, width + NOISE_SHIFT)
        ).astype(np.int16)
        self._room = self._furnish(width, height)

    def view(self, showing: Showing | None) -> Gray:
        """Return the picture without noise.

        Raises:
            ValueError: The code does not fit into a QR code or into the picture.
        """
        if showing is None:
            return self._room
        view = self._hold(code_pixels(showing.text), showing)
        if showing.blur_px:
            cv2.GaussianBlur(view, (0, 0), showing.blur_px, dst=view)
        return view

    def frame(self, view: Gray) -> Gray:
        """Return a view as one frame sees it, with fresh noise."""
        height, width = view.shape
        down, right = self._random.integers(0, NOISE_SHIFT, 2)
        noise = self._noise[down : down + height, right : right + width]
        return cv2.add(view, noise, dtype=cv2.CV_8U).astype(np.uint8, copy=False)

    def _hold(self, code: Gray, showing: Showing) -> Gray:
        """Return the room with the code turned and scaled into its middle."""
        height, width = self._room.shape
        angle = math.radians(showing.rotation_deg)
        size = code.shape[0] * (abs(math.cos(angle)) + abs(math.sin(angle)))  # it stands on a tip
        if showing.inverted:
            code = (PAPER + INK - code).astype(np.uint8)
        scale = showing.scale or min(SCALE_MAX, FILL * min(height, width) / size)
        if size * scale > min(height, width):
            raise ValueError(
                f"a code of {code.shape[0]} modules at scale {scale:g} is larger than the view"
            )
        large = np.kron(code, np.ones((MODULE_PX, MODULE_PX), dtype=np.uint8))
        middle = large.shape[0] / 2
        turn = cv2.getRotationMatrix2D((middle, middle), showing.rotation_deg, scale / MODULE_PX)
        turn[:, 2] += (width / 2 - middle, height / 2 - middle)
        view = self._room.copy()
        cv2.warpAffine(
            cv2.blur(large, (3, 3)),
            turn,
            (width, height),
            dst=view,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
        return view

    def _furnish(self, width: int, height: int) -> Gray:
        """Return a smooth room with some shelves."""
        corners = self._random.integers(60, 140, (4, 5)).astype(np.uint8)
        room = cv2.resize(corners, (width, height), interpolation=cv2.INTER_CUBIC)
        for _ in range(6):
            left, top = self._random.integers(0, (width, height))
            right, low = left + width // 5, top + height // 8
            level = int(self._random.integers(40, 180))
            cv2.rectangle(room, (int(left), int(top)), (int(right), int(low)), level, -1)
        return cv2.GaussianBlur(room, (0, 0), 2.0).astype(np.uint8, copy=False)
