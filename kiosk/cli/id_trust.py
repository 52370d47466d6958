"""Whose signatures `kiosk id verify` believes: a single key, a list, or what a kiosk holds."""

from collections.abc import Mapping
from pathlib import Path

import typer

from kiosk.cli.place import config_path, state_dir
from kiosk.core.keylist import parse_keys
from kiosk.core.signing import VerifyKey, kid_of, open_envelope
from kiosk.keyfiles import read_public
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.settings import load

LIST_FILE = "keys.json"


def single(key: str, role: str, customer: str) -> Mapping[str, VerifyKey]:
    """Return one key in place of a list."""
    public = read_public(key)
    return {kid_of(public): VerifyKey(kid_of(public), public, role, customer)}


def listed(key_list: Path, owner_key: str) -> Mapping[str, VerifyKey]:
    """Return the keys of a list that the owner signed."""
    return _opened(key_list.read_bytes(), owner_key)


def held(config: Path | None, state: Path | None) -> Mapping[str, VerifyKey]:
    """Return the keys that a kiosk believes: its own list, or the one beside its configuration.

    Raises:
        typer.BadParameter: It has none yet.
    """
    owner_key = load(config_path(config, state)).owner_key
    envelope = _in_ledger(state_dir(config, state) / LEDGER_FILE)
    if envelope is not None:
        return _opened(envelope, owner_key)
    beside = config_path(config, state).with_name(LIST_FILE)
    if beside.is_file():
        return listed(beside, owner_key)
    raise typer.BadParameter(
        f"this kiosk holds no key list yet, and there is no {beside}; "
        "start it once, or give --key-list FILE or --key KEY"
    )


def _in_ledger(path: Path) -> bytes | None:
    """Return the key list that the running kiosk took from its hub; None before its first start."""
    try:
        with LedgerReader(path) as reader:
            return reader.document("keys")
    except LedgerError:
        return None


def _opened(envelope: bytes, owner_key: str) -> Mapping[str, VerifyKey]:
    owner = read_public(owner_key)
    trusted = VerifyKey(kid_of(owner), owner, "owner")
    return parse_keys(open_envelope("keys", envelope, {trusted.kid: trusted}))
