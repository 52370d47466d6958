"""`kiosk status`: what the running kiosk is doing."""

import json
from collections.abc import Mapping
from typing import Any, Final

import typer

from kiosk.cli.place import ConfigOption, JsonOption, StateOption, state_dir

EXIT_CAMERA: Final = "exit-camera"
CLOCKS: Final = {"trusted": 'believed, as clock.trust = "always" says'}


def command(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Ask the running kiosk how it is: gate, devices, ledger, upload, clock.

    Nothing about a customer is in it.

    Example: kiosk status --json

    Exit 0 when all is well, 1 when something needs a person, 4 when no kiosk runs there.
    """
    from kiosk.daemon.caller import ask

    told = ask(state_dir(config, state), {"do": "status"})
    typer.echo(json.dumps(told, indent=2) if as_json else _as_text(told))
    upload, ledger = told["upload"], told["ledger"]
    if told["lost"] or upload["trouble"] or told["hub"]["away"] or ledger["finding"]:
        raise typer.Exit(1)


def _as_text(told: Mapping[str, Any]) -> str:
    """Return the status in lines."""
    pending = told["ledger"]["size"] - told["upload"]["acked"]
    door = "open" if told["door_open"] else "closed"
    lock = "unlocked" if told["unlocked"] else "locked"
    lines = [
        f"{told['kiosk']}: entry {told['entry']}, exit {told['exit']}",
        f"inside:  {_inside(told)}; door {door}, lock {lock}",
        f"ledger:  {told['ledger']['size']} entries, {pending} not yet at the hub",
        f"clock:   {CLOCKS.get(told['clock']['sync'], told['clock']['sync'])}",
    ]
    if told["upload"]["trouble"]:
        lines.insert(3, f"upload:  {told['upload']['trouble']}")
    elif told["hub"]["away"]:
        lines.insert(
            3, "upload:  the hub does not answer; visits go on, and the ledger is kept for it"
        )
    if told["ledger"]["finding"]:
        lines.insert(3, f"damage:  {told['ledger']['finding']}")
    for name, device in told["devices"].items():
        lines.append(f"device:  {name}: {'ok' if device['ok'] else 'NOT OK'}, {device['detail']}")
    if told["others_left_s"]:
        lines.append(
            "note:    somebody without a visit may be inside for "
            f"{_minutes(told['others_left_s'])} yet; an exit until then is held against nobody"
        )
    if told["max_inside"] > 1 and EXIT_CAMERA not in told["devices"]:
        lines.append(
            f"note:    the policy lets {told['max_inside']} be inside, but no [exit_camera] tells "
            "who leaves: with several inside no exit is anybody's"
        )
    return "\n".join(lines)


def _inside(told: Mapping[str, Any]) -> str:
    """Return how many visits go on, and when a forgotten one ends."""
    count = told["inside"]
    if not count:
        return "no visit"
    ends = f"at the latest in {_minutes(told['last_stay_left_s'])} (stay_s of the policy)"
    return f"1 visit, it ends {ends}" if count == 1 else f"{count} visits, all end {ends}"


def _minutes(left_s: int) -> str:
    """Return how long, as "3 h 52 min"."""
    hours, minutes = divmod(-(-left_s // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
