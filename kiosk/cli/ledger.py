"""`kiosk ledger`: show, verify, prove and export what was recorded."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from kiosk.cli.place import ConfigOption, JsonOption, StateOption, ledger_path

app = typer.Typer(
    help=(
        "Show, verify, prove and export the ledger.\n\n"
        "Every verb reads beside the running kiosk and changes nothing. Personal parts stay sealed."
    ),
    no_args_is_help=True,
)

OPENED: Final = "lock.commanded"

IndexArgument = Annotated[int, typer.Argument(min=0, help="Position in the log, from 0.")]


@app.command()
def tail(
    *,
    count: Annotated[int, typer.Option("-n", min=1, help="How many of the newest events.")] = 20,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest events: index, time, type, visit.

    Payments after the exit and the end of a grace are in the hub's own log; it is read like the
    kiosk's, by every verb of kiosk ledger: --state DIR/hub/office, or /var/lib/kiosk-hub/office.

    Example: kiosk ledger tail -n 50 --state DIR
    """
    from kiosk.ledger.reader import LedgerReader

    with LedgerReader(ledger_path(config, state)) as reader:
        events = reader.tail(count)
    if as_json:
        _print_json(
            [
                {
                    "index": event.index,
                    "time": event.time,
                    "id": event.event_id,
                    "type": event.record.type,
                    "visit": event.record.visit,
                    "data": event.record.data,
                }
                for event in events
            ]
        )
        return
    for event in events:
        visit = event.record.visit or ""
        typer.echo(f"{event.index:>8}  {event.time}  {event.record.type:<20} {visit}".rstrip())


