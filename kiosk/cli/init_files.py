"""What `kiosk init` makes: keys, signed documents and configurations, all of them or none."""

import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import tomlkit

from kiosk.clock import Clock
from kiosk.core.keylist import with_key
from kiosk.core.policy import parse_policy
from kiosk.core.signing import VerifyKey, b64encode, kid_of, public_of, sign
from kiosk.keyfiles import KeyFileError, create_private, write_new
from kiosk.ledger import keys as ledger_keys
from kiosk.ledger.checkpoint import LogKey
from kiosk.settings import load, load_hub
from kiosk.settings.values import is_loopback

YEAR_S: Final = 365 * 86_400
PRIVATE_DIRECTORY: Final = 0o700
PUBLIC_FILE: Final = 0o644
CONFIG: Final = "kiosk.toml"
HUB_CONFIG: Final = "hub.toml"
SCORES_ENV: Final = "scores.env"
KEYS: Final = ("owner", "issuer", "voucher")
DOCUMENTS: Final = ("policy", "keys", "catalogue")
LEDGER: Final = ("log.key", "wrap.key", "ledger.db")
FILES: Final = (
    *(CONFIG, HUB_CONFIG, SCORES_ENV),
    *(f"{key}.key" for key in KEYS),
    *(f"{each}.json" for each in DOCUMENTS),
    *LEDGER,
)
NOBODY: Final = "none"
NO_KEY_YET: Final = "A" * 43  # a public key's length in base64url: all else is checked first
HUB_PORT: Final = 8080

Tables = dict[str, dict[str, Any]]
"""Values that go over those of a commented file, by table and key; None puts a # before a key.

Of an array of tables the first is meant.
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the new kiosk is to be.

    Attributes:
        place: Directory of everything that is made, absolute.
        hub: Address of the hub.
        scores: Address of the score service, or "none".
        services: Whether the files will be installed for systemd; see systemd/README.md.
        simulated: Whether it has no device.
    """

    place: Path
    name: str
    shop: str
    currency: str
    threshold: int
    hub: str
    scores: str
    services: bool
    simulated: bool


@dataclass(frozen=True, slots=True)
class Made:
    """What others must be told.

    Attributes:
        owner: The owner's public key.
        vkey: Verifier key of the kiosk's log.
    """

    owner: str
    vkey: str


def make(wish: Wish, more: Callable[[Path], None]) -> Made:
    """Make everything, and call `more` with the directory; when anything fails, nothing stays.

    Raises:
        KeyFileError: One of the files is there already, or cannot be written.
        SettingsError, DocumentError: A wish that cannot be.
    """
    for name in FILES:
        if (wish.place / name).exists():
            raise KeyFileError(f"{wish.place / name}: is there already; choose a new directory")
    policy = _policy(wish)
    with ExitStack() as undo:
        if not wish.place.exists():
            wish.place.mkdir(mode=PRIVATE_DIRECTORY, parents=True)
            undo.callback(shutil.rmtree, wish.place, ignore_errors=True)
        undo.callback(_remove, wish.place)
        made = _write(wish, policy)
        more(wish.place)
        undo.pop_all()
    return made


def _remove(place: Path) -> None:
    """Take away what was made; none of it was there before."""
    for name in FILES:
        (place / name).unlink(missing_ok=True)


def _write(wish: Wish, policy: Mapping[str, Any]) -> Made:
    """Write all files, the private keys once everything else is known to be right."""
    config = wish.place / CONFIG
    packed = "simulated.toml" if wish.simulated else "store.toml"
    _configure(config, packed, _kiosk(wish, NO_KEY_YET))
    load(config)
    config.unlink()
    private = {each: create_private(wish.place / f"{each}.key") for each in KEYS}
    owner = b64encode(public_of(private["owner"]))
    log = ledger_keys.create(wish.place).log
    made = Made(owner, LogKey.of(f"{wish.shop}/{wish.name}", log).encode())
    _configure(config, packed, _kiosk(wish, owner))
    _configure(wish.place / HUB_CONFIG, "hub.toml", _hub(wish, made))
    load_hub(wish.place / HUB_CONFIG)
    if wish.services:
        line = f"KIOSK_SCORES_OWNER_KEY={owner}\n"
        write_new(wish.place / SCORES_ENV, line.encode(), PUBLIC_FILE)
    _documents(wish.place, policy, private)
    return made


