"""A configuration is loaded whole or refused with every fault at its file and line."""

import contextlib
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kiosk.settings import HubSettings, Settings, SettingsError, files, load, load_hub, load_lock
from kiosk.settings.files import MAX_BYTES, load_any, read, told
from tests.shipped import shipped

Write = Callable[..., Path]


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert caught.value.exit_code == 2
    assert str(caught.value) == "\n".join(caught.value.lines)
    for line in caught.value.lines:
        assert line.startswith((str(path), "environment"))
        assert "\n" not in line
    return str(caught.value)


def test_a_small_configuration_is_enough(write: Write) -> None:
    settings = load(write())
    assert settings.kiosk.name == "door-1"
    assert settings.log.level == "info"
    assert settings.reader == ()
    assert settings.screen is None


def test_a_lock_can_be_read_whatever_is_wrong_elsewhere(write: Write, tmp_path: Path) -> None:
    path = write(('shop = "corner"', "shop = 5\nshot = 6"))
    refusal(path)
    assert load_lock(path) == load(write()).lock
    assert load_lock(write(("active_high", "active_hi"))) is None
    assert load_lock(tmp_path / "nothing here") is None


def test_settings_do_not_change(write: Write) -> None:
    settings = load(write())
    with pytest.raises(ValueError, match="frozen"):
        settings.kiosk.name = "other"
    with pytest.raises(ValueError, match="frozen"):
        settings.log = settings.log


def test_every_fault_is_told_at_once_in_the_order_of_the_file(write: Write) -> None:
    path = write(
        ('shop = "corner"', 'shop = "Corner"'),
        ('egress = "handle"', 'egress = "handel"'),
        ("pin = 17", 'pin = "17"'),
        ("pin = 27", "pin = 22"),
        ('trigger = "button"', 'pull = "side"\ntrigger_ = "beam"\ntrigger = "button"'),
        more='[lokc]\nkind = "gpio"\n',
    )
    assert refusal(path).replace(str(path), "F").split("\n") == [
        "F:3: kiosk.shop: must be lower case, digits and . _ -, at most 32 (as in corner-1)",
        "F:14: gate.egress: 'handel' is not one of handle, release-button (did you mean handle?)",
        "F:19: lock.pin: must be a whole number, is text",
        "F:27: exit.pull: 'side' is not one of up, down, none",
        "F:28: exit.trigger_: unknown key (did you mean trigger?)",
        "F:30: exit.pin: GPIO 22 is taken by door.pin (give each device its own)",
        "F:34: lokc: unknown table (did you mean lock?)",
    ]


def test_the_gate_must_declare_its_egress(write: Write) -> None:
    path = write(('egress = "handle"\n', ""))
    assert refusal(path) == (
        f"{path}:13: gate.egress: is missing (what opens the door from inside without this machine)"
    )


def test_a_missing_table_is_told_at_the_top(write: Write) -> None:
    path = write(('[gate]\negress = "handle"\n', ""))
    assert refusal(path) == f"{path}:1: gate: table is missing (add [gate])"


def test_a_key_in_an_array_of_tables_is_told_at_its_own_line(write: Write) -> None:
    readers = '[[reader]]\nname = "a"\nkind = "m100"\nport = "/dev/x"\nrole = "exit"\n'
    path = write(more=readers + readers.replace('"a"', '"b"').replace('"exit"', '"way out"'))
    assert refusal(path) == (f"{path}:41: reader[1].role: 'way out' is not one of exit, entry")


def test_relative_paths_count_from_the_file(write: Write) -> None:
    path = write(
        ('kind = "sim"\n', 'kind = "folder"\ndevice = "pictures"\n'),
        ('kind = "none"', 'kind = "vouch"\nallow_list = "staff.toml"'),
        more='[sim]\nsocket = "sim.sock"\n[clock]\noffset_file = "/abs/offset"\n',
    )
    settings = load(path)
    assert settings.kiosk.state_dir == path.parent / "state"
    assert settings.allow_list == path.parent / "staff.toml"
    assert settings.camera is not None
    assert settings.camera.device == str(path.parent / "pictures")
    assert settings.sim is not None
    assert settings.sim.socket == path.parent / "sim.sock"
    assert settings.clock_offset_file == Path("/abs/offset")


def test_a_relative_file_name_has_absolute_paths_too(write: Write) -> None:
    path = write()
    with contextlib.chdir(path.parent):
        assert load(Path("kiosk.toml")).kiosk.state_dir == path.parent / "state"


# Files that are no configuration.


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"[kiosk]\nname = \xff\xfe\n", ":2: not UTF-8 (save it as UTF-8)"),
        ('[kiosk]\nname = "a"\n'.encode("utf-16"), ":1: not UTF-8 (save it as UTF-8)"),
        (b"[kiosk]\nname = \x00\n", ":2:8: not TOML: "),
        (b"[kiosk]\nname =\n", ":2:7: not TOML: invalid value"),
        (b"[kiosk\n", ":1:7: not TOML: "),
        (b"#" * (MAX_BYTES + 1), f": larger than {MAX_BYTES} bytes (is it a configuration?)"),
        (b"\x7fELF\x02\x01\x01\x00", ":1:1: not TOML: "),
    ],
    ids=["bytes", "utf-16", "nul", "no value", "open table", "huge", "program"],
)
def test_what_is_no_configuration_is_refused_in_one_line(
    data: bytes, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_bytes(data)
    message = refusal(path)
    assert message.startswith(f"{path}{what}")
    assert message.isprintable()


def test_a_missing_file_a_directory_and_an_impossible_name_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.toml").startswith(
        f"{tmp_path}/none.toml: No such file or directory"
    )
    assert (
        refusal(tmp_path) == f"{tmp_path}: Is a directory (name the file in it, such as kiosk.toml)"
    )
    assert "not a file name" in refusal(tmp_path / "a\0b")