@app.command()
def show(
    index: IndexArgument,
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one event: what it says, whether a part of it is sealed, and its fingerprint (leaf).

    Example: kiosk ledger show 17 --json

    Why staff opened the door is shown where wrap.key is; what is sealed about customers never is.
    """
    from kiosk.ledger.errors import LedgerError
    from kiosk.ledger.reader import LedgerReader

    path = ledger_path(config, state)
    with LedgerReader(path) as reader:
        found = reader.entries(index, 1)
        size = reader.size()
    if not found or found[0].index != index:
        raise LedgerError(f"no entry {index}: the log has {size}, counted from 0")
    entry = found[0]
    body = json.loads(entry.body)
    sealed = None if entry.sealed is None else len(entry.sealed)
    reason = _staff_reason(path, index) if body["type"].endswith(f".{OPENED}.v1") else ""
    if as_json:
        _print_json(
            {
                "index": index,
                "leaf": entry.leaf.hex(),
                "salt": entry.salt.hex(),
                "sealed_bytes": sealed,
                "staff_reason": reason or None,
                "body": body,
            }
        )
        return
    typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
    if reason:
        typer.echo(f"reason  {reason}")
    typer.echo(f"leaf    {entry.leaf.hex()}")
    typer.echo(f"sealed  {'nothing' if sealed is None else f'{sealed} bytes, personal'}")


@app.command()
def verify(
    *,
    vkey: Annotated[
        Path | None,
        typer.Option(help="File with the log's verifier key; else log.key of the state is taken."),
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that nothing in the whole ledger was changed since it was written and signed.

    Every event and its sealed part, the tree of their fingerprints and the signature are looked at.

    Example: kiosk ledger verify --vkey log.vkey --state DIR

    Exit 1 when something is not what was signed; the first wrong index and part are named.
    """
    from kiosk.ledger.checkpoint import LogKey, parse_vkey, root_text
    from kiosk.ledger.keys import LOG_KEY_FILE, load_log_key
    from kiosk.ledger.reader import LedgerReader

    path = ledger_path(config, state)
    wrap_key = _wrap_key(path)
    with LedgerReader(path, wrap_key) as reader:
        if vkey is not None:
            key = parse_vkey(_checked(vkey, reader.key.name))
        elif path.with_name(LOG_KEY_FILE).exists():
            key = LogKey.of(reader.key.name, load_log_key(path.parent))
        else:
            key = reader.key
        scrub = reader.audit(key)
        finding = reader.wrong_page()
        with typer.progressbar(length=scrub.size, label="verifying", file=sys.stderr) as bar:
            while finding is None and not scrub.done:
                before = scrub.frontier.size
                finding = scrub.step()
                bar.update(scrub.frontier.size - before)
    if as_json:
        _print_json(
            {
                "origin": key.name,
                "size": scrub.frontier.size,
                "root": root_text(scrub.frontier.root()),
                "verified": finding is None,
                "sealed_opened": wrap_key is not None,
                "finding": None if finding is None else asdict(finding),
            }
        )
    elif finding is None:
        sealed = "sealed parts opened" if wrap_key else "sealed parts not opened: no wrap.key here"
        typer.echo(f"{key.name}: {scrub.size} entries verified ({sealed})")
        typer.echo(f"root {root_text(scrub.frontier.root())}")
    else:
        typer.echo(f"{path}: {finding}; keep this file, restore a backup beside it and compare")
    if finding is not None:
        raise typer.Exit(1)


@app.command()
def prove(
    index: IndexArgument,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Where to write it; - for standard output.",
            show_default="entry-INDEX.tlog-proof in this directory",
        ),
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Write a .tlog-proof file: that this event is in the log, for anyone with the public key.

    The file holds what the event says; personal parts are not in it.

    Example: kiosk ledger prove 17 -o visit.tlog-proof
    """
    from kiosk.keyfiles import write_over
    from kiosk.ledger.proof import prove as make_proof
    from kiosk.ledger.reader import LedgerReader

    with LedgerReader(ledger_path(config, state)) as reader:
        text = make_proof(reader, index)
    place = output or Path(f"entry-{index}.tlog-proof")
    if str(place) == "-":
        typer.echo(text, nl=False)
        return
    write_over(place, text.encode())
    told = f"written to {place.absolute()}: that entry {index} is in the log"
    typer.echo(f"{told}; any C2SP tool checks it with the log's public key")


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(help="An empty or new directory.")],
    *,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Copy the log into files that anyone may serve and check (C2SP tlog-tiles).

    The copy holds fingerprints: no event can be read from it. log.vkey is the public key.

    Example: kiosk ledger export /srv/www/log --state DIR
    """
    from kiosk.ledger.export.tiles import export as write_tiles
    from kiosk.ledger.reader import LedgerReader

    with LedgerReader(ledger_path(config, state)) as reader:
        size = write_tiles(reader, directory)
    typer.echo(f"{directory}: {size} entries, checkpoint, log.vkey")


def _checked(vkey: Path, origin: str) -> str:
    """Return the verifier key in a file; typer.BadParameter unless it is one of this log."""
    from kiosk.ledger.checkpoint import parse_vkey
    from kiosk.ledger.errors import CheckpointError

    try:
        text = vkey.read_text(encoding="utf-8")
        key = parse_vkey(text)
    except (UnicodeDecodeError, CheckpointError) as error:
        raise typer.BadParameter(
            f"--vkey {vkey}: holds no verifier key: want a file such as log.vkey, which "
            "kiosk ledger export writes"
        ) from error
    if key.name != origin:
        raise typer.BadParameter(f"--vkey {vkey}: the key of {key.name}, this is {origin}")
    return text


def _wrap_key(path: Path) -> bytes | None:
    """Return the key that opens sealed parts, None where it is not."""
    from kiosk.ledger.keys import WRAP_KEY_FILE, load_wrap_key

    wrap = path.with_name(WRAP_KEY_FILE)
    return load_wrap_key(path.parent) if wrap.exists() else None


def _staff_reason(path: Path, index: int) -> str:
    """Return why staff opened the door, "" where nobody said or the key is elsewhere."""
    from kiosk.core.visit_records import STAFF
    from kiosk.ledger.reader import LedgerReader

    with LedgerReader(path, _wrap_key(path)) as reader:
        records = [event.record for event in reader.events(index, index + 1)]
    said = [record.personal for record in records if record.customer == STAFF]
    return str(said[0].get("reason", "")) if said else ""


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