def _kiosk(wish: Wish, owner: str) -> Tables:
    """Return what the kiosk's configuration says other than the commented file."""
    if wish.services:
        state, hub, scores = (Path("/var/lib/kiosk") / name for name in ("", "hub", "provider"))
        tokens = (f"{hub}.token", f"{scores}.token")
    else:
        state = wish.place
        tokens = (str(state / "hub" / "kiosk.token"), str(state / "scores" / "kiosk.token"))
    provider: dict[str, Any] = {"kind": "http", "url": wish.scores, "token_file": tokens[1]}
    if wish.scores == NOBODY:
        provider = {"kind": NOBODY, "url": None, "token_file": None}
    tables: Tables = {
        "kiosk": {"name": wish.name, "shop": wish.shop, "state_dir": str(state)},
        "hub": {"url": wish.hub, "owner_key": owner, "token_file": tokens[0]},
        "provider": provider,
    }
    if wish.simulated:
        tables["reader"] = {"port": f"sim:{wish.place / 'tty-exit'}"}
        tables["sim"] = {"socket": str(wish.place / "sim.sock")}
    return tables


def _hub(wish: Wish, made: Made) -> Tables:
    state = "/var/lib/kiosk-hub" if wish.services else str(wish.place / "hub")
    hub = {"state_dir": state, "shop": wish.shop, "owner_key": made.owner, "enrol": [made.vkey]}
    return {"hub": {**hub, "listen": f"127.0.0.1:{port_of(wish.hub, HUB_PORT)}"}}


def port_of(url: str, usual: int) -> int:
    """Return the port that a service on this machine has to listen on, to be reached at `url`."""
    return (urlsplit(url).port or usual) if is_loopback(url) else usual


def _policy(wish: Wish) -> Mapping[str, Any]:
    """Return the first policy; DocumentError when shop, currency or threshold are none."""
    now_s = Clock.from_environment().wall_s()
    entry = {
        "id": f"entry-{wish.threshold}",
        "purpose": "entry",
        "points": wish.threshold,
        "tier": "standard",
        "since_s": now_s,
        "shadow": False,
    }
    policy: dict[str, Any] = {
        "version": 1,
        "shop": wish.shop,
        "currency": wish.currency,
        "issued_s": now_s,
        "valid_until_s": now_s + YEAR_S,
        "max_inside": 1,
        "utc_offset_min": time.localtime(now_s).tm_gmtoff // 60,
        "thresholds": [entry],
    }
    parse_policy(policy)
    return policy


def _configure(path: Path, packed: str, changes: Tables) -> None:
    """Write a commented file with some values changed."""
    text = files("kiosk.settings").joinpath(packed).read_text("utf-8")
    document: Any = tomlkit.parse(text)
    for name, row in changes.items():
        table = document[name]
        values = {key: value for key, value in row.items() if value is not None}
        (table[0] if isinstance(table, list) else table).update(values)
    text = tomlkit.dumps(document)
    for name, row in changes.items():
        for key in (key for key, value in row.items() if value is None):
            text = _unset(text, name, key)
    write_new(path, text.encode(), PUBLIC_FILE)


def _unset(text: str, table: str, key: str) -> str:
    """Return a file with a key behind a #, so that its comment still speaks of something."""
    return re.sub(rf"(?ms)(^\[{table}\]$.*?^)(?={key} = )", r"\1# ", text, count=1)


def _documents(place: Path, policy: Mapping[str, Any], private: Mapping[str, Any]) -> None:
    """Sign and write the first policy, key list and catalogue."""
    keys: Mapping[str, Any] | None = None
    for role in ("issuer", "voucher"):
        public = public_of(private[role])
        keys = {**with_key(keys, VerifyKey(kid_of(public), public, role)), "version": 1}
    catalogue = {"version": 1, "currency": policy["currency"], "items": [], "sold": []}
    for kind, payload in zip(DOCUMENTS, (policy, keys, catalogue), strict=True):
        envelope = sign(kind, payload, private["owner"])
        write_new(place / f"{kind}.json", envelope, PUBLIC_FILE)
