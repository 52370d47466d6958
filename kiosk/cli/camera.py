"""`kiosk camera`: see what the camera delivers and whether codes can be read."""

import json
from typing import Annotated, Any

import typer

from kiosk.cli.place import ConfigOption, JsonOption, StateOption, config_path

app = typer.Typer(
    help="See what the camera delivers and whether codes can be read.", no_args_is_help=True
)


@app.callback()
def _verbs() -> None:
    """Keep `test` a word of its own, although it is the only verb."""


@app.command("test")
def look_through(
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="In place of a configuration: a camera (/dev/v4l/by-id/...), a video file or a "
            "folder of pictures.",
        ),
    ] = None,
    exit_side: Annotated[
        bool, typer.Option("--exit", help="Try the camera at the exit (exit_camera).")
    ] = False,
    seconds: Annotated[float, typer.Option(min=0.2, max=3600, help="How long to look.")] = 3.0,
    show: Annotated[
        bool, typer.Option("--show", help="Print what the codes say. A token opens a door once.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the camera for some seconds; tell frames, brightness, age, and if a code is seen.

    Hold an ID QR in front of it meanwhile. Stop the daemon (or the eye) first: a camera has one
    reader at a time. Frames should come at the rate of the configuration and be younger than
    0.3 s; older ones are dropped. Brightness is best between 60 and 200.

    Example: kiosk camera test --device /dev/v4l/by-id/usb-CAMERA-video-index0

    Exit 2 when the configuration is wrong, 3 when the camera gives nothing or only darkness.
    """
    from dataclasses import asdict

    from kiosk.eye.setup import frames_of, kind_of, section
    from kiosk.eye.survey import survey
    from kiosk.settings import load

    if device is not None:
        if config or state:
            raise typer.BadParameter("give --device or a configuration, not both")
        frames = frames_of("camera", kind_of(device), {"device": device})
    else:
        name, found = section(load(config_path(config, state)), exit_side=exit_side)
        frames = frames_of(name, found.kind, found.model_dump(exclude={"kind"}))
    look = survey(frames, seconds)
    typer.echo(_as_json(asdict(look), show=show) if as_json else _as_text(asdict(look), show=show))
    if not look.ok:
        raise typer.Exit(3)


def _as_json(look: dict[str, Any], *, show: bool) -> str:
    """Return the survey as JSON; without `show`, only how many texts there were."""
    if not show:
        look |= {"tokens": len(look["tokens"]), "others": len(look["others"])}
    return json.dumps(look)


def _as_text(look: dict[str, Any], *, show: bool) -> str:
    """Return the survey in lines; without `show`, only how many texts there were."""
    age = "none came" if look["age_s"] is None else f"{look['age_s']:.3f} s"
    missing = [name for name, there in look["rungs"].items() if not there]
    lines = [
        f"camera      {look['detail']}",
        f"frames      {look['frames_per_s']:g} a second, {look['stale']} dropped as too old",
        f"age         {age}",
        f"brightness  {look['brightness']:g} of 255",
        f"rungs       {', '.join(name for name, there in look['rungs'].items() if there)}",
        f"codes       {len(look['tokens'])} ID token(s), {len(look['others'])} other text(s)",
    ]
    if missing:
        lines.append(f"missing     {', '.join(missing)} (apt-get install libzbar0)")
    if show:  # whatever a stranger printed, made harmless for a terminal
        lines += [f"            {text!a}" for text in (*look["tokens"], *look["others"])]
    return "\n".join(lines)
