"""From the configuration to the eye's camera and socket, and to a camera for a test."""

from pathlib import Path
from typing import Final

from drivers import code_camera, registry
from drivers.base import CodeReader, DeviceConfigError
from drivers.camera import Camera
from kiosk.settings import Settings
from kiosk.settings.devices import CameraSection

SOCKET_NAME: Final = "eye.sock"
FRAMES: Final = {
    "v4l2": code_camera.v4l2_frames,
    "file": code_camera.file_frames,
    "folder": code_camera.folder_frames,
}


def kind_of(device: str) -> str:
    """Return the kind of camera that a path is."""
    path = Path(device)
    if path.is_dir():
        return "folder"
    return "file" if path.is_file() else "v4l2"


def section(settings: Settings, *, exit_side: bool) -> tuple[str, CameraSection]:
    """Return the name and the table of a camera.

    Raises:
        DeviceConfigError: The configuration has no such camera.
    """
    name, found = (
        ("exit_camera", settings.exit_camera) if exit_side else ("camera", settings.camera)
    )
    if found is None:
        raise DeviceConfigError(name, f"the configuration has no [{name}] (add one)")
    return name, found


def arrange(
    settings: Settings, device: str, socket: Path | None, *, exit_side: bool = False
) -> tuple[CodeReader, Path]:
    """Return the eye's camera, not yet open, and the path of its socket.

    Args:
        device: The camera's path, when the configuration names the socket instead.
        socket: Where to listen, whatever the configuration says.

    Raises:
        DeviceConfigError: No such camera, or an option of it is wrong.
    """
    name, camera = section(settings, exit_side=exit_side)
    options = camera.model_dump(exclude={"kind"})
    if camera.kind == "eye":
        path = Path(camera.device or "") if socket is None else socket
        kind, options = kind_of(device), options | {"device": device}
    else:
        path = settings.kiosk.state_dir / SOCKET_NAME if socket is None else socket
        kind = camera.kind
    reader: CodeReader = registry.create("code", kind, name, options)
    return reader, path


def frames_of(name: str, kind: str, options: dict[str, object]) -> Camera:
    """Return the frames of a camera, not yet open, for a look without the token filter.

    Raises:
        DeviceConfigError: The eye holds the camera, or it is simulated inside the daemon.
    """
    if kind not in FRAMES:
        holder = "the eye" if kind == "eye" else "the simulation"
        raise DeviceConfigError(name, f"{holder} holds the camera (stop it and give --device)")
    return FRAMES[kind](name, options)
