"""Everything a play needs before its processes start: keys, tokens, documents, configuration."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.signing import b64decode, b64encode, kid_of, public_of, sign
from kiosk.core.values import Json
from kiosk.ledger import keys as ledger_keys
from kiosk.ledger.checkpoint import LogKey
from kiosk.stage.plot import Script

SHOP: Final = "play-shop"
KIOSK: Final = "door"
ORIGIN: Final = f"{SHOP}/{KIOSK}"
YEAR_S: Final = 365 * 86_400
PRIVATE: Final = 0o600
CONFIG: Final = "kiosk.toml"
LINGER_S: Final = 1.0  # a play has no modem to spare


@dataclass(frozen=True, slots=True)
class Keys:
    """The private keys of a play; a real shop keeps these apart.

    Attributes:
        owner: Signs the documents.
        issuer: Mints the customers' tokens.
        voucher: Mints vouchers.
    """

    owner: Ed25519PrivateKey = field(repr=False)
    issuer: Ed25519PrivateKey = field(repr=False)
    voucher: Ed25519PrivateKey = field(repr=False)

    @property
    def owner_key(self) -> str:
        """The owner's public key, as every process pins it."""
        return b64encode(public_of(self.owner))


def make_keys(directory: Path) -> Keys:
    """Return the keys in a play's directory, made when they are not there."""
    names = ("owner", "issuer", "voucher")
    return Keys(*(_key(directory / f"{name}.key") for name in names))


def log_vkey(directory: Path) -> str:
    """Return the verifier key of the kiosk's log, whose private key stays in the directory."""
    return LogKey.of(ORIGIN, ledger_keys.create(directory).log).encode()


def payloads(
    script: Script, keys: Keys, provider: str, now_s: int
) -> Mapping[str, Mapping[str, Json]]:
    """Return the policy, key list and catalogue of a script, by kind, without their versions.

    Args:
        provider: Public key of the score service, base64url.
    """
    listed: list[Json] = [
        _public(public_of(keys.issuer), "issuer"),
        _public(public_of(keys.voucher), "voucher"),
        _public(b64decode(provider), "provider"),
    ]
    return {
        "policy": policy(script, now_s),
        "keys": {"keys": listed},
        "catalogue": catalogue(script),
    }


def signed(kind: str, payload: Mapping[str, Json], version: int, keys: Keys) -> bytes:
    """Return a document of this version, signed by the owner."""
    return sign(kind, {**payload, "version": version}, keys.owner)


def policy(script: Script, now_s: int) -> Mapping[str, Json]:
    """Return the policy of a script as the owner would publish it."""
    points = script.policy["threshold"]
    threshold: dict[str, Json] = {
        "id": f"entry-{points}",
        "purpose": "entry",
        "points": points,
        "tier": "standard",
        "since_s": now_s,
        "shadow": False,
    }
    return {
        "shop": SHOP,
        "currency": script.currency,
        "issued_s": now_s,
        "valid_until_s": now_s + YEAR_S,
        "max_inside": script.policy["max_inside"],
        "thresholds": [threshold],
        "tiers": [{"id": "standard"}],
        "grace_s": script.policy["grace_h"] * 3600,
        "deposit_minor": script.policy["deposit_minor"],
        "ways": ["score", "voucher", "vouched"],
    }


def catalogue(script: Script) -> Mapping[str, Json]:
    """Return the catalogue of a script."""
    items: list[Json] = [
        {
            "gtin": item.gtin,
            "epc": "",
            "name": item.name,
            "price_minor": item.price_minor,
            "tax": "",
        }
        for item in script.items
    ]
    return {"currency": script.currency, "items": items, "sold": []}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a play's daemon finds the rest.

    Attributes:
        hub, scores: Addresses.
        hub_token, scores_token: Files with the kiosk's bearers.
        offset: The shared clock.
    """

    hub: str
    scores: str
    hub_token: Path
    scores_token: Path
    offset: Path


def write_config(directory: Path, keys: Keys, places: Places, *, many_inside: bool) -> Path:
    """Write `kiosk.toml` for the daemon of a play, with every device simulated."""
    tty = directory / "tty"
    config: dict[str, Any] = {
        "kiosk": {"name": KIOSK, "shop": SHOP, "state_dir": str(directory)},
        "hub": {
            "url": places.hub,
            "token_file": str(places.hub_token),
            "owner_key": keys.owner_key,
            "linger_s": LINGER_S,
        },
        "provider": {
            "kind": "http",
            "url": places.scores,
            "token_file": str(places.scores_token),
            "allow_list": str(directory / "vouched.toml"),
        },
        "gate": {"egress": "handle"},
        "lock": {"kind": "sim", "fail_mode": "secure", "active_high": True},
        "door": {"kind": "sim"},
        "exit": {"trigger": "button", "kind": "sim"},
        "camera": {"kind": "sim", "width": 640, "height": 480},
        "reader": [
            {"name": "exit-reader", "kind": "m100", "port": f"sim:{tty}-exit", "role": "exit"},
            {"name": "fob", "kind": "rdm6300", "port": f"sim:{tty}-fob", "role": "entry"},
        ],
        "button": [
            {"name": f"choose-{way}", "kind": "sim", "way": way}
            for way in ("voucher", "vouched", "leave", "group")
        ],
        "indicator": {"kind": "sim"},
        "screen": {"kind": "sim"},
        "sim": {"socket": str(directory / "sim.sock")},
        "clock": {"offset_file": str(places.offset), "trust": "always"},
    }
    if many_inside:
        config["exit_camera"] = {"kind": "sim", "width": 640, "height": 480}
    path = directory / CONFIG
    _write(path, tomlkit.dumps(config).encode())
    return path


def _key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        _write(path, secrets.token_bytes(32))
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _public(public: bytes, role: str) -> Json:
    return {"kid": kid_of(public), "public": b64encode(public), "role": role}
