"""`kiosk init`: the keys, first rules and configuration of a new kiosk."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

import typer

YEAR_S: Final = 365 * 86_400
PRIVATE_DIRECTORY: Final = 0o700
CONFIG: Final = "kiosk.toml"
KEYS: Final = ("owner", "issuer", "voucher")
DOCUMENTS: Final = ("policy", "keys", "catalogue")
LEDGER: Final = ("log.key", "wrap.key", "ledger.db")
NOBODY: Final = "none"
NO_KEY_YET: Final = "A" * 43  # a public key's length in base64url: all else is checked first

NEXT = """\
made in {directory}: keys, signed rules, kiosk.toml

1. Move owner.key off this machine and keep a copy: whoever has it makes the rules.
2. Start the hub, and publish the rules:
     kiosk hub --owner-key {owner} --state {directory}/hub --shop {shop} \\
         --enrol '{vkey}'
     kiosk keys publish {directory}/policy.json {directory}/keys.json {directory}/catalogue.json
{scores}4. Write pins and ports of your devices into kiosk.toml, and check it:
     kiosk config check {directory}/kiosk.toml
5. Serve the gate:
     kiosk run --config {directory}/kiosk.toml
6. Show it an ID:
     kiosk id show customer-1 --audience {shop} --key {directory}/issuer.key
"""
SCORES = """\
3. Start the score service, and list its key:
     kiosk scores --owner-key {owner} --state {directory}/scores
     kiosk keys list add {directory}/keys.json --key {directory}/scores/scores.pub \\
         --role provider --owner-key-file {directory}/owner.key
     kiosk keys publish {directory}/keys.json
"""
NO_SCORES = """\
3. Nobody is asked for a score; vouch for customers instead: kiosk vouch --help
"""


def command(
    directory: Annotated[Path, typer.Argument(help="A new directory for all of it.")],
    *,
    name: Annotated[str, typer.Option(help="This kiosk, unique in its shop.")] = "door-1",
    shop: Annotated[str, typer.Option(help="The shop.")] = "corner",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of its prices.")] = "EUR",
    threshold: Annotated[int, typer.Option(help="Points that open the door, 0 to 800.")] = 600,
    hub: Annotated[str, typer.Option(help="Address of the hub.")] = "http://127.0.0.1:8080",
    scores: Annotated[
        str, typer.Option(help="Address of the score service; none: nobody is asked.")
    ] = "http://127.0.0.1:8090",
) -> None:
    """Make the keys, the first signed rules and a configuration, then say what comes next.

    Nothing is overwritten: where one of these files is already, nothing is made at all.

    The owner's key is made here because it must be made somewhere. It signs the rules of the
    shop, so it should not stay on a machine at the door.
    """
    from kiosk.core.signing import b64encode, public_of
    from kiosk.keyfiles import create_private
    from kiosk.ledger import keys as ledger_keys
    from kiosk.ledger.checkpoint import LogKey

    place = directory.absolute()
    _refuse_what_is_there(place)
    policy = _policy(shop, currency, threshold)
    changes: dict[str, dict[str, Any]] = {
        "kiosk": {"name": name, "shop": shop, "state_dir": str(place)},
        "hub": {
            "url": hub,
            "owner_key": NO_KEY_YET,
            "token_file": str(place / "hub" / "kiosk.token"),
        },
        "provider": {"kind": "http", "url": scores, "token_file": f"{place}/scores/kiosk.token"},
    }
    if scores == NOBODY:
        changes["provider"] = {"kind": "none", "url": None, "token_file": None}
    _check_config(place, changes)
    private = {each: create_private(place / f"{each}.key") for each in KEYS}
    owner = b64encode(public_of(private["owner"]))
    changes["hub"]["owner_key"] = owner
    _write_config(place, changes)
    _write_documents(place, policy, private)
    vkey = LogKey.of(f"{shop}/{name}", ledger_keys.create(place).log).encode()
    facts = {"directory": str(place), "owner": owner, "shop": shop, "vkey": vkey}
    third = NO_SCORES if scores == NOBODY else SCORES.format(**facts)
    typer.echo(NEXT.format(scores=third, **facts), nl=False)


def _refuse_what_is_there(place: Path) -> None:
    from kiosk.keyfiles import KeyFileError

    names = [CONFIG, *(f"{key}.key" for key in KEYS), *(f"{each}.json" for each in DOCUMENTS)]
    for name in (*names, *LEDGER):
        if (place / name).exists():
            raise KeyFileError(f"{place / name}: is there already; choose a new directory")


def _policy(shop: str, currency: str, threshold: int) -> Mapping[str, Any]:
    """Return the first policy; DocumentError when shop, currency or threshold are none."""
    from kiosk.clock import Clock
    from kiosk.core.policy import parse_policy

    now_s = Clock.from_environment().wall_s()
    entry = {
        "id": f"entry-{threshold}",
        "purpose": "entry",
        "points": threshold,
        "tier": "standard",
        "since_s": now_s,
        "shadow": False,
    }
    policy: dict[str, Any] = {
        "version": 1,
        "shop": shop,
        "currency": currency,
        "issued_s": now_s,
        "valid_until_s": now_s + YEAR_S,
        "max_inside": 1,
        "thresholds": [entry],
    }
    parse_policy(policy)
    return policy


def _check_config(place: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the directory, and write and load a configuration there; leave nothing when it fails."""
    from kiosk.settings import SettingsError, load

    is_new = not place.exists()
    place.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    _write_config(place, changes)
    try:
        load(place / CONFIG)
    except SettingsError:
        (place / CONFIG).unlink()
        if is_new:
            place.rmdir()
        raise


def _write_config(place: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the commented file with some values changed; None takes a key out."""
    import tomlkit

    from kiosk.keyfiles import write_over

    document: Any = tomlkit.parse(files("kiosk.settings").joinpath("store.toml").read_text("utf-8"))
    for table, values in changes.items():
        for key, value in values.items():
            if value is None:
                document[table].pop(key, None)
            else:
                document[table][key] = value
    write_over(place / CONFIG, tomlkit.dumps(document).encode())


def _write_documents(place: Path, policy: Mapping[str, Any], private: Mapping[str, Any]) -> None:
    """Sign and write the first policy, key list and catalogue."""
    from kiosk.core.keylist import with_key
    from kiosk.core.signing import VerifyKey, kid_of, public_of, sign
    from kiosk.keyfiles import write_over

    keys: Mapping[str, Any] | None = None
    for role in ("issuer", "voucher"):
        public = public_of(private[role])
        keys = {**with_key(keys, VerifyKey(kid_of(public), public, role)), "version": 1}
    catalogue = {"version": 1, "currency": policy["currency"], "items": [], "sold": []}
    for kind, payload in zip(DOCUMENTS, (policy, keys, catalogue), strict=True):
        write_over(place / f"{kind}.json", sign(kind, payload, private["owner"]))
