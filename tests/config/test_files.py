"""The commented configuration files say every key, and are what they say they are."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from kiosk.settings import HubSettings, Settings, load, load_hub
from kiosk.settings.faults import fields_at
from tests.shipped import CONFIG, shipped

Filled = Callable[[str], Path]

TABLE = re.compile(r"#? ?\[\[?([a-z_]+)\]\]?")
ENTRY = re.compile(r"(#? ?)([a-z0-9_]+) = ")


def keys(model: type[BaseModel]) -> set[tuple[str, str]]:
    return {(table, key) for table in model.model_fields for key in fields_at(model, (table,))}


def entries(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield table, key and whether a comment stands above; [exit_camera] leans on [camera]."""
    table, above = "", False
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := TABLE.fullmatch(line):
            table = found[1]
        elif found := ENTRY.match(line):
            yield table, found[2], above
        above = line.startswith("#") and (table == "exit_camera" or not ENTRY.match(line))


@pytest.mark.parametrize(("name", "model"), [("store.toml", Settings), ("hub.toml", HubSettings)])
def test_every_key_stands_in_the_commented_file_with_a_comment(
    name: str, model: type[BaseModel]
) -> None:
    found = list(entries(CONFIG / name))
    assert {(table, key) for table, key, _ in found} == keys(model)
    assert [(table, key) for table, key, commented in found if not commented] == []


def test_a_key_without_its_comment_would_be_noticed(tmp_path: Path) -> None:
    bare = tmp_path / "bare.toml"
    bare.write_text('[kiosk]\n# Its name.\nname = "a"\nshop = "b"\n', encoding="utf-8")
    assert list(entries(bare)) == [("kiosk", "name", True), ("kiosk", "shop", False)]


@pytest.fixture
def filled(tmp_path: Path) -> Callable[[str], Path]:
    """Return a writer of a commented file with the owner's key pasted in."""

    def writer(name: str) -> Path:
        path = tmp_path / name
        path.write_text(shipped(name), encoding="utf-8")
        return path

    return writer


def test_the_stores_file_loads_and_needs_no_advice(filled: Filled) -> None:
    settings = load(filled("store.toml"))
    assert settings.kiosk.name == "door-1"
    assert settings.warnings == ()


def test_the_hubs_file_loads(filled: Filled) -> None:
    assert load_hub(filled("hub.toml")).hub.listen == "127.0.0.1:8080"


@pytest.mark.parametrize("name", ["store.toml", "hub.toml"])
def test_what_stands_behind_a_hash_would_load_too(name: str, tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# (?=\[[a-z_]+\]$|[a-z_]+ = )", "", shipped(name))
    open_ = tmp_path / name
    open_.write_text(text, encoding="utf-8")
    if name == "hub.toml":
        load_hub(open_)
    else:
        settings = load(open_)
        assert settings.exit_camera is not None
        assert settings.sim is not None


@pytest.mark.parametrize("name", ["store.toml", "hub.toml"])
def test_the_packed_copy_is_the_commented_file(name: str) -> None:
    packed = CONFIG.parent / "kiosk" / "settings" / name
    assert packed.read_bytes() == (CONFIG / name).read_bytes()
