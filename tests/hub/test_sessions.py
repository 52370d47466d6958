"""Signing in: a token or a code that works once; sessions that end by themselves."""

import pytest

from kiosk.hub.sessions import CODE_S, IDLE_S, LONGEST_S, MAX_SESSIONS, Sessions


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def sessions(watch: Watch) -> Sessions:
    return Sessions("staff-token", watch)


def test_the_token_signs_in_as_often_as_it_is_shown(sessions: Sessions) -> None:
    first, second = sessions.sign_in("staff-token"), sessions.sign_in("staff-token")
    assert first
    assert second
    assert first != second, "a session is always a new one"
    assert sessions.knows(first)


@pytest.mark.parametrize("secret", ["", "staff-toke", "staff-token2", "STAFF-TOKEN", "ü", "\udcff"])
def test_nothing_else_signs_in(sessions: Sessions, secret: str) -> None:
    assert sessions.sign_in(secret) is None
    assert not sessions.knows(secret)


def test_a_code_signs_in_once(sessions: Sessions) -> None:
    code = sessions.new_code()
    assert sessions.sign_in(code)
    assert sessions.sign_in(code) is None


def test_a_new_code_voids_the_one_before(sessions: Sessions) -> None:
    old = sessions.new_code()
    new = sessions.new_code()
    assert sessions.sign_in(old) is None
    assert sessions.sign_in(new)


def test_a_code_grows_old(sessions: Sessions, watch: Watch) -> None:
    code = sessions.new_code()
    watch.now_s += CODE_S + 1
    assert sessions.sign_in(code) is None


def test_a_session_ends_when_it_is_left_alone(sessions: Sessions, watch: Watch) -> None:
    session = sessions.sign_in("staff-token") or ""
    for _ in range(3):
        watch.now_s += IDLE_S - 1
        assert sessions.knows(session)
    watch.now_s += IDLE_S + 1
    assert not sessions.knows(session)


def test_a_session_ends_after_half_a_day_whatever_is_done(sessions: Sessions, watch: Watch) -> None:
    session = sessions.sign_in("staff-token") or ""
    began = watch.now_s
    while watch.now_s - began + IDLE_S - 1 <= LONGEST_S:
        watch.now_s += IDLE_S - 1
        assert sessions.knows(session)
    watch.now_s = began + LONGEST_S + 1
    assert not sessions.knows(session)


def test_signing_out_ends_the_session_for_good(sessions: Sessions) -> None:
    session = sessions.sign_in("staff-token") or ""
    sessions.sign_out(session)
    sessions.sign_out(session)
    assert not sessions.knows(session)


def test_sessions_do_not_pile_up(sessions: Sessions, watch: Watch) -> None:
    first = sessions.sign_in("staff-token") or ""
    for _ in range(MAX_SESSIONS):
        watch.now_s += 1
        sessions.sign_in("staff-token")
    assert not sessions.knows(first)


def test_neither_token_nor_code_is_shown(sessions: Sessions) -> None:
    code = sessions.new_code()
    assert code not in repr(sessions._code)
