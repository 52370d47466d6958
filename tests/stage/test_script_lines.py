"""The line of a key is found in every way of writing TOML that scripts use."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.stage.script_lines import Lines

TEXT = """currency = "EUR"
[policy]  # rules
threshold = 600

[[step]]
do = "show_qr"
[[ step ]]
"do" = "exit"
  'after_s' = 1
[[expect]]
customer = "ada"
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("", 0, "currency"), 1),
        (("policy", 0, "threshold"), 3),
        (("policy", 0, "grace_h"), 2),
        (("step", 0, "do"), 6),
        (("step", 0, "after_s"), 5),
        (("step", 1, "do"), 8),
        (("step", 1, "after_s"), 9),
        (("expect", 0, "customer"), 11),
        (("step", 2, "do"), 5),
        (("", 0, "nothing"), 1),
        (("", 0, "policy"), 2),
    ],
)
def test_a_key_is_found_or_else_its_table(place: tuple[str, int, str], line: int) -> None:
    assert Lines(TEXT).of(*place) == line


def test_tables_written_inline_are_found_at_their_key() -> None:
    lines = Lines('\nstep = [{do = "a"}, {do = "b"}]\npolicy.threshold = 5\n')
    assert lines.of("step", 1, "do") == 2
    assert lines.of("policy", 0, "threshold") == 3


@given(st.text(max_size=200), st.text(max_size=5), st.integers(0, 3))
def test_any_text_has_lines(text: str, key: str, index: int) -> None:
    assert 1 <= Lines(text).of("step", index, key) <= text.count("\n") + 1


def test_a_long_script_is_read_once_not_once_for_each_of_its_steps() -> None:
    lines = Lines('[[step]]\ndo = "wait"\n' * 50_000)
    began = time.monotonic()
    assert [lines.of("step", at, "do") for at in range(0, 50_000, 10)][-1] == 99_982
    assert time.monotonic() - began < 5
