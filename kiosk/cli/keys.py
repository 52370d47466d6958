"""`kiosk keys`: make and show keys, keep the signed key list, publish what the owner signed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from kiosk.cli.ending import USAGE, EndingError
from kiosk.cli.owner import OWNER_KEY_FILE, OwnerKeyFile, owner_file

app = typer.Typer(
    help=(
        "Make and show keys; keep and publish the signed key list.\n\n"
        "The owner's key signs policy, key list and catalogue. Keep it off the kiosks."
    ),
    no_args_is_help=True,
)
key_list = typer.Typer(
    help=(
        "The key list: whose signatures count, and for what.\n\n"
        "Roles: issuer mints identity tokens, device speaks for one customer, voucher mints "
        "vouchers, provider signs answers, log and hub sign logs."
    ),
    no_args_is_help=True,
)
app.add_typer(key_list, name="list")

ListArgument = Annotated[Path, typer.Argument(help="The signed key list, such as keys.json.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KINDS = ("policy", "keys", "catalogue")


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="Its name: owner makes the file owner.key.")],
    *,
    directory: Annotated[Path, typer.Option("--dir", help="Where the file goes.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Make a private key in a new file that only you can read.

    A file that is there is never overwritten: what it signed would be worth nothing any more.

    Example: kiosk keys make voucher --dir /media/stick
    """
    from kiosk.core.signing import public_of
    from kiosk.keyfiles import create_private

    path = directory / (name if name.endswith(".key") else f"{name}.key")
    _tell({"file": str(path), **_words(public_of(create_private(path)))}, as_json=as_json)


@app.command()
def show(
    key: Annotated[str, typer.Argument(help="A key file, or a public key in base64url.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Print the public key and its id; the private part is never printed.

    Example: kiosk keys show owner.key --json
    """
    from kiosk.keyfiles import read_public

    _tell(_words(read_public(key)), as_json=as_json)


@app.command()
def publish(
    files: Annotated[
        list[Path], typer.Argument(help="Signed documents: policy.json, keys.json, catalogue.json.")
    ],
    *,
    hub: Annotated[
        str, typer.Option(help="Address of the hub.", envvar="KIOSK_HUB_URL")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Send signed documents to the hub, which publishes them to every kiosk.

    The file's name says what it is. The hub believes the owner's signature and nothing else.

    Example: kiosk keys publish policy.json keys.json --hub http://127.0.0.1:8080

    Exit 2 when the hub refuses one, 4 when it cannot be reached; those before it stay published.
    """
    from kiosk.remote.hub import HubClient

    for file in files:
        if file.stem not in KINDS:
            raise typer.BadParameter(f"{file}: name it {', '.join(KINDS)} (.json)")
    client = HubClient(hub)
    try:
        for file in files:
            is_new = client.put_document(file.stem, file.read_bytes())
            typer.echo(f"{file.stem}: {'published' if is_new else 'was published before'}")
    finally:
        client.close()


@key_list.command("add")
def list_add(
    file: ListArgument,
    *,
    public: Annotated[
        str, typer.Option("--key", help="The key: base64url, or a file that holds or makes it.")
    ],
    role: Annotated[str, typer.Option(help="What it may sign; see kiosk keys list --help.")],
    customer: Annotated[
        str, typer.Option(help="Whose device it is; only with --role device.")
    ] = "",
    owner_key_file: OwnerKeyFile = OWNER_KEY_FILE,
) -> None:
    """Add a key and sign the next version; a file that is not there becomes the first one.

    Example: kiosk keys list add keys.json --key scores/scores.pub --role provider
    """
    from kiosk.core.keylist import parse_keys, with_key
    from kiosk.core.signing import VerifyKey, kid_of, sign
    from kiosk.keyfiles import load_private, read_public

    owner = load_private(owner_file(owner_key_file))
    raw = read_public(public)
    held = _opened(file, owner.public_key().public_bytes_raw()) if file.exists() else None
    key = VerifyKey(kid_of(raw), raw, role, customer)
    if held is not None and parse_keys(held).get(key.kid) == key:
        raise EndingError(f"{file}: {public} is in it already; nothing to do", USAGE)
    payload = with_key(held, key)
    _write(file, payload, sign("keys", payload, owner))


@key_list.command("remove")
def list_remove(
    file: ListArgument,
    kid: Annotated[str, typer.Argument(help="Id of the key, from kiosk keys list show.")],
    *,
    owner_key_file: OwnerKeyFile = OWNER_KEY_FILE,
) -> None:
    """Take a key out and sign the next version; what it signs counts no more once published.

    Example: kiosk keys list remove keys.json KID --owner-key-file owner.key
    """
    from kiosk.core.keylist import without_key
    from kiosk.core.signing import sign
    from kiosk.keyfiles import load_private

    owner = load_private(owner_file(owner_key_file))
    held = _opened(file, owner.public_key().public_bytes_raw())
    payload = without_key(held, kid)
    _write(file, payload, sign("keys", payload, owner))


@key_list.command("show")
def list_show(
    file: ListArgument,
    *,
    owner_key: Annotated[
        str, typer.Option(help="The owner's public key, or a file that holds or makes it.")
    ] = str(OWNER_KEY_FILE),
    as_json: JsonOption = False,
) -> None:
    """Print the keys of a list; exit 2 when the owner did not sign it.

    Example: kiosk keys list show keys.json --owner-key owner.key
    """
    from kiosk.core.keylist import parse_keys
    from kiosk.keyfiles import read_public

    payload = _opened(file, read_public(owner_key))
    keys = parse_keys(payload).values()
    if as_json:
        rows = [{"kid": key.kid, "role": key.role, "customer": key.customer} for key in keys]
        typer.echo(json.dumps({"version": payload["version"], "keys": rows}, indent=2))
        return
    typer.echo(f"version {payload['version']}")
    for key in keys:
        typer.echo(f"{key.kid}  {key.role:<8}  {key.customer}".rstrip())


def _opened(file: Path, owner: bytes) -> Mapping[str, Any]:
    """Return the payload of a key list that the owner signed."""
    from kiosk.core.signing import SigningError, VerifyKey, kid_of, open_envelope

    key = VerifyKey(kid_of(owner), owner, "owner")
    try:
        return open_envelope("keys", file.read_bytes(), {key.kid: key})
    except SigningError as error:
        raise EndingError(f"{file}: {error}; give the owner's key that signed it", USAGE) from error
    except OSError as error:
        raise EndingError(f"{file}: {error.strerror}; name the key list", USAGE) from error


def _write(file: Path, payload: Mapping[str, Any], envelope: bytes) -> None:
    from kiosk.keyfiles import write_over

    write_over(file, envelope)
    typer.echo(f"{file}: version {payload['version']}, {len(payload['keys'])} keys")


def _words(public: bytes) -> dict[str, str]:
    from kiosk.core.signing import b64encode, kid_of

    return {"public": b64encode(public), "kid": kid_of(public)}


def _tell(facts: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        typer.echo(f"{name:<7} {value}")
