"""Scripts are read whole: every key is understood, every mistake is named at its line, at once."""

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.settings import SettingsError
from kiosk.settings.files import read
from kiosk.stage import script as scripts
from kiosk.stage.demo import shipped_script
from kiosk.stage.errors import ScriptError
from kiosk.stage.plot import POLICY, Customer, Script
from kiosk.stage.script import STEPS, load
from tests.stage.scripts import HEAD, MIX, write

SHOW = '[[step]]\ndo = "show_qr"\ncustomer = "ada"\n'
VALUES: dict[str, object] = {
    "age_s": 600,
    "inverted": True,
    "text": "hello",
    "fob": "0a1B2c3D4e",
    "way": "voucher",
    "state": "open",
    "epcs": [MIX],
    "amount_minor": 599,
    "device": "hub",
    "for_s": 2.5,
}
READ: dict[str, object] = {"fob": "0A1B2C3D4E", "epcs": (MIX,)}
"""What is read differs from what is written."""


def test_the_configuration_of_a_kiosk_is_no_script(tmp_path: Path) -> None:
    path = write(tmp_path, '[kiosk]\nname = "door-1"\n')
    with pytest.raises(ScriptError, match="this is the configuration of a kiosk, for kiosk run"):
        load(path)


def mistakes(directory: Path, text: str) -> list[str]:
    """Return what is wrong with a script, without its path."""
    path = write(directory, text)
    with pytest.raises(ScriptError) as raised:
        load(path)
    assert raised.value.exit_code == 2
    return [each.removeprefix(f"{path}:") for each in raised.value.mistakes]


def tried(path: Path) -> tuple[str, ...]:
    """Return what is wrong with a script, nothing when it is good."""
    try:
        load(path)
    except ScriptError as error:
        return error.mistakes
    return ()


def loaded(directory: Path, text: str) -> Script:
    return load(write(directory, text))


def test_the_defaults_are_those_of_the_design(tmp_path: Path) -> None:
    empty = loaded(tmp_path, "")
    assert empty.currency == "EUR"
    assert (
        empty.policy
        == POLICY
        == {
            "threshold": 600,
            "deposit_minor": 2000,
            "grace_h": 24,
            "max_inside": 1,
        }
    )
    assert [empty.items, empty.customers, empty.steps, empty.expects] == [()] * 4


def test_the_example_of_the_design_is_read_as_it_is_written(tmp_path: Path) -> None:
    day = loaded(
        tmp_path,
        HEAD + '[[step]]\ndo = "show_qr"\ncustomer = "ada"\nafter_s = 0.5\n'
        '[[expect]]\ncustomer = "ada"\nvisit = 1\noutcome = "paid"\n',
    )
    assert day.customers == (Customer("ada", 720), Customer("ben", None))
    assert day.steps[0].do == "show_qr"
    assert day.steps[0].after_s == 0.5
    assert day.steps[0].line == 12
    assert day.expects[0].values == {"outcome": "paid"}


@pytest.mark.parametrize("do", STEPS)
def test_every_step_takes_its_own_keys_and_no_other(tmp_path: Path, do: str) -> None:
    keys = STEPS[do]
    for own in [keys.own] if not keys.one_of else [(key,) for key in keys.one_of]:
        given_keys = {"do": do, "customer": "ada", "after_s": 1, **{k: VALUES[k] for k in own}}
        text = HEAD + SHOW + tomlkit.dumps({"step": [given_keys]}).replace("[[step]]", "\n[[step]]")
        step = loaded(tmp_path, text).steps[-1]
        assert step.do == do
        for key in own:
            assert getattr(step, key) == READ.get(key, VALUES[key])
    for other in sorted(set(VALUES) - set(keys.own)):
        text = HEAD + SHOW + tomlkit.dumps({"step": [{"do": do, other: VALUES[other]}]})
        assert any(f"step.{other}: unknown key" in each for each in mistakes(tmp_path, text))


@pytest.mark.parametrize("do", [do for do, keys in STEPS.items() if keys.needs])
def test_what_a_step_needs_is_asked_for(tmp_path: Path, do: str) -> None:
    found = mistakes(tmp_path, f'{HEAD}{SHOW}[[step]]\ndo = "{do}"\n')
    assert [each.split(":")[1].strip() for each in found] == [
        f"step.{key}" for key in STEPS[do].needs
    ]
    assert "is missing; give" in found[0]