def test_an_empty_file_lacks_every_needed_table(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.touch()
    assert re.findall(r": (\w+): table is missing", refusal(path)) == [
        "kiosk",
        "hub",
        "provider",
        "gate",
        "lock",
        "door",
        "exit",
    ]


@pytest.mark.parametrize("name", ["_env_file", "_cli_parse_args", "self", "model_config", "x y"])
def test_no_key_reaches_the_machinery(name: str, write: Write) -> None:
    path = write(more=f'["{name}"]\na = 1\n')
    assert f": {name}: unknown table" in refusal(path)


@pytest.mark.parametrize(
    "value", ["1", '"x"', "[]", "[[1]]", "{}", "true", "1979-05-27", "[{}]", '{ kind = ["gpio"] }']
)
@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_table_of_any_other_shape_is_refused_or_taken_never_a_crash(
    name: str, value: str, tmp_path: Path
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(f"{name} = {value}\n", encoding="utf-8")
    refusal(path)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_no_bytes_fail_in_another_way(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_bytes(data)
    refusal(path)


VALUES = st.recursive(
    st.integers(-5, 100)
    | st.booleans()
    | st.floats(0, 40)
    | st.sampled_from(["gpio", "sim", "http", "exit", "m100", "x", "", "http://[", "/dev/x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["kind", "pin", "pins", "name", "green", "url"]), inner)
    ),
    max_leaves=6,
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(sorted(Settings.model_fields)),
        st.dictionaries(
            st.sampled_from(["kind", "pin", "name", "role", "url", "port", "way", "active_high"]),
            VALUES,
        ),
    )
)
def test_no_values_fail_in_another_way(tmp_path: Path, tables: dict[str, object]) -> None:
    lines = [f"{name} = {_inline(value)}" for name, value in tables.items()]
    path = tmp_path / "kiosk.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    refusal(path)


def _inline(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key} = {_inline(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case str():
            return f"'{value}'"
        case _:
            return str(value)


@pytest.mark.slow
def test_ten_thousand_mutations_of_a_whole_file_load_or_are_refused(tmp_path: Path) -> None:
    lines, chance = shipped("store.toml").split("\n"), random.Random(17)
    path, loaded = tmp_path / "kiosk.toml", 0
    for _ in range(10_000):
        mutated = list(lines)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(mutated))
            piece = chance.choice(lines).lstrip("# ")
            here = chance.randrange(len(mutated[at]) + 1)
            mutated[at] = chance.choice(
                (piece, "", mutated[at][:here] + chance.choice('[]{}"=.\0é9') + mutated[at][here:])
            )
        path.write_text("\n".join(mutated), encoding="utf-8")
        lines_told: tuple[str, ...] = ()
        try:
            load(path)
            loaded += 1
        except SettingsError as error:
            lines_told = error.lines
        assert all(line.startswith(str(path)) for line in lines_told)
    assert 0 < loaded < 10_000


# The other kind of file, and both.

HUB = """\
[hub]
state_dir = "hub"
shop = "corner"
owner_key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
"""


def test_a_hubs_file_is_told_from_a_kiosks(write: Write, tmp_path: Path) -> None:
    hub = tmp_path / "hub.toml"
    hub.write_text(HUB, encoding="utf-8")
    assert isinstance(load_any(hub), HubSettings)
    assert isinstance(load_any(write()), Settings)
    assert load_hub(hub).hub.state_dir == tmp_path / "hub"


def test_a_file_of_neither_kind_is_judged_as_a_kiosks(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("a = 1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="kiosk: table is missing"):
        load_any(path)


@pytest.mark.parametrize("listen", ["8080", ":8080", "127.0.0.1:", "host:99999", "host:x", "a:²"])
def test_a_hub_listens_at_an_address(listen: str, tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(HUB + f'listen = "{listen}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"hub.toml:5: hub\.listen: must be HOST:PORT"):
        load_hub(path)


def test_findings_without_a_place_stand_at_the_top(write: Write) -> None:
    path = write()
    assert told(path, read(path), [(("screen",), "none")]) == [f"{path}:1: screen: none"]


def test_a_file_for_something_else_is_told_in_one_line(write: Write, tmp_path: Path) -> None:
    kiosk, hub, script = write(), tmp_path / "hub.toml", tmp_path / "day.toml"
    hub.write_text('[hub]\nstate_dir = "hub"\n', encoding="utf-8")
    script.write_text('[[step]]\ndo = "leave"\n', encoding="utf-8")
    for path, reading, words in (
        (hub, load, f"{hub}: this is {files.HUB}; here goes {files.KIOSK}"),
        (script, load, f"{script}: this is {files.SCRIPT}; here goes {files.KIOSK}"),
        (script, load_any, f"{script}: this is {files.SCRIPT}; here goes {files.KIOSK}"),
        (kiosk, load_hub, f"{kiosk}: this is {files.KIOSK}; here goes {files.HUB}"),
    ):
        with pytest.raises(SettingsError) as told:
            reading(path)
        assert str(told.value) == words
