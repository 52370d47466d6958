"""A few seconds of looking: what a camera delivers and whether anything in it can be read."""

import statistics
import time
from dataclasses import dataclass

from drivers.base import READ_TIMEOUT_S
from drivers.camera import DARK, Camera, PictureWatch
from drivers.qr import Ladder, rungs
from drivers.qr_token import is_token


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen.

    Attributes:
        frames_per_s: Fresh frames only.
        age_s: Median age of a frame when it was handed over; None without a frame.
        brightness: Mean grey level of the last frame, 0 to 255.
        tokens: Different texts in the token grammar, in the order seen.
        others: Different texts that would never leave the driver.
        rungs: Ways to read, and whether each is there.
        ok: The camera is well: fresh frames, not all of them dark.
        detail: How the camera says it is.
    """

    frames_per_s: float
    age_s: float | None
    stale: int
    brightness: float
    tokens: tuple[str, ...]
    others: tuple[str, ...]
    rungs: dict[str, bool]
    ok: bool
    detail: str


def survey(frames: Camera, seconds: float) -> Survey:
    """Open the camera, look for some seconds, close it.

    Raises:
        DeviceUnavailableError: The camera cannot be opened.
        DeviceLostError: It went away while looking.
    """
    ladder, watch = Ladder(wanted=is_token), PictureWatch()
    taken, ages, texts = list[float](), list[float](), dict[str, None]()
    frames.open()
    try:
        began = time.monotonic()
        seq = 0
        while time.monotonic() - began < seconds:
            frame = frames.latest(seq, READ_TIMEOUT_S)
            if frame is None:
                continue
            seq = frame.seq
            ages.append(time.monotonic() - frame.at)
            taken.append(frame.at)
            watch.look(frame.gray, frame.at)
            texts |= dict.fromkeys(ladder.read(frame.gray, frame.at))
        took_s = time.monotonic() - began
        health = frames.health()
    finally:
        frames.close()
    dark = bool(taken) and watch.dark_since == taken[0]
    return Survey(
        frames_per_s=round(health.counters["frames"] / took_s, 1),
        age_s=round(statistics.median(ages), 3) if ages else None,
        stale=health.counters["stale"],
        brightness=round(watch.brightness, 1),
        tokens=tuple(text for text in texts if is_token(text)),
        others=tuple(text for text in texts if not is_token(text)),
        rungs=dict(rungs()),
        ok=health.ok and bool(ages) and not dark,
        detail=DARK if dark else health.detail,
    )
