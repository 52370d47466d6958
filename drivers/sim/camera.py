"""A simulated code camera: rendered QR pixels, a simulated V4L2 camera, the real driver and ladder.

Options: width, height, fps, fourcc as of the real one, and `select_timeout_s`. Orders:
`show` (text; scale, rotation_deg, blur_px, invert), `clear`, `still` (on), `stall`, `resume`,
`unplug`, `replug`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from drivers import options as option
from drivers.base import CodeRead, Health
from drivers.camera import Camera
from drivers.code_camera import CodeCamera
from drivers.sim.orders import Order, amount, truth, verb
from drivers.sim.scene import Scene, Showing
from drivers.sim.v4l2 import SimV4l2
from drivers.v4l2 import DEFAULTS, MAX_FPS, MAX_SIDE, V4l2Source
from drivers.vision import SELECT_TIMEOUT_S, Gray

SWITCHES: Final = ("stall", "resume", "unplug", "replug")
VERBS: Final = ("show", "clear", "still", *SWITCHES)
DEVICE: Final = "/dev/v4l/by-id/simulated"


class SimCamera:
    """Reads simulated codes; see `drivers.base.CodeReader` and `SimDevice`.

    Attributes:
        device: The simulated camera, for tests that look inside.
        frames: The real driver's frames, for a look without the token filter.
    """

    def __init__(self, name: str, options: option.Options) -> None:
        self.name = name
        given = DEFAULTS | {key: value for key, value in options.items() if value is not None}
        width = option.whole(name, given, "width", 1, MAX_SIDE)
        height = option.whole(name, given, "height", 1, MAX_SIDE)
        self._scene = Scene(width, height)
        self._view = self._scene.view(None)
        self._held: Gray | None = None
        self.device = SimV4l2(
            self._draw,
            (width, height),
            option.whole(name, given, "fps", 1, MAX_FPS),
            select_timeout_s=option.number(
                name, given, "select_timeout_s", SELECT_TIMEOUT_S, SELECT_TIMEOUT_S
            ),
        )
        source = V4l2Source(
            name, {"fourcc": "GREY", **given, "device": DEVICE}, self.device.open_capture
        )
        self.frames = Camera(name, source)
        self._reader = CodeCamera(name, self.frames)

    def open(self) -> None:
        """Open the real driver on the simulated camera.

        Raises:
            DeviceUnavailableError: Unplugged.
        """
        self._reader.open()

    def poll(self, timeout_s: float) -> Sequence[CodeRead]:
        """Return the tokens in the newest frame.

        Raises:
            DeviceLostError: Unplugged or stalled.
        """
        return self._reader.poll(timeout_s)

    def close(self) -> None:
        """Close the driver; what is shown stays in view."""
        self._reader.close()

    def health(self) -> Health:
        """State and counters of the real driver."""
        return self._reader.health()

    def obey(self, order: Order) -> Mapping[str, object]:
        """Carry out one order; see the module.

        Raises:
            ValueError: Unknown order or argument, or a text that is too long for a code.
        """
        match verb(order, VERBS):
            case "show":
                self._view = self._scene.view(_showing(order))
            case "clear":
                self._view = self._scene.view(None)
            case "still":
                on = truth(order, "on", default=True)
                self._held = self._scene.frame(self._view) if on else None
            case "stall":
                self.device.stall()
            case "resume":
                self.device.resume()
            case "unplug":
                self.device.unplug()
            case _:
                self.device.replug()
        return {}

    def _draw(self) -> Gray:
        """Return the next frame; the camera's thread calls it."""
        held = self._held
        return self._scene.frame(self._view) if held is None else held


def _showing(order: Order) -> Showing:
    text = order.get("text")
    if not isinstance(text, str) or not text:
        raise ValueError("text must be a text that is not empty")
    return Showing(
        text,
        scale=amount(order, "scale", 0, 1, 40) if "scale" in order else None,
        rotation_deg=amount(order, "rotation_deg", 0, -360, 360),
        blur_px=amount(order, "blur_px", 0, 0, 20),
        inverted=truth(order, "invert", default=False),
    )
