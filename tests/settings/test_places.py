"""Every key of a TOML file is found at its line, and every syntax error at line and column."""

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.settings.places import Document, Key, SyntaxFaultError, dotted, key_of, parse

TEXT = '''\
# [not] = a table
top = 1

[a]
x = "# [b]"   # [c]
y = """
[d]
z = 1
\\""" still text
"""
list = [
  "q",
  [1, 2],
  { k = 3 },
]
after = 2
inline = { p = 1, q = { r = 2 } }
"quoted" = 1
dotted.key = 4

[[many]]
n = 1
[many.inner]
m = 1

[[many]]
n = 2
literal = \'\'\'
[e]
\'\'\'
last = 1
[ spaced . out ]
w = 1
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("top",), 2),
        (("a",), 4),
        (("a", "x"), 5),
        (("a", "y"), 6),
        (("a", "list"), 11),
        (("a", "after"), 16),
        (("a", "inline"), 17),
        (("a", "inline", "q", "r"), 17),
        (("a", "quoted"), 4),
        (("a", "dotted", "key"), 19),
        (("many", 0), 21),
        (("many", 0, "n"), 22),
        (("many", 1), 26),
        (("many", 1, "n"), 27),
        (("many", 1, "last"), 31),
        (("many", 1, "missing"), 26),
        (("spaced", "out"), 32),
        (("spaced", "out", "w"), 33),
        (("b",), None),
        (("d",), None),
        (("e",), None),
        (("nowhere", "at", "all"), None),
        ((), None),
    ],
)
def test_a_key_is_found_where_it_stands(key: Key, line: int | None) -> None:
    assert parse(TEXT).line(key) == line


def test_the_values_are_those_of_toml() -> None:
    assert parse(TEXT).values == tomllib.loads(TEXT)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = ", 1, 5),
        ("a = 1\nb = \n", 2, 5),
        ("a = 1\na = 2\n", 2, 6),
        ("[x]\n[x]\n", 2, 3),
        ('a = "x\n', 1, 5),
        ("a = [1,\n2", 2, 2),
        ('a = """x\ny', 1, 7),
        ("a = 1 b = 2", 1, 7),
        ("a = 1\n\x00", 2, 1),
        ("= 1", 1, 1),
    ],
)
def test_a_syntax_error_is_told_by_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(SyntaxFaultError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "(at " not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("opening", ["a = " + "[" * 100_000, "a = " + "{b=" * 50_000])
def test_deep_nesting_is_a_syntax_error(opening: str) -> None:
    with pytest.raises(SyntaxFaultError):
        parse(opening)


@given(st.text(alphabet=st.sampled_from("[]{}\"'#=.\n ab1,\\"), max_size=60))
def test_no_text_fails_in_another_way(text: str) -> None:
    lines = range(1, text.count("\n") + 2)
    try:
        found = list(parse(text).lines.values())
    except SyntaxFaultError as error:
        found = [error.line]
    assert all(line in lines for line in found)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,4}", fullmatch=True),
        st.dictionaries(
            st.from_regex(r"[a-z]{1,4}", fullmatch=True),
            st.sampled_from(
                ["1", '"a # [b]"', "[\n1,\n2]", '"""\n[q]\n"""', "{ c = 1 }", "'x = 1'"]
            ),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_every_plainly_written_key_has_its_own_line(tables: dict[str, dict[str, str]]) -> None:
    lines: list[str] = []
    wanted: dict[Key, int] = {}
    for table, entries in tables.items():
        wanted[table,] = len(lines) + 1
        lines.append(f"[{table}]")
        for key, value in entries.items():
            wanted[table, key] = len(lines) + 1
            lines += f"{key} = {value}".split("\n")
    document = parse("\n".join(lines))
    assert {key: document.line(key) for key in wanted} == wanted
    assert set(_paths(document.values)) >= wanted.keys()


def _paths(values: object, above: Key = ()) -> Iterator[Key]:
    if isinstance(values, dict):
        for name, value in values.items():
            yield (*above, name)
            yield from _paths(value, (*above, name))


@pytest.mark.parametrize(
    ("key", "text"),
    [(("a",), "a"), (("a", "b"), "a.b"), (("a", 0, "b"), "a[0].b"), (("a", 1), "a[1]"), ((), "")],
)
def test_keys_are_written_as_people_write_them(key: Key, text: str) -> None:
    assert dotted(key) == text


def test_a_document_without_lines_knows_none() -> None:
    assert Document({"a": 1}, {}).line(("a",)) is None


@given(st.lists(st.from_regex(r"[a-z_]{1,5}", fullmatch=True) | st.integers(0, 99), min_size=1))
def test_a_key_is_read_back_as_it_is_written(words: list[str | int]) -> None:
    key = ("first", *words)
    assert key_of(dotted(key)) == key


def test_a_number_without_end_is_named_by_its_line() -> None:
    with pytest.raises(SyntaxFaultError, match="a number without end") as raised:
        parse(f"a = 1\nb = {'9' * 5000}\n")
    assert (raised.value.line, raised.value.column) == (2, 1)
