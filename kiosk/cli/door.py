"""`kiosk door`: lock, unlock and test the door; see its state."""

import json
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from kiosk.cli.ending import HARDWARE, USAGE, EndingError
from kiosk.cli.place import ConfigOption, JsonOption, StateOption, config_path, state_dir

app = typer.Typer(help="Lock, unlock or test the door; see its state.", no_args_is_help=True)

TEST_HOLD_S = 3.0
TEST_WATCH_S = 15.0
LOOK_S = 0.05

WatchOption = Annotated[
    float, typer.Option("--seconds", min=0.2, max=600, help="How long to watch the door.")
]


@app.command()
def status(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Say whether the door is open and the lock commanded to unlock, as the running kiosk knows it.

    What the lock was told and what the door does are two things: only the contact has seen it.

    Example: kiosk door status --json
    """
    from kiosk.daemon.caller import ask

    told = ask(state_dir(config, state), {"do": "status"})
    found = {"door_open": told["door_open"], "unlocked": told["unlocked"], "entry": told["entry"]}
    if as_json:
        typer.echo(json.dumps(found))
        return
    door = "open" if told["door_open"] else "closed"
    typer.echo(f"door {door}, lock {'unlocked' if told['unlocked'] else 'locked'}")


@app.command()
def unlock(
    reason: Annotated[str, typer.Option(help="Why, in a few words. Kept sealed in the ledger.")],
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Open the entry for a moment on the word of staff. It waits for no disk, hub or policy.

    Example: kiosk door unlock --reason "delivery of bread"

    The words can be read with kiosk ledger show, on the kiosk itself only.

    Exit 4 when no kiosk runs: then use the key of the door. Exit 3 when the lock did not obey.
    """
    from kiosk.daemon.caller import ask

    if not reason.strip():
        raise typer.BadParameter("--reason: say why, in a few words")
    question = {"do": "door", "want": "unlock", "reason": reason}
    answer = ask(state_dir(config, state), question)
    if not answer.get("ok"):
        raise typer.BadParameter(str(answer.get("error")))
    if not answer.get("unlocked"):
        raise EndingError("lock: was not unlocked; use the key of the door", HARDWARE)
    typer.echo("unlocked")


@app.command()
def lock(config: ConfigOption = None, state: StateOption = None) -> None:
    """Drive the lock to its safe level, with or without a running kiosk.

    Without one no ledger is needed, and of the configuration only its lock: systemd runs this after
    the kiosk has ended, however it ended.

    Example: kiosk door lock --config /etc/kiosk/kiosk.toml
    """
    from kiosk.daemon.caller import ask
    from kiosk.daemon.errors import NotRunningError
    from kiosk.settings import SettingsError, load, load_lock

    path = config_path(config, state)
    try:
        settings = load(path)
    except SettingsError:
        # The file was changed while the kiosk ran; a lock that can be read must not stay powered.
        section = load_lock(path)
        if section is not None:
            _drive_safe(section.kind, section.model_dump(exclude_none=True))
        raise
    try:
        ask(settings.kiosk.state_dir, {"do": "door", "want": "lock"})
        typer.echo("at the safe level")
    except NotRunningError:
        _drive_safe(settings.lock.kind, settings.lock.model_dump(exclude_none=True))


def _drive_safe(kind: str, options: Mapping[str, Any]) -> None:
    """Drive the safe level of a lock that no kiosk holds."""
    from drivers.registry import create

    create("lock", kind, "lock", options).drive_safe()
    typer.echo("at the safe level")


@app.command("test")
def try_out(
    config: ConfigOption = None, state: StateOption = None, seconds: WatchOption = TEST_WATCH_S
) -> None:
    """Unlock for three seconds and watch the door contact, when no kiosk runs.

    Example: kiosk door test, then pull the door open and let it fall shut

    Exit 3 when the door was not seen to open and close: look at the wiring, or you did not pull.
    """
    from drivers.base import ContactChange
    from drivers.gpio import exit_on_signals
    from drivers.registry import create
    from kiosk.daemon.caller import is_running
    from kiosk.settings import load

    settings = load(config_path(config, state))
    if is_running(settings.kiosk.state_dir):
        raise EndingError("a kiosk runs here and holds the door: stop it first", USAGE)
    changes: list[bool] = []
    door = create("contact", settings.door.kind, "door", settings.door.model_dump())
    strike = create("lock", settings.lock.kind, "lock", settings.lock.model_dump(exclude_none=True))

    def note(change: ContactChange) -> None:
        """Tell a change of the door, and remember it."""
        changes.append(change.active)
        typer.echo("door opened" if change.active else "door closed")

    exit_on_signals()  # nothing else would take the power away again
    try:
        strike.open()
        door.open(note)
        typer.echo("unlocked: open the door and close it again")
        strike.unlock(TEST_HOLD_S)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and changes[-2:] != [True, False]:
            time.sleep(LOOK_S)
    finally:
        door.close()
        strike.close()
    if changes[-2:] != [True, False]:
        raise EndingError("door: not seen to open and close; check its contact", HARDWARE)
    typer.echo("lock and contact work")