def test_the_customer_is_the_last_one_named(tmp_path: Path) -> None:
    text = HEAD + "".join(
        f"[[step]]\n{keys}\n"
        for keys in (
            'do = "show_qr"',
            'do = "show_qr"\ncustomer = "ben"',
            'do = "exit"',
            f'do = "exit"\nepcs = ["{MIX}"]',
            'do = "exit"\nepcs = []',
            'do = "show_qr"',
            f'do = "exit"\ncustomer = "ada"\nepcs = ["{MIX.lower()}"]',
        )
    )
    steps = loaded(tmp_path, text).steps
    assert [step.customer for step in steps] == ["ada", "ben", "ben", "", "", "ben", "ada"]
    assert steps[-1].epcs == (MIX,)


def test_an_empty_expectation_means_none(tmp_path: Path) -> None:
    day = loaded(
        tmp_path,
        f'{HEAD}[[expect]]\ncustomer = "ada"\noutcome = ""\nway = ""\nunpaid_minor = 0\n',
    )
    assert day.expects[0].visit == 1
    assert day.expects[0].values == {"outcome": None, "way": None, "unpaid_minor": 0}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('curency = "EUR"', 1, "curency: unknown key; did you mean 'currency'?"),
        ('currency = "euro"', 1, "currency: 'euro' is not an ISO 4217 code such as EUR"),
        ("currency = 978", 1, "currency: 978 is not an ISO 4217 code such as EUR"),
        ("policy = 5", 1, "policy: is not a table: write [policy]"),
        ("[policy]\n\nthreshold = 801", 3, "policy.threshold: 801 is not a whole number from 0"),
        ("[policy]\nmax_inside = 0", 2, "policy.max_inside: 0 is not a whole number from 1"),
        ("[policy]\ngrace_h = true", 2, "policy.grace_h: True is not a whole number"),
        ("[policy]\ngrace = 1", 2, "policy.grace: unknown key; did you mean 'grace_h'?"),
        ("item = 3", 1, "item: is not a list of tables: write [[item]]"),
        ("[step]\ndo = 'wait'", 1, "step: is not a list of tables: write [[step]]"),
        ("step = [{do = 'sit'}]", 1, "step.do: 'sit' is not known; known: show_qr, "),
        ("step = [{do = 'rent', box = 4}]", 1, "step.do: 'rent' is not built yet; known: "),
        ("[[step]]\ndo = 'return'", 2, "step.do: 'return' is not built yet; known: show_qr, "),
        (
            f"{HEAD}{SHOW}[[step]]\ndo = 'choose'\nway = 'deposit'",
            16,
            "step.way: 'deposit' is not built yet; known: voucher, vouched, leave, group",
        ),
        ("[[item]]\ngtin = '00614141123453'\nname = 'a'\nprice_minor = 1", 2, "a check digit"),
        ("[[item]]\ngtin = '614141123452'\nname = 'a'\nprice_minor = 1", 2, "is not a GTIN-14"),
        ("[[item]]\ngtin = '00614141123452'\nname = ''\nprice_minor = 1", 3, "1 to 80 printable"),
        ("[[item]]\ngtin = '00614141123452'\nname = 'a'", 1, "item.price_minor: is missing; give"),
        ("[[customer]]\nscore = 1", 1, "customer.id: is missing; give 1 to 64 letters"),
        ("[[customer]]\nid = 'a b'", 2, "customer.id: 'a b' is not 1 to 64 letters"),
        ("[[customer]]\nid = '..'", 2, "customer.id: '..' is not 1 to 64 letters"),
        ("[[customer]]\nid = 'a'\nscore = -1", 3, "customer.score: -1 is not a whole number"),
        ("[[customer]]\nid = 'a'\n[[customer]]\nid = 'a'", 4, "'a' is there already"),
        ("[[step]]\nafter_s = 1", 1, "step.do: is missing; give one of show_qr, "),
        ("[[step]]\ndo = 5", 2, "step.do: 5 is not known; known: "),
        ("[[step]]\ndo = 'show_qr'", 1, "there is nobody to do it; add a [[customer]]"),
        ("[[step]]\ndo = 'wait'\nfor_s = -1", 3, "step.for_s: -1 is not seconds, zero or more"),
        ("[[step]]\ndo = 'wait'\nfor_s = nan", 3, "step.for_s: nan is not seconds"),
        ("[[step]]\ndo = 'wait'\nfor_s = true", 3, "step.for_s: True is not seconds"),
        ("[[step]]\ndo = 'exit'\nepcs = 'A'", 3, "step.epcs: 'A' is not a list of EPCs"),
        ("[[step]]\ndo = 'exit'\nepcs = ['0000']", 3, "step.epcs: ['0000'] is not a list"),
        ("[[step]]\ndo = 'exit'\nepcs = [5]", 3, "step.epcs: [5] is not a list"),
        (f"[[step]]\ndo = 'exit'\nepcs = ['{'AB' * 64}']", 3, "is not a list of EPCs in hex"),
        ("[[step]]\ndo = 'door'\nstate = 'opne'", 3, "did you mean 'open'?"),
        ("[[step]]\ndo = 'show_text'\ntext = ''", 3, "a text of 1 to 500 bytes, in quotes"),
        ("[[expect]]\noutcome = 'paid'", 1, "expect.customer: is missing; give one of none"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_at_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    found = mistakes(tmp_path, text)
    assert any(each.startswith(f"{line}: ") and what in each for each in found), found
    assert all("\n" not in each for each in found)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('[[step]]\ndo = "show_qr"\ncustomer = "adda"', 13, "did you mean 'ada'?"),
        ('[[step]]\ndo = "show_qr"\ninverted = 1', 13, "step.inverted: 1 is not true or false"),
        ('[[step]]\ndo = "replay_qr"', 12, "ada has shown no code before; begin with show_qr"),
        ('[[step]]\ndo = "choose"\nway = "leave"', 12, "ada has shown no code before"),
        ('[[step]]\ndo = "pay"\namount_minor = 5', 12, "ada has shown no code before"),
        (f'{SHOW}[[step]]\ndo = "pay"', 15, "give either epcs or amount_minor"),
        (
            f'{SHOW}[[step]]\ndo = "pay"\namount_minor = 5\nepcs = ["{MIX}"]',
            15,
            "give either epcs or amount_minor",
        ),
        (f'{SHOW}[[step]]\ndo = "pay"\namount_minor = 0', 16, "is not a whole number from 1"),
        (f'{SHOW}[[step]]\ndo = "take"\nepcs = []', 16, "step.epcs: is missing; give a list"),
        ('[[step]]\ndo = "show_fob"\nfob = "0000000000"', 13, "is not 10 hex digits"),
        ('[[expect]]\ncustomer = "ada"\nvisit = 0', 13, "expect.visit: 0 is not a whole number"),
        ('[[expect]]\ncustomer = "ada"\noutcome = 5', 13, "expect.outcome: 5 is not known; known:"),
        ('[[expect]]\ncustomer = "ada"\nunpaid_minor = "5"', 13, "unpaid_minor: '5' is not a"),
        ('[[item]]\ngtin = "00614141123452"\nname = "b"\nprice_minor = 1', 12, "there already"),
    ],
)  # fmt: skip
def test_a_mistake_among_good_things_is_named_at_its_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    found = mistakes(tmp_path, HEAD + text)
    assert len(found) == 1, found
    assert found[0].startswith(f"{line}: ")
    assert what in found[0]


