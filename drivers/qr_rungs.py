"""The rungs of the decode ladder: ways to read a QR code, cheapest gain first.

Chosen by measuring 60 candidates on photos and on 1,300 rendered frames with blur, motion, dim
light, glare, tilt and bent paper; the order is by texts gained for each millisecond.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import zxingcpp

from drivers.vision import VISION_FAULTS, Gray, Image, cv2

try:
    from pyzbar import pyzbar
except ImportError:  # "Unable to find zbar shared library": the ladder has one rung less
    pyzbar = None
HAS_ZBAR: Final = pyzbar is not None

Texts = tuple[str, ...]
"""What was read from one picture; empty when nothing was."""

# "QRCode" would let Micro QR in, which finds short numbers in noise (seen: "330", "2").
FORMATS: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
ENLARGED_MAX_PX: Final = 2_500_000  # 2x of 640x480 is 1.2 million, of 1280x720 3.7
BENT_MAX_PX: Final = 420_000  # bounds the maps: 6 bytes for each pixel and direction
BEND: Final = 0.05  # sag over half the width, in half heights: a sheet held at both sides
MAPS_KEPT: Final = 4  # two directions, two cameras


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to read a picture.

    Attributes:
        name: As `kiosk camera test` and `kiosk doctor` show it.
        read: Texts of one grey picture; may raise what its library raises.
    """

    name: str
    read: Callable[[Gray], Texts]


def zxing(gray: Image, binarizer: zxingcpp.Binarizer = zxingcpp.Binarizer.LocalAverage) -> Texts:
    """Return what zxing-cpp reads, inverted codes too."""
    found = zxingcpp.read_barcodes(
        gray, formats=FORMATS, text_mode=zxingcpp.TextMode.Plain, binarizer=binarizer
    )
    return tuple(each.text for each in found)


def zbar(gray: Image) -> Texts:
    """Return what pyzbar reads, in plain QR codes only.

    Other symbologies stay off: zbar's faults with hostile pictures lie there (CVE-2023-40890).
    """
    found = pyzbar.decode(gray, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return tuple(each.data.decode() for each in found)


def sharpened(gray: Image, size: int, amount: float) -> Image:
    """Return the picture with its blur subtracted; a box is 3x faster than a Gaussian."""
    return cv2.addWeighted(gray, amount, cv2.blur(gray, (size, size)), 1 - amount, 0)


def enlarged(gray: Image) -> Image:
    """Return the picture at twice its size, or as near to it as the bound allows."""
    factor = min(2.0, max(1.0, (ENLARGED_MAX_PX / gray.size) ** 0.5))
    return cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)


def bent(gray: Image, bend: float) -> Image:
    """Return the picture with its columns moved along a parabola, which flattens a bent sheet."""
    if gray.size > BENT_MAX_PX:
        factor = (BENT_MAX_PX / gray.size) ** 0.5
        gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    height, width = gray.shape[:2]
    steps, fractions = _bend_maps(height, width, bend)
    return cv2.remap(gray, steps, fractions, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@lru_cache(maxsize=MAPS_KEPT)
def _bend_maps(height: int, width: int, bend: float) -> tuple[Image, Image]:
    """Fixed-point maps for `cv2.remap`; 20 ms to make, so they are kept."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    across = columns / (width / 2) - 1
    moved = rows + np.float32(bend * height / 2) * across * across
    return cv2.convertMaps(columns, moved.astype(np.float32), cv2.CV_16SC2)


def _sharp(gray: Gray) -> Texts:
    return zxing(sharpened(gray, 7, 4.0))


def _large(gray: Gray) -> Texts:
    return zxing(enlarged(sharpened(gray, 5, 2.0)))


def _two_tone(gray: Gray) -> Texts:
    soft = cv2.GaussianBlur(gray, (3, 3), 0)
    _, black_white = cv2.threshold(soft, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return zxing(black_white, zxingcpp.Binarizer.FixedThreshold)


def _sagging(gray: Gray) -> Texts:
    return zxing(bent(gray, BEND))


def _arching(gray: Gray) -> Texts:
    return zxing(bent(gray, -BEND))


def _levelled(gray: Gray) -> Texts:
    soft = cv2.blur(gray, (3, 3))
    black_white = cv2.adaptiveThreshold(
        soft, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 31, 3
    )
    return zxing(black_white, zxingcpp.Binarizer.FixedThreshold)


def _soft(gray: Gray) -> Texts:
    # pyzbar follows every edge: with less noise it takes less time, 20 ms instead of 30 on the ten
    # photos of the bench that the first rung cannot read, and reads three of them instead of one.
    return zbar(cv2.blur(gray, (3, 3)))


FIRST: Final = Rung("zxing-cpp", zxing)
"""Runs on every frame."""

EXTRA: Final = (
    Rung("sharpened", _sharp),
    Rung("arching sheet", _arching),
    Rung("sagging sheet", _sagging),
    Rung("enlarged", _large),
    Rung("two-tone", _two_tone),
    Rung("levelled", _levelled),
    *((Rung("pyzbar", _soft),) if HAS_ZBAR else ()),
)
"""Run one a frame, in turn, while the first reads nothing."""

FAULTS: Final = (*VISION_FAULTS, UnicodeDecodeError) + ((pyzbar.PyZbarError,) if HAS_ZBAR else ())
"""Whatever the libraries of a rung raise on a picture."""
