"""Keys, documents and configuration of a play are what the kiosk itself accepts."""

import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.catalogue import parse_catalogue
from kiosk.core.epc import is_gtin14
from kiosk.core.keylist import parse_keys
from kiosk.core.policy import parse_policy
from kiosk.core.signing import VerifyKey, b64encode, kid_of, open_envelope, public_of
from kiosk.core.values import Epc
from kiosk.ledger.checkpoint import parse_vkey
from kiosk.settings import load
from kiosk.stage import props
from kiosk.stage.plot import POLICY, Customer, Item, Script
from kiosk.stage.script import LIMITS, NAME
from tests.stage.scripts import MIX, script

NOW_S = 1_790_000_000
PROVIDER = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
KEYS = props.Keys(
    *(Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"o", b"i", b"v"))
)
PLACES = props.Places(
    "http://127.0.0.1:1", "http://127.0.0.1:2", Path("h.token"), Path("s.token"), Path("clock")
)


def test_keys_are_made_once_kept_and_read_by_their_owner_only(tmp_path: Path) -> None:
    first = props.make_keys(tmp_path)
    assert props.make_keys(tmp_path).owner_key == first.owner_key
    for name in ("owner", "issuer", "voucher"):
        assert stat.S_IMODE((tmp_path / f"{name}.key").stat().st_mode) == 0o600
    assert len({public_of(key) for key in (first.owner, first.issuer, first.voucher)}) == 3
    assert "private" not in repr(first).lower()


def test_the_log_s_verifier_key_is_the_same_at_every_play(tmp_path: Path) -> None:
    vkey = props.log_vkey(tmp_path)
    assert props.log_vkey(tmp_path) == vkey
    assert parse_vkey(vkey).name == props.ORIGIN


def test_documents_are_signed_by_the_owner_with_the_version_that_is_asked_for() -> None:
    owner = VerifyKey(kid_of(public_of(KEYS.owner)), public_of(KEYS.owner), "owner")
    payloads = props.payloads(script(), KEYS, b64encode(public_of(PROVIDER)), NOW_S)
    for version, (kind, payload) in enumerate(payloads.items(), 3):
        envelope = props.signed(kind, payload, version, KEYS)
        assert open_envelope(kind, envelope, {owner.kid: owner})["version"] == version
    keys = parse_keys({**payloads["keys"], "version": 1})
    assert sorted(key.role for key in keys.values()) == ["issuer", "provider", "voucher"]


GTINS = st.integers(0, 10**13 - 1).map(
    lambda number: next(code for last in range(10) if is_gtin14(code := f"{number:013}{last}"))
)
POLICIES = st.fixed_dictionaries({key: st.integers(*LIMITS[key]) for key in POLICY})
ITEMS = st.lists(
    st.builds(
        Item,
        gtin=GTINS,
        name=st.from_regex(NAME, fullmatch=True),
        price_minor=st.integers(*LIMITS["price_minor"]),
    ),
    max_size=4,
    unique_by=lambda item: item.gtin,
)


@given(st.from_regex(r"[A-Z]{3}", fullmatch=True), POLICIES, ITEMS)
def test_what_a_script_may_say_the_kiosk_accepts(
    currency: str, rules: dict[str, int], items: list[Item]
) -> None:
    day = Script(currency, rules, tuple(items), (Customer("ada", 1),), (), ())
    policy = parse_policy({**props.policy(day, NOW_S), "version": 1})
    (threshold,) = policy.thresholds_for("entry")
    assert threshold.points == rules["threshold"]
    assert policy.max_inside == rules["max_inside"]
    assert policy.grace_s == rules["grace_h"] * 3600
    assert policy.deposit_minor == rules["deposit_minor"]
    catalogue = parse_catalogue({**props.catalogue(day), "version": 1})
    assert len(catalogue.by_gtin) == len(items)


def test_a_tag_of_the_script_s_item_is_found_in_its_catalogue() -> None:
    article = parse_catalogue({**props.catalogue(script()), "version": 1}).find(Epc(MIX))
    assert article is not None
    assert (article.name, article.price_minor) == ("Trail mix", 599)


def test_the_configuration_is_one_that_the_daemon_loads(tmp_path: Path) -> None:
    path = props.write_config(tmp_path, KEYS, PLACES, many_inside=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = load(path)
    assert settings.origin == props.ORIGIN
    assert settings.kiosk.state_dir == tmp_path
    assert settings.owner_key == KEYS.owner_key
    assert settings.exit_camera is None
    assert settings.sim is not None
    assert settings.sim.socket == tmp_path / "sim.sock"


def test_with_several_inside_there_is_a_camera_at_the_exit(tmp_path: Path) -> None:
    settings = load(props.write_config(tmp_path, KEYS, PLACES, many_inside=True))
    assert settings.exit_camera is not None