def test_all_mistakes_are_said_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        'currency = "euro"\n[[customer]]\nid = ""\n[[step]]\ndo = "shwo_qr"\n'
        '[[step]]\ndo = "door"\nstate = "ajar"\nfor_s = 1\n[[stepp]]\n',
    )
    assert [int(each.split(":")[0]) for each in found] == [1, 3, 5, 8, 9, 10]


def test_of_very_many_mistakes_the_first_hundred_are_shown(tmp_path: Path) -> None:
    found = mistakes(tmp_path, '[[step]]\ndo = "sit"\n' * 2_000)
    assert len(found) == 101
    assert found[-1].endswith("and 1900 more")


def test_a_value_that_is_long_or_endless_is_not_repeated_whole(tmp_path: Path) -> None:
    text = f'currency = "{"x" * 5000}"\n[policy]\nthreshold = 0x{"f" * 9000}\n'
    found = mistakes(tmp_path, text)
    assert all(len(each) < 200 for each in found)
    assert "a number without end" in found[1]


def test_a_key_that_is_not_printable_breaks_no_line(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, '"a\\nb\\u2028" = 1')
    assert found.startswith("1: a?b?: unknown key; known: currency, ")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a\0b = 1", "day.toml:1:2: not TOML"),
        (b"\n\nsteps = =\n", "day.toml:3:9: not TOML"),
        (b"a = 1\nb = \xff\n", "day.toml:2: not UTF-8 text; save the script as UTF-8"),
        (b"a = " + b"[" * 5000, "day.toml:1:1: not TOML: nested too deeply"),
        (b"a = 1\nb = " + b"9" * 5000, "day.toml:2:1: not TOML: a number without end"),
        (b"# \xc3\xa9" * 500_000, "day.toml: larger than 1 MiB; a script is a page or two"),
        (b"#" * (2 << 20), "day.toml: larger than 1 MiB; a script is a page or two"),
    ],
    ids=["nul", "toml", "latin1", "deep", "number", "letters", "bytes"],
)  # fmt: skip
def test_what_is_no_script_is_one_line(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "day.toml"
    path.write_bytes(data)
    with pytest.raises(ScriptError) as raised:
        load(path)
    (line,) = raised.value.mistakes
    assert what in line
    assert len(line) < 300
    assert "\n" not in line


@pytest.mark.parametrize("name", ["nothing.toml", ".", "a\0b", "/dev/zero"])
def test_a_file_that_is_not_there_or_no_file_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScriptError) as raised:
        load(tmp_path / name)
    assert len(raised.value.mistakes) == 1
    assert "a script" in raised.value.mistakes[0]


