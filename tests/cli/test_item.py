"""`kiosk item` against a hub that runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from kiosk.cli.item import app
from kiosk.core.signing import sign
from kiosk.hub.errors import ItemsError
from kiosk.keyfiles import KeyFileError
from kiosk.remote.errors import RemoteError
from tests.hub.process import Running, running
from tests.hub.worlds import Owner

GTIN = "00614141123452"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("hub") / "hub") as hub:
        hub.line()
        yield hub
        assert hub.stop() == 0


def run(*words: str | Path) -> str:
    """Run `kiosk item`; errors come up as they are."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "items.csv"
    path.write_text("\n".join(["gtin,name,price", *rows]) + "\n")
    return path


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Running]:
    """A hub that nobody published anything at yet."""
    with running(tmp_path / "fresh") as hub:
        hub.line()
        yield hub
        assert hub.stop() == 0


def test_a_shop_is_stocked_from_a_spreadsheet(fresh: Running, key: Path, tmp_path: Path) -> None:
    hub = fresh
    at = ("--hub", hub.url)
    signed = (*at, "--owner-key-file", key)
    file = table(tmp_path, f"{GTIN},Trail mix,5.99")
    assert "no catalogue yet" in run("list", *at)
    assert json.loads(run("list", "--json", *at)) == {"version": 0, "items": []}
    with pytest.raises(ItemsError, match="publish the policy first"):
        run("import", file, *signed)
    assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).ok
    assert "version 1 would be published: 1 new" in run("import", file, "--dry-run", *signed)
    assert "no catalogue yet" in run("list", *at)
    assert (
        run("import", file, *signed)
        == "catalogue version 1 is published: 1 new, 0 changed, 0 removed\n"
    )
    assert run("import", file, *signed) == "nothing to publish: 1 item is as in the file\n"
    table(tmp_path, f"{GTIN},=Trail mix,6.50", "00614141999996,Nuts,3")
    assert "version 2 is published: 1 new, 1 changed" in run("import", file, *signed)
    assert [row.split()[1:3] for row in run("list", *at).splitlines()] == [
        ["6.50", "EUR"],
        ["3.00", "EUR"],
    ]
    found = json.loads(run("list", "--json", *at))
    assert (found["version"], found["items"][0]["price_minor"]) == (2, 650)
    assert "'=Trail mix,6.50" in run("list", "--csv", *at)
    table(tmp_path, f"{GTIN},=Trail mix,6.50")
    assert "1 removed" in run("import", file, "--replace", *signed)
    forge(hub, key, file, signed)


def forge(hub: Running, key: Path, file: Path, signed: tuple[str | Path, ...]) -> None:
    """Another owner's key signs nothing on top of this owner's catalogue."""
    key.write_bytes(b"x" * 32)
    with pytest.raises(ItemsError, match="not signed by this owner key"):
        run("import", file, *signed)
    assert json.loads(run("list", "--json", "--hub", hub.url))["version"] == 3


def test_the_file_is_looked_through_before_a_key_is_needed(hub: Running, tmp_path: Path) -> None:
    hub.ask("PUT", "/v1/documents/policy", Owner().policy())
    file = table(tmp_path, f"{GTIN},A,x")
    with pytest.raises(ItemsError, match=r"items\.csv:2: price"):
        run("import", file, "--hub", hub.url, "--owner-key-file", tmp_path / "none.key")
    with pytest.raises(ItemsError, match=r"none\.csv: No such file or directory; name a CSV"):
        run("import", tmp_path / "none.csv", "--hub", "http://127.0.0.1:9")


def test_wrong_rows_are_told_also_where_the_hub_is_away_or_has_no_currency_yet(
    fresh: Running, tmp_path: Path
) -> None:
    keyless = ("--owner-key-file", tmp_path / "none.key")
    for url in ("http://127.0.0.1:9", fresh.url):
        with pytest.raises(ItemsError, match=r"items\.csv:3: price") as refused:
            run(
                "import",
                table(tmp_path, f"{GTIN},A,5.125", "00614141999996,B,x"),
                "--hub",
                url,
                *keyless,
            )
        assert "csv:2" not in str(refused.value), "how many decimals there are only the hub knows"
    with pytest.raises(ItemsError, match="publish the policy first"):
        run("import", table(tmp_path, f"{GTIN},A,5.12"), "--hub", fresh.url, *keyless)


def test_every_wrong_row_is_named_and_nothing_is_published(
    hub: Running, key: Path, tmp_path: Path
) -> None:
    hub.ask("PUT", "/v1/documents/policy", Owner().policy())
    before = run("list", "--json", "--hub", hub.url)
    file = table(tmp_path, f"{GTIN},A,x", "1,B,1")
    with pytest.raises(ItemsError) as refused:
        run("import", file, "--hub", hub.url, "--owner-key-file", key)
    assert [line.split(" ")[0] for line in str(refused.value).splitlines()] == [
        *(f"{file}:2:", f"{file}:3:")
    ]
    assert run("list", "--json", "--hub", hub.url) == before


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        (b"x" * 32, 0o644, "others may read it"),
        (b"short", 0o600, "not a private key"),
        (None, 0, "no such file; say where the owner's key is"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(
    hub: Running, tmp_path: Path, content: bytes | None, mode: int, problem: str
) -> None:
    hub.ask("PUT", "/v1/documents/policy", Owner().policy())
    path = tmp_path / "owner.key"
    if content is not None:
        path.touch(mode)
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(KeyFileError, match=problem):
        run("import", table(tmp_path, f"{GTIN},A,1"), "--hub", hub.url, "--owner-key-file", path)


def test_a_file_that_is_not_there_is_named(hub: Running, key: Path, tmp_path: Path) -> None:
    hub.ask("PUT", "/v1/documents/policy", Owner().policy())
    with pytest.raises(ItemsError, match=r"none\.csv: No such file"):
        run("import", tmp_path / "none.csv", "--hub", hub.url, "--owner-key-file", key)


def test_a_hub_that_does_not_answer_is_exit_code_4(key: Path, tmp_path: Path) -> None:
    file = table(tmp_path, f"{GTIN},A,1")
    with pytest.raises(RemoteError) as refused:
        run("import", file, "--hub", "http://127.0.0.1:9", "--owner-key-file", key)
    assert refused.value.exit_code == 4


def test_a_strangers_catalogue_is_shown_but_the_hub_takes_none(hub: Running) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    envelope = sign(
        "catalogue", {"version": 99, "currency": "EUR", "items": [], "sold": []}, stranger
    )
    assert hub.ask("PUT", "/v1/documents/catalogue", envelope).status_code == 401
