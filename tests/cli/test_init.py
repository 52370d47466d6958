"""`kiosk init` makes all that a first start needs, and overwrites nothing."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kiosk.cli.init_files import Wish, make
from kiosk.core.catalogue import parse_catalogue
from kiosk.core.keylist import parse_keys
from kiosk.core.policy import parse_policy
from kiosk.core.signing import VerifyKey, b64decode, kid_of, open_envelope
from kiosk.core.values import Json
from kiosk.keyfiles import KeyFileError
from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.keys import load as load_ledger_keys
from kiosk.settings import load, load_hub
from tests.environment import environment

Kiosk = Callable[..., Any]

FILES = [
    "catalogue.json",
    "hub.toml",
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
    (threshold,) = policy.thresholds_for("entry")
    assert (policy.shop, threshold.points) == ("mill", 550)
    assert {key.role for key in parse_keys(payload("keys")).values()} == {"issuer", "voucher"}
    assert payload("keys")["version"] == 1
    assert parse_catalogue(payload("catalogue")).currency == "EUR"


MADE = [
    (),
    ("--services",),
    ("--scores", "none"),
    ("--simulate",),
    ("--simulate", "--scores", "none"),
]


def comments(path: Path) -> list[tuple[str, str, str]]:
    """Return table, key and the comment right above it; what speaks of no key stands at "none"."""
    found, table, above = [], "", ""
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        key = re.match(r"#? ?([a-z0-9_]+) = |#? ?(\[\[?[a-z_]+\]\]?)$", line)
        if key:
            table = key[2] or table
            found.append((table, key[1] or "", above))
            above = ""
        elif line.startswith("#"):
            above += f"{line}\n"
        else:
            found += [("none", "", above)] * bool(above)
            above = ""
    return found


@pytest.mark.parametrize("words", MADE, ids=" ".join)
def test_every_comment_of_a_made_file_speaks_of_the_key_that_follows(
    words: tuple[str, ...], kiosk: Kiosk, tmp_path: Path
) -> None:
    kiosk("init", tmp_path / "shop", *words)
    packed = Path(__file__).parents[2] / "kiosk" / "settings"
    kind = "simulated.toml" if "--simulate" in words else "store.toml"
    for name, like in (("kiosk.toml", kind), ("hub.toml", "hub.toml")):
        made = comments(tmp_path / "shop" / name)
        assert made == comments(packed / like)
        assert [table for table, _, _ in made].count("none") == 1  # what stands at the top
        tables = [table for table, key, _ in made if not key and table != "[[button]]"]
        assert len(tables) == len(set(tables))


def test_the_comment_of_a_device_in_a_simulated_shop_speaks_of_no_pin(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    kiosk("init", tmp_path / "shop", "--simulate")
    made = (tmp_path / "shop" / "kiosk.toml").read_text(encoding="utf-8")
    for word in ("GPIO", "BCM", "/dev/", "resistor", "reed"):
        assert word not in made


@pytest.mark.parametrize("words", MADE, ids=" ".join)
def test_a_made_file_passes_the_check_without_notes(
    words: tuple[str, ...], kiosk: Kiosk, tmp_path: Path
) -> None:
    place = tmp_path / "shop"
    kiosk("init", place, *words)
    for path in (place / "kiosk.toml", place / "hub.toml"):
        done = kiosk("config", "check", path)
        assert (done.code, done.out, done.err) == (0, f"{path}: ok\n", "")


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
        (("--shop", "Bad Shop"), "--shop 'Bad Shop': want lower case, digits and . _ -"),
        (("--currency", "XXY"), "--currency XXY: is no currency of ISO 4217"),
        (("--currency", "euro"), "policy.currency: 'euro' is not an ISO 4217 code"),
        (("--threshold", "801"), "--threshold"),
        (("--shop", "Bäckerei"), "--shop 'B\\xe4ckerei': want lower case, digits and . _ -"),
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


def test_what_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    def full_disk(place: Path) -> None:
        """Fail as the last of all steps."""
        assert (place / "owner.key").exists()
        raise KeyFileError("no space")

    place, used = tmp_path / "new", tmp_path / "used"
    used.mkdir()
    (used / "other").touch()
    for directory in (place, used):
        with pytest.raises(KeyFileError, match="no space"):
            make(wish(directory), full_disk)
    assert not place.exists()
    assert names(used) == ["other"]


def wish(place: Path) -> Wish:
    urls = ("http://127.0.0.1:8080", "http://127.0.0.1:8090")
    return Wish(place, "door-1", "corner", "EUR", 600, *urls, services=False, simulated=False)


def test_the_hub_has_a_configuration_that_believes_this_kiosk(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    kiosk("init", place, "--hub", "http://127.0.0.1:8181/")
    hub = load_hub(place / "hub.toml").hub
    assert hub.listen == "127.0.0.1:8181"
    assert hub.enrol == (LogKey.of("corner/door-1", load_ledger_keys(place).log).encode(),)
    assert (hub.state_dir, hub.owner_key) == (place / "hub", load(place / "kiosk.toml").owner_key)


def test_a_shop_may_do_without_scores(kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("init", tmp_path / "shop", "--scores", "none")
    settings = load(tmp_path / "shop" / "kiosk.toml")
    assert (settings.provider.kind, settings.provider.url) == ("none", None)
    assert "kiosk scores" not in done.out
    assert "kiosk vouch add customer-1" in done.out


def test_the_files_for_services_have_the_paths_of_the_units(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    done = kiosk("init", place, "--services")
    settings, hub = load(place / "kiosk.toml"), load_hub(place / "hub.toml").hub
    assert settings.kiosk.state_dir == Path("/var/lib/kiosk")
    assert settings.hub.token_file == Path("/var/lib/kiosk/hub.token")
    assert settings.provider.token_file == Path("/var/lib/kiosk/provider.token")
    assert hub.state_dir == Path("/var/lib/kiosk-hub")
    line = f"KIOSK_SCORES_OWNER_KEY={settings.owner_key}\n"
    assert (place / "scores.env").read_text(encoding="ascii") == line
    assert "systemd/README.md" in done.out
    assert names(place) == sorted([*FILES, "scores.env"])
    assert kiosk("init", tmp_path / "x", "--services", "--simulate").code == 2
    assert "printable" in kiosk("init", tmp_path / "a\nb").err


def test_a_simulated_shop_asks_for_no_device(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    assert kiosk("init", place, "--simulate").code == 0
    told = json.loads(kiosk("doctor", "--state", place, "--json").out)
    broken = {row["what"] for row in told if row["mark"] == "fix"}
    assert broken <= {"hub", "provider", "hub token", "provider token"}
    assert (place / "items.csv").exists()
    settings = load(place / "kiosk.toml")
    assert [each.way for each in settings.button] == ["vouched", "voucher", "group", "leave"]
    assert {each.kind for each in settings.button} == {"sim"}
    assert settings.exit_camera is not None
    assert settings.reader[0].port == f"sim:{place}/tty-exit"


def test_a_simulated_shop_without_scores_is_entered_by_choosing_the_word_of_staff(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    told = kiosk("init", tmp_path / "shop", "--simulate", "--scores", "none").out
    first = told[told.index("\n6. ") : told.index("\n7. ")]
    assert first.index("sim show") < first.index("sim choose vouched") < first.index("sim enter")


def test_the_hub_of_a_simulated_shop_believes_the_clock_that_its_kiosk_believes(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    for number, words in enumerate([("--simulate",), ()]):
        place = tmp_path / f"shop-{number}"
        told = kiosk("init", place, *words).out
        trusts = load(place / "kiosk.toml").clock_trust == "always"
        assert (f"{place}/hub.toml --trust-clock\n" in told) is trusts is bool(words)


def test_the_owners_key_leaves_in_the_last_step(kiosk: Kiosk, tmp_path: Path) -> None:
    told = kiosk("init", tmp_path / "shop").out
    last = told.index("\n7. Last")
    assert told.rindex("--owner-key-file", 0, last) < last
    assert "owner.key" in told[last:]


def test_commands_are_spelled_as_the_program_was_called(kiosk: Kiosk, tmp_path: Path) -> None:
    with environment(KIOSK_AS="./run kiosk"):
        told = kiosk("init", tmp_path / "shop").out
    steps = [line for line in told.splitlines() if line.startswith("     ") and "kiosk " in line]
    assert len(steps) == 9
    assert all(line.startswith("     ./run kiosk ") for line in steps)