def test_the_shipped_days_are_without_mistake() -> None:
    assert load(shipped_script()).steps


def test_every_limit_and_word_is_used_by_the_parser() -> None:
    source = Path(scripts.__file__).read_text(encoding="utf-8")
    for key in scripts.LIMITS:
        assert f'LIMITS["{key}"]' in source or key in POLICY or key in scripts.EXPECTED


CHECKS = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from([*STEPS, "ada", "ben", MIX, "open", "voucher", "hub", "leave"]),
    st.lists(st.sampled_from([MIX, "00", "xyz", ""]), max_size=3),
)
NAMES = st.sampled_from(
    [*VALUES, "do", "customer", "after_s", "id", "score", "gtin", "name", "price_minor", "outcome"]
)
TABLE = st.dictionaries(st.one_of(NAMES, st.text(min_size=1, max_size=5)), SCALARS, max_size=5)


@settings(suppress_health_check=CHECKS, max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from([*scripts.TABLES, "other"]),
        st.one_of(SCALARS, TABLE, st.lists(TABLE, max_size=4)),
        max_size=6,
    )
)
def test_no_script_whatever_brings_a_traceback(tmp_path: Path, values: dict[str, Any]) -> None:
    path = tmp_path / "day.toml"
    path.write_bytes(tomlkit.dumps(values).encode("utf-8", "surrogatepass"))
    assert all("\n" not in line for line in tried(path))


@settings(suppress_health_check=CHECKS, max_examples=150)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 60))
def test_no_damage_to_a_script_brings_a_traceback(
    tmp_path: Path, junk: bytes, at: int, cut: int
) -> None:
    good = (HEAD + SHOW).encode()
    path = tmp_path / "day.toml"
    path.write_bytes(good[:at] + junk + good[at + cut :])
    assert all(line.startswith(str(path)) and "\n" not in line for line in tried(path))


@pytest.mark.parametrize(
    ("key", "word", "meant"),
    [("outcome", "payed", "paid"), ("decision", "grantd", "granted"), ("way", "scor", "score")],
)
def test_a_word_that_no_visit_can_have_is_not_expected(
    tmp_path: Path, key: str, word: str, meant: str
) -> None:
    found = mistakes(tmp_path, f'{HEAD}[[expect]]\ncustomer = "ada"\n{key} = "{word}"\n')
    assert len(found) == 1
    assert f"expect.{key}: '{word}' is not known; did you mean '{meant}'?" in found[0]


@pytest.mark.parametrize(
    "text", ['a = "x', "a = 1\na = 2", "x = [1,\n2", "[a\nb = 1", "a = =", "["]
)
def test_a_broken_file_is_told_at_the_same_place_as_config_check_tells(
    tmp_path: Path, text: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ScriptError) as play:
        load(path)
    with pytest.raises(SettingsError) as check:
        read(path)
    assert play.value.mistakes == check.value.lines
