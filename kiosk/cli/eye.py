"""`kiosk eye`: the camera and its decoder in a process of their own."""

from pathlib import Path
from typing import Annotated

import typer

from kiosk.cli.place import ConfigOption, StateOption, config_path

DeviceOption = Annotated[
    str,
    typer.Option(
        help="The camera, a video file or a folder of pictures; used when the camera of the "
        'configuration has kind = "eye", and so names the socket only.',
        envvar="KIOSK_EYE_DEVICE",
    ),
]
SocketOption = Annotated[
    Path | None,
    typer.Option(
        help="Where to say the codes; by default as the configuration says, or in state_dir."
    ),
]
ExitOption = Annotated[
    bool, typer.Option("--exit", help="Serve the camera at the exit (exit_camera).")
]


def command(
    config: ConfigOption = None,
    state: StateOption = None,
    device: DeviceOption = "/dev/video0",
    socket: SocketOption = None,
    exit_side: ExitOption = False,
) -> None:
    """Read ID QR codes until SIGTERM and say them on a Unix socket, one JSON line each.

    Pictures are untrusted bytes that pass through C code. This process has no network, no pins
    and no ledger, so that a hostile picture gains nothing; `kiosk run` reads its socket when
    its configuration says camera.kind = "eye" and camera.device = "the socket's path".

    Example: kiosk eye --device /dev/v4l/by-id/usb-CAMERA-video-index0

    Exit 2 when the configuration is wrong, 3 when the camera or the socket cannot be used.
    """
    from kiosk.eye.app import run
    from kiosk.eye.setup import arrange
    from kiosk.logs import configure
    from kiosk.settings import load

    settings = load(config_path(config, state))
    configure(settings.log.level)
    camera, path = arrange(settings, device, socket, exit_side=exit_side)
    run(camera, path)
