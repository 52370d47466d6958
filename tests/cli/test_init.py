"""`kiosk init` makes all that a first start needs, and overwrites nothing."""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kiosk.core.catalogue import parse_catalogue
from kiosk.core.keylist import parse_keys
from kiosk.core.policy import parse_policy
from kiosk.core.signing import VerifyKey, b64decode, kid_of, open_envelope
from kiosk.core.values import Json
from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.keys import load as load_ledger_keys
from kiosk.settings import load

Kiosk = Callable[..., Any]

FILES = [
    "catalogue.json",
    "issuer.key",
    "keys.json",
    "kiosk.toml",
    "log.key",
    "owner.key",
    "policy.json",
    "voucher.key",
    "wrap.key",
]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_everything_is_made_and_secrets_are_the_owners_only(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "new" / "shop"
    assert kiosk("init", place).code == 0
    assert names(place) == FILES
    assert place.stat().st_mode & 0o777 == 0o700
    for path in place.glob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(path.read_bytes()) == 32
    assert len({path.read_bytes() for path in place.glob("*.key")}) == 5


def test_the_configuration_loads_and_pins_the_owner_who_signed_the_rules(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    place = tmp_path / "shop"
    kiosk("init", place, "--name", "gate-2", "--shop", "mill", "--threshold", 550)
    settings = load(place / "kiosk.toml")
    assert (settings.origin, settings.kiosk.state_dir) == ("mill/gate-2", place)
    owner = b64decode(settings.owner_key)
    trusted = {kid_of(owner): VerifyKey(kid_of(owner), owner, "owner")}

    def payload(kind: str) -> Mapping[str, Json]:
        return open_envelope(kind, (place / f"{kind}.json").read_bytes(), trusted)

    policy = parse_policy(payload("policy"))
    threshold = policy.threshold_for("entry")
    assert threshold is not None
    assert (policy.shop, threshold.points) == ("mill", 550)
    assert {key.role for key in parse_keys(payload("keys")).values()} == {"issuer", "voucher"}
    assert payload("keys")["version"] == 1
    assert parse_catalogue(payload("catalogue")).currency == "EUR"


def test_the_comments_of_the_commented_file_are_kept(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk("init", tmp_path / "shop")
    store = Path(__file__).parents[2] / "config" / "store.toml"
    made = (tmp_path / "shop" / "kiosk.toml").read_text(encoding="utf-8")
    comments = re.compile(r"^# .*$", re.MULTILINE)
    assert comments.findall(made) == comments.findall(store.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [*FILES, "ledger.db"])
def test_nothing_is_made_where_one_of_the_files_is(name: str, kiosk: Kiosk, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    done = kiosk("init", tmp_path)
    assert done.code == 2
    assert done.err == f"kiosk: {tmp_path}/{name}: is there already; choose a new directory\n"
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--shop", "Bad Shop"), "policy.shop: 'Bad Shop' is not an id"),
        (("--currency", "euro"), "policy.currency: 'euro' is not an ISO 4217 code"),
        (("--threshold", "801"), "policy.thresholds[0].points: 801 is out of range; use 0..800"),
        (("--name", "a/b"), "kiosk.name: must be lower case, digits and . _ -"),
        (("--hub", "hub.example"), "hub.url: is not an address"),
        (("--scores", "x"), "provider.url: is not an address"),
    ],
)
def test_wrong_facts_are_refused_before_anything_is_made(
    words: tuple[str, ...], what: str, kiosk: Kiosk, tmp_path: Path
) -> None:
    done = kiosk("init", tmp_path / "shop", *words)
    assert done.code == 2
    assert what in done.err
    assert names(tmp_path) == []


def test_a_directory_that_was_there_stays(kiosk: Kiosk, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    assert kiosk("init", tmp_path, "--hub", "x").code == 2
    assert names(tmp_path) == ["other"]


def test_a_shop_may_do_without_scores(kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("init", tmp_path / "shop", "--scores", "none")
    settings = load(tmp_path / "shop" / "kiosk.toml")
    assert (settings.provider.kind, settings.provider.url) == ("none", None)
    assert "kiosk scores" not in done.out
    assert "kiosk vouch" in done.out


def test_the_next_steps_name_verbs_and_options_that_there_are(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    text = kiosk("init", place).out.replace("\\\n", " ")
    steps = [shlex.split(line) for line in text.splitlines() if line.startswith("     kiosk ")]
    assert len(steps) == 8
    vkey = LogKey.of("corner/door-1", load_ledger_keys(place).log).encode()
    assert vkey in steps[0]
    for step in steps:
        verbs = [word for word in step[1:4] if re.fullmatch("[a-z]+", word)]
        help_text = kiosk(*verbs, "--help").out
        for option in (word for word in step if word.startswith("--")):
            assert option in help_text, f"{' '.join(verbs)} has no {option}"


def test_the_steps_after_it_work(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    kiosk("init", place)
    assert kiosk("config", "check", place / "kiosk.toml").code == 0
    scores = json.loads(kiosk("keys", "make", "scores", "--dir", tmp_path, "--json").out)
    added = kiosk(
        *("keys", "list", "add", place / "keys.json", "--key", scores["public"]),
        *("--role", "provider", "--owner-key-file", place / "owner.key"),
    )
    assert added.out == f"{place}/keys.json: version 2, 3 keys\n"
    made = kiosk("id", "make", "c-1", "--audience", "corner", "--key", place / "issuer.key")
    judged = kiosk(
        *("id", "verify", made.out.strip("\n"), "--audience", "corner"),
        *("--key-list", place / "keys.json", "--owner-key", place / "owner.key"),
    )
    assert judged.out == "valid: c-1, signed\n"
