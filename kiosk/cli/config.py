"""`kiosk config`: is the configuration right, what does it come to, what may it say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kiosk.cli.place import USUAL, VARIABLE, JsonOption, StateOption, config_path

app = typer.Typer(
    help=(
        "Check and show a configuration, or print its schema.\n\n"
        "Works on the file of a kiosk (config/store.toml) and of a hub (config/hub.toml)."
    ),
    no_args_is_help=True,
)

FileArgument = Annotated[
    Path | None,
    typer.Argument(help="The configuration.", show_default=f"${VARIABLE}, else {USUAL}"),
]
MASK = "********"


@app.command()
def check(
    file: FileArgument = None, *, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Say whether the daemon would take this file; name every fault by its line.

    Warnings are about what is allowed but unwise. The environment counts too, as it would for the
    daemon: KIOSK_SECTION__KEY goes before the file.

    Example: kiosk config check /etc/kiosk/kiosk.toml

    Exit 2 when anything is wrong.
    """
    from kiosk.settings import Settings, SettingsError
    from kiosk.settings.advice import advice
    from kiosk.settings.files import load_any, read, told

    file = config_path(file, state)
    try:
        settings = load_any(file)
    except SettingsError as error:
        if not as_json:
            raise
        typer.echo(json.dumps({"ok": False, "errors": error.lines, "warnings": []}, indent=2))
        raise typer.Exit(error.exit_code) from error
    warnings = []
    if isinstance(settings, Settings):
        warnings = told(file, read(file), advice(settings.model_dump(exclude_none=True)))
    if as_json:
        typer.echo(json.dumps({"ok": True, "errors": [], "warnings": warnings}, indent=2))
        return
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"{file}: ok")


@app.command()
def show(
    file: FileArgument = None, *, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Print what the file, the environment and the defaults come to, with secrets masked.

    Example: kiosk config show /etc/kiosk/kiosk.toml --json
    """
    from kiosk.settings.files import load_any

    values = load_any(config_path(file, state)).model_dump(mode="json", exclude_none=True)
    typer.echo(json.dumps(_masked(values), indent=2) if as_json else _toml(values))


@app.command()
def schema(*, hub: Annotated[bool, typer.Option("--hub", help="Of a hub's file.")] = False) -> None:
    """Print the JSON schema of the file, for editors that complete and check TOML.

    Example: kiosk config schema > kiosk.schema.json
    """
    from kiosk.settings import HubSettings, Settings

    model = HubSettings if hub else Settings
    typer.echo(json.dumps(model.model_json_schema(), indent=2))


def _masked(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with a mask for each token that is there."""
    shown = dict(values)
    for name, state in _tokens(values):
        shown[name] = {**shown[name], "token": state}
    return shown


def _toml(values: dict[str, Any]) -> str:
    """Return the values as a file that could be loaded again; tokens are a comment."""
    import tomlkit

    document: Any = tomlkit.parse(
        tomlkit.dumps({name: value for name, value in values.items() if value})
    )
    for name, state in _tokens(values):
        document[name]["token_file"].comment(state)
    return tomlkit.dumps(document).rstrip("\n")


def _tokens(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tables that name a token file, and what one may see of the token."""
    for name in ("hub", "provider"):
        path = values.get(name, {}).get("token_file")
        if path is not None:
            yield name, MASK if Path(path).is_file() else "missing"
