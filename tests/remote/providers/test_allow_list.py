"""The allow-list keeps what a person wrote, changes whole or not at all, and names its errors."""

import resource
import stat
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.values import CustomerRef
from kiosk.remote.errors import AllowListError
from kiosk.remote.providers.allow_list import MAX_BYTES, AllowList, Vouch, as_until, parse_until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN = Vouch(CustomerRef("customer-1"), NOON, "Ann")
BY_HAND = """# our regulars
[[vouched]]
by = "Bob"  # knows them
customer = "customer-7"
until = 2026-12-31
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the list is."""
    return tmp_path / "vouched.toml"


def test_a_missing_file_is_an_empty_list(path: Path) -> None:
    assert AllowList(path).read() == ()


def test_an_added_entry_is_read_back_from_a_private_file(path: Path) -> None:
    AllowList(path).add(ANN)
    assert AllowList(path).read() == (ANN,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("# Who may come in")


def test_comments_and_entries_of_a_person_survive_an_edit(path: Path) -> None:
    path.write_text(BY_HAND)
    path.chmod(0o640)
    AllowList(path).add(ANN)
    assert path.read_text().startswith(BY_HAND)
    assert [one.customer for one in AllowList(path).read()] == ["customer-7", "customer-1"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_second_word_replaces_the_first(path: Path) -> None:
    later = Vouch(ANN.customer, NOON + timedelta(days=1), "Bob")
    AllowList(path).add(ANN)
    AllowList(path).add(later)
    assert AllowList(path).read() == (later,)


def test_removing_says_whether_somebody_was_there(path: Path) -> None:
    AllowList(path).add(ANN)
    assert AllowList(path).remove(ANN.customer)
    assert not AllowList(path).remove(ANN.customer)
    assert AllowList(path).read() == ()
    AllowList(path).add(ANN)
    assert AllowList(path).read() == (ANN,)


def test_a_day_counts_to_its_end(path: Path) -> None:
    path.write_text(BY_HAND)
    (bob,) = AllowList(path).read()
    end_s = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
    assert bob.holds(end_s - 1)
    assert not bob.holds(end_s)


BROKEN = {
    "not TOML": ("[[vouched]", "is not TOML"),
    "unknown table": ("[people]\n", "people: unknown"),
    "no list": ("vouched = 1\n", "vouched: must be written [[vouched]]"),
    "no entry": ("vouched = [1]\n", "vouched[0]: must hold"),
    "missing key": ('[[vouched]]\ncustomer = "a"\n', "vouched[0]: must hold"),
    "customer": (BY_HAND.replace("customer-7", "Ms. Smith"), "vouched[0].customer"),
    "by": (BY_HAND.replace('"Bob"', '""'), "vouched[0].by"),
    "until without offset": (BY_HAND.replace("-31", "-31T12:00:00"), "vouched[0].until"),
    "until a number": (BY_HAND.replace("2026-12-31", "5"), "vouched[0].until"),
    "the end of time": (BY_HAND.replace("2026-12-31", "9999-12-31"), "vouched[0].until"),
    "deep": ("a = " + "[" * 20_000, "is not TOML"),
    "a number too long": ("a = " + "9" * 5000, "is not TOML"),
    "too large": ("#" * (MAX_BYTES + 1), "is larger than"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_named_and_left_alone(path: Path, text: str, says: str) -> None:
    path.write_text(text)
    for act in (
        AllowList(path).read,
        lambda: AllowList(path).add(ANN),
        lambda: AllowList(path).remove(ANN.customer),
    ):
        with pytest.raises(AllowListError) as caught:
            act()
        assert str(caught.value).startswith(f"{path}: {says}")
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2
    assert path.read_text() == text
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_text_that_is_not_utf_8_is_named(path: Path) -> None:
    path.write_bytes(b"\xff")
    with pytest.raises(AllowListError, match="UTF-8"):
        AllowList(path).read()


def test_inline_entries_are_read_but_not_edited(path: Path) -> None:
    path.write_text('vouched = [{customer = "a", until = 2026-12-31, by = "B"}]\n')
    assert [one.customer for one in AllowList(path).read()] == ["a"]
    with pytest.raises(AllowListError, match="of its own"):
        AllowList(path).add(ANN)


@pytest.mark.parametrize(
    "vouch", [Vouch(CustomerRef("Ms. Smith"), NOON, "Ann"), Vouch(ANN.customer, NOON, "A\nB")]
)
def test_an_entry_that_breaks_the_rules_is_not_added(path: Path, vouch: Vouch) -> None:
    AllowList(path).add(ANN)
    before = path.read_text()
    with pytest.raises(AllowListError):
        AllowList(path).add(vouch)
    assert path.read_text() == before


def test_a_missing_directory_is_named(path: Path) -> None:
    with pytest.raises(AllowListError, match="make its directory first"):
        AllowList(path / "deeper").add(ANN)


def test_a_file_that_cannot_be_replaced_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(AllowListError, match="cannot be read"):
        AllowList(path).add(ANN)


def test_a_full_disk_changes_nothing_and_leaves_nothing(path: Path) -> None:
    AllowList(path).add(ANN)
    before = path.read_text()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        with pytest.raises(AllowListError, match="cannot be written"):
            AllowList(path).add(Vouch(CustomerRef("customer-2"), NOON, "Ann"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


def test_two_editors_at_once_lose_nothing(path: Path) -> None:
    def add(name: str) -> None:
        AllowList(path).add(Vouch(CustomerRef(name), NOON, "Ann"))

    editors = [threading.Thread(target=add, args=(f"customer-{at}",)) for at in range(12)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert len(AllowList(path).read()) == 12
    assert list(path.parent.iterdir()) == [path]


def test_a_time_needs_its_offset() -> None:
    assert as_until(datetime(2026, 1, 1)) is None  # noqa: DTZ001 - the case in question
    assert as_until("2026-01-01") is None


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-12-31", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T18:00:00Z", datetime(2026, 12, 31, 18, tzinfo=UTC)),
        ("2026-12-31T18:00+02:00", datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ("2026-12-31T18:00:00", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_a_typed_end_is_a_day_or_a_time_with_its_offset(text: str, until: datetime | None) -> None:
    assert parse_until(text) == until


@given(st.dates(max_value=date(9999, 12, 30)))
def test_any_day_ends_where_the_next_begins(day: date) -> None:
    until = as_until(day)
    assert until is not None
    assert (until - timedelta(seconds=1)).date() == day


zones = st.timezones() | st.builds(lambda h: timezone(timedelta(hours=h)), st.integers(-12, 14))


@given(st.datetimes(min_value=datetime(1970, 1, 2), timezones=zones))  # noqa: DTZ001 - the bound has none
def test_any_time_with_an_offset_is_taken_as_it_is(moment: datetime) -> None:
    assert as_until(moment) == moment
    assert Vouch(ANN.customer, moment, "A").holds(int(moment.timestamp()) - 1)
