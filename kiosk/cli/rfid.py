"""`kiosk rfid`: what the readers hear, and what tags say."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kiosk.cli.ending import FINDING, USAGE, EndingError
from kiosk.cli.place import ConfigOption, JsonOption, StateOption, config_path

app = typer.Typer(help="Scan, learn and survey tags; say what an EPC means.", no_args_is_help=True)

NameOption = Annotated[
    str | None, typer.Option("--reader", help="Name of the reader; the exit reader if not given.")
]
PortOption = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="A port, in place of a configuration: /dev/serial/by-id/..."),
]
KindOption = Annotated[
    Literal["m100", "r200", "rdm6300", "id12la"], typer.Option(help="What stands at --port.")
]
SecondsOption = Annotated[float, typer.Option(min=0.2, max=86_400, help="How long to listen.")]


@app.command()
def decode(
    epc: Annotated[list[str], typer.Argument(help="EPCs in hex, as a reader gives them.")],
    as_json: JsonOption = False,
) -> None:
    """Say what EPCs mean: GTIN, serial and Digital Link of an SGTIN-96; others stay hex.

    Example: kiosk rfid decode 3034257BF7194E4000001A85 --json

    Exit 2 when one is not an EPC at all.
    """
    from kiosk.core.epc import parse
    from kiosk.core.values import CoreError

    rows: list[dict[str, str]] = []
    wrong: list[str] = []
    for text in epc:
        try:
            item = parse(bytes.fromhex(text))
        except ValueError:
            wrong.append(f"{text[:40]!a}: not hex; two digits a byte, such as 3034257BF40C0E40...")
        except CoreError as error:
            wrong.append(f"{text[:40]!a}: {error}")
        else:
            rows.append(
                {
                    "epc": item.epc,
                    "gtin": item.gtin,
                    "serial": item.serial,
                    "digital_link": item.digital_link,
                }
            )
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            meaning = f"GTIN {row['gtin']} serial {row['serial']} {row['digital_link']}"
            typer.echo(f"{row['epc']}  {meaning if row['gtin'] else 'not a GS1 trade item'}")
    if wrong:
        raise EndingError("\n".join(wrong), USAGE)


@app.command()
def scan(
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    reader: NameOption = None,
    port: PortOption = None,
    kind: KindOption = "m100",
    seconds: SecondsOption = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Tell each tag once as it is heard, with its strength. Stop the daemon first.

    Example: kiosk rfid scan --port /dev/serial/by-id/usb-READER --seconds 20

    Exit 1 when nothing was heard, 3 when the reader is not there.
    """
    from kiosk.stage.listening import listen

    def tell(read: Any) -> None:  # noqa: ANN401 - a TagRead; drivers are loaded lazily
        """Print a tag as soon as it is heard."""
        if not as_json:
            strength = "" if read.rssi_dbm is None else f"  {read.rssi_dbm} dBm"
            typer.echo(f"{read.epc.hex().upper()}{strength}")

    survey = listen(_reader(_Choice(config, state, reader, port, kind)), seconds, tell)
    if as_json:
        typer.echo(json.dumps(asdict(survey), indent=2))
    if not survey.tags:
        raise EndingError("no tag was heard; hold one in front of the antenna", FINDING)


@app.command()
def survey(
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    reader: NameOption = None,
    port: PortOption = None,
    kind: KindOption = "m100",
    seconds: SecondsOption = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Tell what the exit field hears at rest, and advise a floor that leaves it out.

    Do it with nobody near: shelf and neighbours should not be there at all. The floor goes
    to the reader's table in kiosk.toml, or for every kiosk to the policy (reading.rssi_floor_dbm).
    A floor in the configuration is not applied here. A tag in a bag at the gate is often heard
    at -60 to -45 dBm: when the advised floor comes near that, move the shelf or lower power_dbm.

    Example: kiosk rfid survey --seconds 60 --json
    """
    from kiosk.stage.listening import listen

    found = listen(_reader(_Choice(config, state, reader, port, kind)), seconds)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    for tag in found.tags:
        strength = "" if tag.rssi_max is None else f"{tag.rssi_min} to {tag.rssi_max} dBm"
        typer.echo(f"{tag.epc}  {tag.reads} reads, {tag.reads_per_s:g}/s  {strength}")
    typer.echo(f"{len(found.tags)} tags, {found.reads_per_s} reads/s in {found.seconds:g} s")
    if found.advised_floor_dbm is not None:
        typer.echo(f"advised rssi_floor_dbm: {found.advised_floor_dbm}")


@app.command()
def learn(
    *,
    csv: Annotated[Path, typer.Option(help="Spreadsheet to add the tags to; made if missing.")],
    name: Annotated[str, typer.Option(help="What the items are called.")],
    price: Annotated[str, typer.Option(help="Price of each, such as 5.99.")],
    config: ConfigOption = None,
    state: StateOption = None,
    reader: NameOption = None,
    port: PortOption = None,
    kind: KindOption = "m100",
    seconds: SecondsOption = 5.0,
    floor_dbm: Annotated[
        int, typer.Option(min=-128, max=0, help="Leave out what is heard weaker: shelf, pockets.")
    ] = -65,
) -> None:
    """Add the tags that are heard to a spreadsheet, as items of one name and price.

    Hold the items close to the antenna, and nothing else. Tags with a GTIN are added by GTIN,
    once; others by their own EPC. Then publish them with kiosk item import FILE.

    Example: kiosk rfid learn --csv items.csv --name "Trail mix" --price 5.99

    Exit 1 when nothing was heard, 3 when the reader is not there.
    """
    from kiosk.core.money import MAX_DIGITS, parse
    from kiosk.stage.learning import add
    from kiosk.stage.listening import listen

    try:
        parse(price.strip(), MAX_DIGITS)  # which currency it is in only the hub knows
    except ValueError as error:
        raise typer.BadParameter(f"--price {price}: {error}") from error
    found = listen(_reader(_Choice(config, state, reader, port, kind)), seconds)
    near = [tag.epc for tag in found.tags if tag.rssi_max is None or tag.rssi_max >= floor_dbm]
    if not near:
        raise EndingError(
            f"no tag was heard at {floor_dbm} dBm or more ({len(found.tags)} weaker); "
            "hold one in front of the antenna",
            FINDING,
        )
    added = add(csv, near, name, price)
    typer.echo(f"{added} added to {csv}; next: kiosk item import {csv}")


@dataclass(frozen=True, slots=True)
class _Choice:
    """The options that name a reader."""

    config: Path | None
    state: Path | None
    name: str | None
    port: str | None
    kind: str


def _reader(chosen: _Choice) -> Any:  # noqa: ANN401 - drivers are loaded lazily
    """Return the reader that the options name, not yet open."""
    from drivers.registry import create
    from kiosk.daemon.caller import is_running
    from kiosk.settings import load

    if chosen.port is not None:
        if chosen.config or chosen.state:
            raise typer.BadParameter("give --port or a configuration, not both")
        return create("reader", chosen.kind, chosen.name or "reader", {"port": chosen.port})
    path = config_path(chosen.config, chosen.state)
    settings = load(path)
    if is_running(settings.kiosk.state_dir):
        raise EndingError("a kiosk runs here and holds the reader: stop it first", USAGE)
    for section in settings.reader:
        if section.name == chosen.name or (chosen.name is None and section.role == "exit"):
            options = section.model_dump(exclude={"rssi_floor_dbm"}, exclude_none=True)
            return create("reader", section.kind, section.name, options)
    raise typer.BadParameter(f"{path} has no reader {chosen.name or 'with role exit'}")
