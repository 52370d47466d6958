"""Reading a document field by field names the first wrong one and what to do about it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.document import DocumentError, kind, nearest, read, unique
from kiosk.core.values import CoreError

WORD = re.compile(r"[a-z]+")


def test_every_kind_of_field_arrives() -> None:
    fields = read({"n": 3, "on": True, "word": "abc", "list": [1], "way": "a"}, "doc")
    assert fields.integer("n", 0) == 3
    assert fields.flag("on")
    assert fields.text("word", WORD, "a word") == "abc"
    assert list(fields.plain("list")) == [1]
    assert fields.choice("way", ("a", "b")) == "a"
    fields.end()


def test_defaults_stand_in_for_what_is_missing_and_need_not_fit_the_pattern() -> None:
    fields = read({}, "doc")
    assert fields.integer("n", 0, 9, default=4) == 4
    assert not fields.flag("on", default=False)
    assert fields.text("word", WORD, "a word", default="") == ""
    assert fields.optional_integer("limit", 1) is None
    assert fields.section("part").values == {}
    fields.end()


def test_a_null_is_no_limit_and_not_a_missing_field() -> None:
    fields = read({"limit": None}, "doc")
    assert fields.optional_integer("limit", 1) is None
    fields.end()


def test_paths_grow_with_sections_and_lists() -> None:
    fields = read({"part": {"list": [{"n": 1}, {"n": "x"}]}}, "doc")
    with pytest.raises(DocumentError) as caught:
        fields.section("part").many("list", lambda one: one.integer("n", 0))
    assert caught.value.path == "doc.part.list[1].n"
    assert isinstance(caught.value, CoreError)
    assert caught.value.exit_code == 2


def test_what_nobody_asked_for_is_refused_with_the_nearest_name() -> None:
    fields = read({"prise": 1}, "doc")
    fields.integer("price", 0, default=1)
    with pytest.raises(DocumentError, match=r"^doc\.prise: unknown field; did you mean price\?$"):
        fields.end()


@given(st.text())
def test_a_strange_name_is_shown_in_one_short_line_of_ascii(name: str) -> None:
    fields = read({name: 1}, "doc")
    with pytest.raises(DocumentError) as caught:
        fields.end()
    message = str(caught.value)
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 100


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "null"),
        (True, "true or false"),
        (3, "a number"),
        (0.5, "a fraction"),
        ("x", "text"),
        ({}, "an object"),
        ([], "a list"),
        ((), "a list"),
    ],
)
def test_types_have_words(value: object, word: str) -> None:
    assert kind(value) == word


def test_a_second_one_is_named_by_its_place() -> None:
    unique(["a", "b"], "doc.list", "id")
    with pytest.raises(DocumentError, match=r"^doc\.list\[2\]: id 'a' is there twice$"):
        unique(["a", "b", "a"], "doc.list", "id")


def test_where_faults_are_kept_reading_goes_on_with_values_that_fit() -> None:
    faults: list[DocumentError] = []
    fields = read({"n": "x", "on": 1, "word": "ABC", "way": "z", "part": 3, "rows": 5}, "d", faults)
    assert fields.integer("n", 2) == 2
    assert not fields.flag("on")
    assert fields.text("word", WORD, "a word") == ""
    assert fields.choice("way", ("a", "b")) == "a"
    assert fields.section("part").values == {}
    assert fields.many("rows", lambda one: one.integer("n", 0)) == ()
    assert fields.plain("list") == ()
    fields.end()
    assert [each.path for each in faults] == [
        *("d.n", "d.on", "d.word", "d.way", "d.part", "d.rows", "d.list")
    ]
    assert faults[-1].problem == "is missing"


def test_a_row_that_is_none_leaves_no_rows_and_the_others_are_not_counted_wrongly() -> None:
    faults: list[DocumentError] = []
    fields = read({"rows": [3, {"n": "x"}]}, "d", faults)
    assert fields.many("rows", lambda one: one.integer("n", 0)) == ()
    assert [each.path for each in faults] == ["d.rows[0]"]


def test_what_is_misspelt_is_not_missing_as_well() -> None:
    faults: list[DocumentError] = []
    fields = read({"prise": 1, "zzz": 2}, "d", faults)
    fields.integer("price", 0)
    fields.integer("size", 0)
    fields.end()
    assert [str(each) for each in faults] == [
        "d.size: is missing",
        "d.prise: unknown field; did you mean price?",
        "d.zzz: unknown field; remove it, or move it",
    ]


def test_a_field_is_sound_until_a_fault_of_it_or_below_it_is_kept() -> None:
    fields = read({"n": "x", "rows": [{"n": "x"}], "row": 1}, "d", [])
    assert fields.sound("n", "rows")
    fields.integer("n", 0)
    fields.many("rows", lambda one: one.integer("n", 0))
    assert [fields.sound(name) for name in ("n", "rows", "rows[0].n", "row")] == [
        *(False, False, False, True)
    ]
    assert read({}, "d").sound("n"), "where the first fault is raised all before it was right"


def test_only_faults_of_the_document_are_kept() -> None:
    fields = read({}, "d", [])
    with pytest.raises(ZeroDivisionError), fields:
        raise ZeroDivisionError


def test_the_nearest_word_is_found_or_none() -> None:
    assert nearest("standart", ["standard", "gold"]) == "standard"
    assert nearest("zzz", ["standard"]) == ""
    assert nearest("x" * 100_000, ["standard"]) == ""
