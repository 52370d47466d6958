"""Bounces out, real changes in."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.debounce import Debouncer


def test_a_change_that_holds_is_told_once_with_the_time_it_began() -> None:
    debouncer = Debouncer(0.03, level=False)
    assert debouncer.edge(1.0, level=True) is None
    assert debouncer.due == 1.03
    assert (debouncer.settle(1.02), debouncer.level) == (None, False)
    assert (debouncer.settle(1.031), debouncer.level) == (1.0, True)
    assert debouncer.settle(9.0) is None
    assert debouncer.glitches == 0


def test_a_bounce_delays_the_change_to_the_last_edge() -> None:
    debouncer = Debouncer(0.03, level=False)
    for at, level in ((1.0, True), (1.004, False), (1.007, True), (1.012, False), (1.02, True)):
        assert debouncer.edge(at, level=level) is None
    assert debouncer.settle(1.049) is None
    assert debouncer.settle(1.051) == 1.02
    assert debouncer.glitches == 0


def test_a_press_shorter_than_the_debounce_is_one_glitch() -> None:
    debouncer = Debouncer(0.03, level=False)
    debouncer.edge(1.0, level=True)
    debouncer.edge(1.01, level=False)
    assert debouncer.settle(1.05) is None
    assert debouncer.glitches == 1
    assert not debouncer.level
    assert debouncer.due is None


def test_an_edge_long_after_a_pending_one_tells_the_first_change() -> None:
    debouncer = Debouncer(0.03, level=False)
    debouncer.edge(1.0, level=True)
    assert debouncer.edge(5.0, level=False) == 1.0
    assert debouncer.settle(5.1) == 5.0


def test_two_edges_to_one_level_mean_a_lost_one_and_the_wait_starts_again() -> None:
    debouncer = Debouncer(0.03, level=False)
    debouncer.edge(1.0, level=True)
    debouncer.edge(1.02, level=True)
    assert debouncer.settle(1.04) is None
    assert debouncer.settle(1.051) == 1.02


def test_an_edge_to_the_stable_level_alone_starts_nothing() -> None:
    debouncer = Debouncer(0.03, level=True)
    assert debouncer.edge(1.0, level=True) is None
    assert debouncer.due is None


def test_a_polled_level_heals_a_lost_edge() -> None:
    debouncer = Debouncer(0.03, level=False)
    assert debouncer.sample(1.0, level=True) is None
    assert debouncer.sample(2.0, level=True) == 1.0
    assert debouncer.sample(3.0, level=True) is None


@given(
    st.lists(st.tuples(st.floats(0.0001, 0.2), st.booleans()), max_size=60),
    st.floats(0.001, 0.1),
)
def test_changes_alternate_and_the_end_is_the_last_level(
    edges: list[tuple[float, bool]], stable_s: float
) -> None:
    debouncer = Debouncer(stable_s, level=False)
    now, told, last = 0.0, [], False
    for wait, level in edges:
        now += wait
        before = debouncer.level
        began = debouncer.edge(now, level=level)
        if began is not None:
            told.append(debouncer.level)
            assert debouncer.level != before
            assert now - began >= stable_s
        last = level
    if debouncer.settle(now + 1) is not None:
        told.append(debouncer.level)
    assert debouncer.level == last
    assert told == [at % 2 == 0 for at in range(len(told))]
