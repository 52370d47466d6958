"""`kiosk bench qr`: our ladder, plain pyzbar and plain zxing-cpp on the same photos and frames.

Every row gets the same grey frames. A photo is a picture that stands still, so each way of
reading has one try at it: pyzbar and zxing-cpp are one way, our ladder is up to twelve frames of
one rung more. The figures are before the token filter; CPU is that of the whole process.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from drivers.base import DeviceConfigError, DeviceUnavailableError
from drivers.pictures import SUFFIXES, read_gray
from drivers.qr import MOTION_S, Ladder
from drivers.qr_rungs import HAS_ZBAR, Texts, zbar, zxing
from drivers.vision import VISION_FAULTS, Gray, cv2

FRAMES: Final = 12  # of one photo, at most
FRAME_S: Final = 1 / 15
ROUNDS: Final = 15  # the rows take turns; each photo counts at its least disturbed showing
IDLE_FRAMES: Final = 96
IDLE_VARIANTS: Final = 8  # noise of its own in each
IDLE_SIZE: Final = (1280, 720)
IDLE_NOISE: Final = 3.0  # grey levels: a web camera in shop light
READ_BAR: Final = 0.93
CPU_BAR: Final = 0.25
IDLE_BAR: Final = 1.3

Json = dict[str, object]
Reader = Callable[[Gray], Texts]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and the text that it must decode to."""

    gray: Gray
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """What a row read of the photos, and the processor time it took."""

    read: int
    wrong: int
    cpu_ms: float


def run(directory: Path, *, has_pyzbar: bool = HAS_ZBAR) -> Json:
    """Measure all rows; the answer holds `bench`, `rows` and `bars`.

    Raises:
        DeviceConfigError: The directory holds no photos, or a photo has no text.
        DeviceUnavailableError: pyzbar does not work here, so there is nothing to compare with.
    """
    photos = load(directory)
    if not has_pyzbar:
        raise DeviceUnavailableError(
            "pyzbar", "there is nothing to compare with (apt-get install libzbar0)"
        )
    readers: dict[str, Reader] = {"ours": climb, "pyzbar": zbar, "zxing-cpp": zxing}
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        scores = measure(photos, readers)
        idle = measure_idle()
    finally:
        cv2.setNumThreads(threads)
    rows: list[Json] = [
        {
            "what": what,
            "photos": len(photos),
            "read": score.read,
            "wrong": score.wrong,
            "cpu_ms": round(score.cpu_ms, 1),
        }
        for what, score in scores.items()
    ]
    rows += [
        {"what": what, "frames": IDLE_VARIANTS, "cpu_ms": round(cpu_ms, 1)}
        for what, cpu_ms in idle.items()
    ]
    return {"bench": "qr", "rows": rows, "bars": bars(len(photos), scores, idle)}


def bars(photos: int, scores: dict[str, Score], idle: dict[str, float]) -> list[Json]:
    """Return each bar with its value and whether it is met."""
    ours, pyzbar = scores["ours"], scores["pyzbar"]
    read = ours.read / photos
    cpu = ours.cpu_ms / pyzbar.cpu_ms
    still = idle["idle ours"] / idle["idle zxing-cpp"]
    return [
        {"what": "share read", "value": round(read, 4), "bar": READ_BAR, "ok": read >= READ_BAR},
        {"what": "wrong texts", "value": ours.wrong, "bar": 0, "ok": ours.wrong == 0},
        {"what": "cpu / pyzbar", "value": round(cpu, 3), "bar": CPU_BAR, "ok": cpu <= CPU_BAR},
        {
            "what": "idle cpu / zxing-cpp",
            "value": round(still, 3),
            "bar": IDLE_BAR,
            "ok": still <= IDLE_BAR,
        },
    ]


