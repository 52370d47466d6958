"""Code readers under the contract suite: every source of pictures, and the eye's socket."""
# ruff: noqa: D102 - test_contract.Rig says what each method of a rig does

import threading
import time
from collections.abc import Callable
from pathlib import Path

from drivers.base import CodeReader, DriverError
from drivers.camera import Camera
from drivers.code_camera import CodeCamera, file_reader, folder_reader
from drivers.eye_socket import EyeSocket
from drivers.sim.camera import SimCamera
from drivers.sim.scene import Scene, Showing
from drivers.sim.v4l2 import SimV4l2
from drivers.v4l2 import V4l2Source
from drivers.vision import Gray, cv2
from kiosk.eye.app import Eye
from kiosk.eye.outlet import Outlet
from tests.patience import patient_s

LIMIT_S = 20.0  # a machine that is busy elsewhere drops frames as stale
FPS = 60
TOKEN = "K1:" + "6BF9A*PQ4C:72" * 12
SIM = {"width": 640, "height": 480, "fps": FPS, "select_timeout_s": 0.2}


def frame(width: int = 320, height: int = 240) -> Gray:
    scene = Scene(width, height)
    return scene.frame(scene.view(Showing(TOKEN)))


class CodeRig:
    """What all code readers have in common: a token in view is read."""

    can_be_lost = True
    needs_device = True
    grows: tuple[str, ...] = ("opens", "frames", "decoded")
    device: CodeReader

    def open(self) -> None:
        self.device.open()

    def act(self) -> bool:
        end = time.monotonic() + patient_s(LIMIT_S)
        while time.monotonic() < end:
            if any(read.text == TOKEN for read in self.device.poll(0.1)):
                return True
        return False

    def is_lost(self) -> bool:
        end = time.monotonic() + patient_s(LIMIT_S)
        try:
            while time.monotonic() < end:
                self.device.poll(0.1)
        except DriverError:
            return True
        return False

    def end(self) -> None:
        self.device.close()


class V4l2Rig(CodeRig):
    """The V4L2 driver in one of the formats, on a simulated camera."""

    def __init__(self, letters: str) -> None:
        scene = Scene(640, 480)
        view = scene.view(Showing(TOKEN))  # once: drawing a code takes as long as a frame lasts
        self._camera = SimV4l2(lambda: scene.frame(view), fps=FPS, formats=(letters,))
        self._camera.unplug()
        source = V4l2Source("camera", {"device": "/dev/video0"}, self._camera.open_capture)
        self.device = CodeCamera("camera", Camera("camera", source))

    def restore(self) -> None:
        self._camera.replug()

    def lose(self) -> None:
        self._camera.unplug()


class SimRig(CodeRig):
    """The simulated camera as a play has it; lost by its plug or by a stall."""

    def __init__(self, lose: str) -> None:
        self._lose = lose
        self.device: SimCamera = SimCamera("camera", SIM)
        self.device.obey({"do": "unplug"})
        self.device.obey({"do": "show", "text": TOKEN})

    def restore(self) -> None:
        self.device.obey({"do": "replug"})
        self.device.obey({"do": "resume"})

    def lose(self) -> None:
        self.device.obey({"do": self._lose})


class FileRig(CodeRig):
    """A video file, which nobody can take away once it is open."""

    can_be_lost = False

    def __init__(self, directory: Path) -> None:
        self._path = directory / "video.avi"
        self.device = file_reader("camera", {"device": str(self._path), "fps": FPS})

    def restore(self) -> None:
        motion_jpeg = cv2.VideoWriter.fourcc(*"MJPG")
        writer = cv2.VideoWriter(str(self._path), motion_jpeg, 30, (640, 480), isColor=False)
        for _ in range(3):
            writer.write(frame(640, 480))
        writer.release()

    def lose(self) -> None:
        raise NotImplementedError


class FolderRig(CodeRig):
    """A folder of pictures."""

    can_be_lost = False

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "pictures"
        self._folder.mkdir()
        self.device = folder_reader("camera", {"device": str(self._folder), "fps": FPS})

    def restore(self) -> None:
        cv2.imwrite(str(self._folder / "code.png"), frame())

    def lose(self) -> None:
        raise NotImplementedError


class Nobody:
    """A service manager that is not there."""

    def ready(self) -> None:
        pass

    def ping(self) -> None:
        pass


class EyeRig(CodeRig):
    """The eye's socket; losing it means that the eye ends, or that its camera is unplugged."""

    grows = ("opens", "decoded")  # the eye tells its frames once a second

    def __init__(self, directory: Path, *, end_eye: bool) -> None:
        self._path = directory / "eye.sock"
        self._end_eye = end_eye
        self._camera = SimCamera("camera", SIM)
        self._camera.obey({"do": "show", "text": TOKEN})
        self._eye: tuple[threading.Thread, threading.Event] | None = None
        self.device = EyeSocket("camera", {"device": str(self._path)})

    def restore(self) -> None:
        self._camera.obey({"do": "replug"})
        if self._eye is None:
            stop = threading.Event()
            eye = Eye(self._camera, Outlet(self._path), Nobody())
            thread = threading.Thread(target=eye.run, args=(stop,), name="eye")
            thread.start()
            self._eye = thread, stop
        end = time.monotonic() + patient_s(LIMIT_S)
        while not self._is_back() and time.monotonic() < end:
            time.sleep(0.01)

    def lose(self) -> None:
        if self._end_eye:
            self._stop()
        else:
            self._camera.obey({"do": "unplug"})

    def end(self) -> None:
        self.device.close()
        self._stop()

    def _is_back(self) -> bool:
        return self._path.exists() and self._camera.health().ok

    def _stop(self) -> None:
        if self._eye is not None:
            thread, stop = self._eye
            stop.set()
            thread.join()
            self._eye = None


CASES: dict[str, Callable[[Path], object]] = {
    "v4l2-grey": lambda _directory: V4l2Rig("GREY"),
    "v4l2-yuyv": lambda _directory: V4l2Rig("YUYV"),
    "v4l2-colour": lambda _directory: V4l2Rig("BGR3"),
    "sim-camera-unplugged": lambda _directory: SimRig("unplug"),
    "sim-camera-stalled": lambda _directory: SimRig("stall"),
    "file": FileRig,
    "folder": FolderRig,
    "eye-ended": lambda directory: EyeRig(directory, end_eye=True),
    "eye-without-camera": lambda directory: EyeRig(directory, end_eye=False),
}
