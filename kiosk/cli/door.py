"""`kiosk door`: lock, unlock and test the door; see its state."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Lock, unlock or test the door; see its state.", no_args_is_help=True)

CONFIG = Path("/etc/kiosk/kiosk.toml")
TEST_HOLD_S = 3.0
TEST_WATCH_S = 15.0

ConfigOption = Annotated[Path, typer.Option(help="The configuration of this kiosk.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def status(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Say whether the door is open and the lock commanded to unlock, as the running kiosk knows it.

    What the lock was told and what the door does are two things: only the contact has seen it.
    """
    import json

    from kiosk.daemon.caller import ask
    from kiosk.settings import load

    told = ask(load(config).kiosk.state_dir, {"do": "status"})
    found = {"door_open": told["door_open"], "unlocked": told["unlocked"], "entry": told["entry"]}
    if as_json:
        typer.echo(json.dumps(found))
        return
    door = "open" if told["door_open"] else "closed"
    typer.echo(f"door {door}, lock {'unlocked' if told['unlocked'] else 'locked'}")


@app.command()
def unlock(
    reason: Annotated[str, typer.Option(help="Why; it goes into the ledger.")],
    config: ConfigOption = CONFIG,
) -> None:
    """Open the entry for a moment on the word of staff. It waits for no disk, hub or policy.

    Exit 4 when no kiosk runs: then use the key of the door.
    """
    from kiosk.daemon.caller import ask
    from kiosk.settings import load

    answer = ask(load(config).kiosk.state_dir, {"do": "door", "want": "unlock", "reason": reason})
    if not answer.get("ok"):
        typer.echo(f"kiosk: {answer.get('error')}", err=True)
        raise typer.Exit(3)
    typer.echo("unlocked")


@app.command()
def lock(config: ConfigOption = CONFIG) -> None:
    """Drive the lock to its safe level, with or without a running kiosk.

    Without one no ledger is needed: systemd runs this after the kiosk has ended, however it ended.
    """
    from drivers.registry import create
    from kiosk.daemon.caller import ask
    from kiosk.daemon.errors import NotRunningError
    from kiosk.settings import load

    settings = load(config)
    try:
        ask(settings.kiosk.state_dir, {"do": "door", "want": "lock"})
    except NotRunningError:
        device = create(
            "lock", settings.lock.kind, "lock", settings.lock.model_dump(exclude_none=True)
        )
        device.drive_safe()
    typer.echo("at the safe level")


@app.command("test")
def try_out(config: ConfigOption = CONFIG) -> None:
    """Unlock for three seconds and watch the door contact, when no kiosk runs.

    Exit 3 when the door was not seen to open and close: look at the wiring, or you did not pull.
    """
    import time

    from drivers.base import ContactChange
    from drivers.registry import create
    from kiosk.settings import load

    settings = load(config)
    changes: list[bool] = []
    door = create("contact", settings.door.kind, "door", settings.door.model_dump())
    strike = create("lock", settings.lock.kind, "lock", settings.lock.model_dump(exclude_none=True))

    def note(change: ContactChange) -> None:
        """Tell a change of the door, and remember it."""
        changes.append(change.active)
        typer.echo("door opened" if change.active else "door closed")

    strike.open()
    door.open(note)
    try:
        typer.echo("unlocked: open the door and close it again")
        strike.unlock(TEST_HOLD_S)
        ends = time.monotonic() + TEST_WATCH_S
        while time.monotonic() < ends and changes[-2:] != [True, False]:
            time.sleep(0.05)
    finally:
        door.close()
        strike.close()
    if changes[-2:] != [True, False]:
        typer.echo("kiosk: door: not seen to open and close; check its contact", err=True)
        raise typer.Exit(3)
    typer.echo("lock and contact work")