def load(directory: Path) -> list[Photo]:
    """Return the photos below a directory, in the order of their paths.

    Raises:
        DeviceConfigError: None there, one that cannot be read, or one without a .txt beside it.
    """
    photos = []
    for path in sorted(directory.rglob("*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        beside = path.with_suffix(".txt")
        if not beside.is_file():
            raise DeviceConfigError(str(path), f"no {beside.name} beside it says what it must read")
        gray = read_gray(path)
        if gray is None:
            raise DeviceConfigError(str(path), "not a picture that can be read")
        photos.append(Photo(gray, beside.read_bytes().decode()))
    if not photos:
        raise DeviceConfigError(str(directory), "no photos there (png, jpg, webp; .txt beside)")
    return photos


def climb(gray: Gray) -> Texts:
    """Return what our ladder reads in at most `FRAMES` frames of a still picture."""
    ladder = Ladder()
    for frame in range(FRAMES):
        texts = ladder.read(gray, frame * FRAME_S)
        if texts:
            return texts
    return ()


def measure(photos: Sequence[Photo], readers: dict[str, Reader]) -> dict[str, Score]:
    """Return the score of every reader, photo by photo at its least disturbed showing."""
    scores = dict.fromkeys(readers, Score(0, 0, 0.0))
    for reader in readers.values():  # first calls fill caches and make maps
        look(photos[0], reader)
    for photo in photos:
        least_ms = dict.fromkeys(readers, math.inf)
        verdicts: dict[str, bool | None] = {}
        for _ in range(ROUNDS):
            for what, reader in readers.items():
                texts, cpu_ms = look(photo, reader)
                verdicts[what] = judge(photo, texts)
                least_ms[what] = min(least_ms[what], cpu_ms)
        for what, score in scores.items():
            scores[what] = Score(
                score.read + (verdicts[what] is True),
                score.wrong + (verdicts[what] is False),
                score.cpu_ms + least_ms[what],
            )
    return scores


def look(photo: Photo, reader: Reader) -> tuple[Texts, float]:
    """Return what a reader reads of one photo, and the CPU milliseconds that it took."""
    began = time.process_time()
    try:
        texts = reader(photo.gray)
    except (*VISION_FAULTS, UnicodeDecodeError):  # a plain call has nobody to catch it
        texts = ()
    return texts, (time.process_time() - began) * 1000


def judge(photo: Photo, texts: Texts) -> bool | None:
    """Return whether the texts are right; None when there is none. One wrong text is enough."""
    if not texts:
        return None
    return all(text in (photo.text, photo.text.removesuffix("\n")) for text in texts)


def measure_idle() -> dict[str, float]:
    """Return the CPU milliseconds for an idle shop: ours and bare zxing-cpp, frame by frame.

    Each frame counts at its least disturbed showing, since one look takes but a millisecond.
    """
    frames = idle_frames()
    ladder = Ladder()
    ladder.read(frames[0], 0.0)
    ours = [math.inf] * len(frames)
    bare = [math.inf] * len(frames)
    for number in range(IDLE_FRAMES):
        which = number % len(frames)
        at = 2 * MOTION_S + number * FRAME_S
        began = time.process_time()
        ladder.read(frames[which], at)
        between = time.process_time()
        zxing(frames[which])
        ours[which] = min(ours[which], between - began)
        bare[which] = min(bare[which], time.process_time() - between)
    return {"idle ours": sum(ours) * 1000, "idle zxing-cpp": sum(bare) * 1000}


def idle_frames() -> list[Gray]:
    """Return frames of one unmoving scene without a code, each with noise of its own."""
    random = np.random.default_rng(1)
    scene = random.integers(40, 200, (9, 16)).astype(np.uint8)
    room = cv2.resize(scene, IDLE_SIZE, interpolation=cv2.INTER_CUBIC)
    noisy = (room + random.normal(0, IDLE_NOISE, room.shape) for _ in range(IDLE_VARIANTS))
    return [np.clip(each, 0, 255).astype(np.uint8) for each in noisy]
