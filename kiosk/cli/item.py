"""`kiosk item`: the catalogue, from a spreadsheet to the hub and back."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kiosk.cli.owner import OWNER_KEY_FILE, OwnerKeyFile, owner_file

app = typer.Typer(
    help=(
        "Import and list what the shop sells.\n\n"
        "The catalogue is signed with the owner's key and published at the hub; kiosks fetch it."
    ),
    no_args_is_help=True,
)

HubOption = Annotated[
    str, typer.Option("--hub", help="Address of the hub.", envvar="KIOSK_HUB_URL")
]
HUB_URL = "http://127.0.0.1:8080"


@app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="CSV: gtin or epc, name, price, tax.")],
    *,
    owner_key_file: OwnerKeyFile = OWNER_KEY_FILE,
    hub: HubOption = HUB_URL,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Remove what the file does not list."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check the file and say what would change."),
    ] = False,
) -> None:
    """Merge a CSV file into the catalogue, sign it, publish it.

    The first line names the columns: gtin or epc, name, price (as 5.99) or price_minor (as 599),
    and tax. Every row that is wrong is named by its line, and then nothing is published. That is
    told also where the hub is away and without the owner's key.

    Example: kiosk item import items.csv --owner-key-file owner.key --dry-run

    Exit 2 when a row or the key is wrong, 4 when the hub cannot be reached.
    """
    from kiosk.hub.shelf import Shelf, look_through
    from kiosk.keyfiles import load_private
    from kiosk.remote.hub import HubClient

    client = HubClient(hub)
    try:
        listed = look_through(client, file)
        shelf = Shelf(client, load_private(owner_file(owner_key_file)))
        merged = shelf.merge(listed, replace=replace)
        if merged.differs and not dry_run:
            shelf.publish(merged)
    finally:
        client.close()
    did = "would be" if dry_run else "is"
    news = f"{merged.new} new, {merged.changed} changed, {merged.removed} removed"
    if merged.differs:
        typer.echo(f"catalogue version {merged.payload['version']} {did} published: {news}")
    else:
        kept = "1 item is" if merged.kept == 1 else f"{merged.kept} items are"
        typer.echo(f"nothing to publish: {kept} as in the file")


@app.command("list")
def list_items(
    *,
    hub: HubOption = HUB_URL,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[
        bool,
        typer.Option("--csv", help="Print CSV that import reads; safe to open in a spreadsheet."),
    ] = False,
) -> None:
    """List what is in the catalogue that the hub publishes.

    Example: kiosk item list --csv > items.csv
    """
    from kiosk.hub.items import write_items
    from kiosk.hub.shelf import listing, published
    from kiosk.remote.hub import HubClient

    client = HubClient(hub)
    try:
        catalogue = published(client)
    finally:
        client.close()
    if as_json:
        typer.echo(json.dumps(listing(catalogue), indent=2))
    elif catalogue is None:
        typer.echo("no catalogue yet; import one with kiosk item import")
    elif as_csv:
        typer.echo(write_items(catalogue), nl=False)
    else:
        for item in listing(catalogue)["items"]:
            known_by = item["epc"] or item["gtin"]
            typer.echo(f"{known_by:<26} {item['price']:>10} {item['currency']}  {item['name']}")
