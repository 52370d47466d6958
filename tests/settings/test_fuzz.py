"""No file makes the settings end in anything but settings or lines that name a place."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.settings import Settings, SettingsError, load, load_hub
from tests.shipped import shipped

KEYS = st.sampled_from(["kiosk", "hub", "lock", "reader", "pin", "name", "kind", "x", "état", ""])
PLAIN = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.dates(),
    st.none(),
)
LINES = st.one_of(
    KEYS.map("[{}]".format),
    KEYS.map("[[{}]]".format),
    st.builds("{} = {}".format, KEYS, PLAIN),
    st.builds('{} = "{}"'.format, KEYS, st.text(max_size=6)),
    st.builds("{} = {{ {} = {} }}".format, KEYS, KEYS, PLAIN),
    st.text(max_size=20),
)
EDITS = st.lists(
    st.tuples(st.integers(0, 7000), st.integers(0, 40), st.text(max_size=5)), max_size=4
)


def outcome(data: bytes) -> None:
    """Load the bytes as a kiosk's and as a hub's file."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "kiosk.toml"
        path.write_bytes(data)
        for loader in (load, load_hub):
            lines = refused(path, loader)
            assert all(line.startswith((str(path), "environment")) for line in lines)


def refused(path: Path, loader: Callable[[Path], object]) -> tuple[str, ...]:
    """Return the lines of a refusal, none when the file is taken."""
    try:
        loader(path)
    except SettingsError as error:
        return error.lines or ("a refusal without a line",)
    return ()


@settings(deadline=None)
@given(st.lists(LINES, max_size=12))
def test_any_lines(lines: list[str]) -> None:
    outcome("\n".join(lines).encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    outcome(data)


@settings(deadline=None)
@given(EDITS)
def test_any_slip_in_the_shipped_file(edits: list[tuple[int, int, str]]) -> None:
    text = shipped("store.toml")
    for at, gone, new in edits:
        text = text[:at] + new + text[at + gone :]
    outcome(text.encode("utf-8", "surrogatepass"))


def test_the_shipped_file_itself_is_right(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(shipped("store.toml"), encoding="utf-8")
    assert isinstance(load(path), Settings)
