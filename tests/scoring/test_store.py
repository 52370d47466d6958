"""What is committed survives a crash; old files are migrated, strange ones named and left alone."""

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.core.values import CustomerRef
from kiosk.scoring.errors import StateError
from kiosk.scoring.formula import DAY_S, Fact, Severity, Standing
from kiosk.scoring.store import KEPT_S, MIGRATIONS, Asked, Record, Store

NOW_S = 1_800_000_000
CUSTOMER = CustomerRef("customer-1")
FACT = Fact("f1", "shop", "unpaid-exit", -30, Severity.MINOR, NOW_S, NOW_S, None, True)
ASKED = Asked("shop/door", "r1", CUSTOMER, b"question", b"answer", NOW_S)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "scores.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A fresh store."""
    with Store(path) as fresh:
        yield fresh


def test_nobody_is_known_at_first(store: Store) -> None:
    assert store.record(CUSTOMER) is None


def test_a_seed_makes_a_customer_known_and_the_last_one_counts(store: Store) -> None:
    store.seed(CUSTOMER, 720)
    store.seed(CUSTOMER, 540)
    assert store.record(CUSTOMER) == Record(540, ())


@pytest.mark.parametrize("points", [-1, 801])
def test_a_seed_outside_the_range_is_not_kept(store: Store, points: int) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.seed(CUSTOMER, points)


def test_a_fact_comes_back_as_it_was(store: Store) -> None:
    store.add(CUSTOMER, FACT)
    assert store.record(CUSTOMER) == Record(None, (FACT,))


def test_a_reason_that_a_kiosk_would_not_take_is_not_kept(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.add(CUSTOMER, Fact("f1", "shop", "You Stole", -30, Severity.MINOR, NOW_S))


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            Fact,
            id=st.sampled_from(["f1", "f2", "f3"]),
            reporter=st.text(st.characters(codec="utf-8"), max_size=5),
            code=st.from_regex(r"[a-z][a-z-]{0,39}", fullmatch=True),
            points=st.integers(-60, 60),
            severity=st.sampled_from(Severity),
            at_s=st.integers(0, 2**40),
            cosigned_s=st.none() | st.integers(0, 2**40),
            notified_s=st.none() | st.integers(0, 2**40),
            waived=st.booleans(),
            standing=st.sampled_from(Standing),
        )
    )
)
def test_of_each_fact_the_last_word_is_kept(facts: list[Fact]) -> None:
    with TemporaryDirectory() as directory, Store(Path(directory, "scores.db")) as store:
        with store.transaction():
            for fact in facts:
                store.add(CUSTOMER, fact)
        record = store.record(CUSTOMER)
    wanted = {fact.id: fact for fact in facts}
    assert record == (
        Record(None, tuple(wanted[name] for name in sorted(wanted))) if facts else None
    )


def test_p7_a_forgotten_customer_is_gone_from_the_file(store: Store, path: Path) -> None:
    store.seed(CUSTOMER, 720)
    store.add(CUSTOMER, FACT)
    store.remember(ASKED)
    store.forget(CUSTOMER)
    assert store.record(CUSTOMER) is None
    assert store.asked("shop/door", "r1") is None
    store.shrink()
    assert b"customer-1" not in b"".join(one.read_bytes() for one in path.parent.iterdir())


def test_a_nonce_belongs_to_its_first_asker(store: Store) -> None:
    assert store.asks_first("n1", "door-a", "entry", NOW_S)
    assert not store.asks_first("n1", "door-b", "entry", NOW_S)
    assert not store.asks_first("n1", "door-a", "rental:bike", NOW_S)
    assert store.asks_first("n1", "door-a", "entry", NOW_S)


def test_a_question_is_found_by_its_kiosk_and_id(store: Store) -> None:
    store.remember(ASKED)
    assert store.asked("shop/door", "r1") == ASKED
    assert store.asked("shop/other", "r1") is None
    assert store.times_asked(CUSTOMER, NOW_S - 60) == (1, NOW_S)
    assert store.times_asked(CUSTOMER, NOW_S) == (0, NOW_S)
    assert store.times_asked(CustomerRef("another"), NOW_S - 60) == (0, NOW_S - 60)


def test_questions_nonces_and_faded_facts_are_purged_in_time(store: Store) -> None:
    store.remember(ASKED)
    store.asks_first("n1", "door-a", "entry", NOW_S)
    store.add(CUSTOMER, FACT)
    store.purge(NOW_S + KEPT_S - 1)
    assert store.asked("shop/door", "r1") is not None
    assert not store.asks_first("n1", "door-b", "entry", NOW_S)
    store.purge(NOW_S + KEPT_S)
    assert store.asked("shop/door", "r1") is None
    assert store.asks_first("n1", "door-b", "entry", NOW_S + KEPT_S)
    assert store.record(CUSTOMER) == Record(None, (FACT,))
    store.purge(NOW_S + 90 * DAY_S)
    assert store.record(CUSTOMER) == Record(None, ()), "the customer stays known"


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail_inside() -> None:
        with store.transaction():
            store.seed(CUSTOMER, 720)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_inside()
    assert store.record(CUSTOMER) is None


class LateStore(Store):
    """The mutant: it says that it is done before it committed."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin and never commit."""
        self._db.execute("BEGIN IMMEDIATE")
        yield


def opens_twice(kind: type[Store], directory: Path) -> bool:
    """Say whether door-b is answered too, after door-a asked and the machine crashed."""
    directory.mkdir()
    with kind(directory / "scores.db") as store:
        with store.transaction():
            store.asks_first("n1", "door-a", "entry", NOW_S)
        image = shutil.copytree(directory, directory.with_suffix(".image"))
    with Store(image / "scores.db") as store:
        return store.asks_first("n1", "door-b", "entry", NOW_S)


def test_t1_a_nonce_stays_bound_across_a_crash_and_the_late_mutant_is_caught(
    tmp_path: Path,
) -> None:
    assert not opens_twice(Store, tmp_path / "ours")
    assert opens_twice(LateStore, tmp_path / "mutant")


def test_the_file_is_ours_only(store: Store, path: Path) -> None:
    store.seed(CUSTOMER, 1)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_older_file_is_brought_up_to_date_with_its_rows(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as old:
        for number, script in enumerate(MIGRATIONS[:version], start=1):
            old.executescript(f"{script} PRAGMA user_version = {number};")
        old.execute("INSERT INTO customers VALUES ('customer-1', 720)")
        old.commit()
    with Store(path) as store:
        assert store.record(CUSTOMER) == Record(720, ())
        assert store.asks_first("n1", "door-a", "entry", NOW_S)
    with Store(path) as again:
        assert again.record(CUSTOMER) == Record(720, ())


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        newer.commit()
    with pytest.raises(StateError, match="written by a newer kiosk") as caught:
        Store(path)
    assert "\n" not in str(caught.value)
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
        assert after.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_bytes(b"this is not a database, and long enough to be looked at" * 40)
    with pytest.raises(StateError, match="damaged"):
        Store(path)


def test_a_second_process_is_told_who_holds_the_file(store: Store, path: Path) -> None:
    assert store.record(CUSTOMER) is None
    with pytest.raises(StateError, match="in use by another process"):
        Store(path)


def test_a_place_that_is_not_ours_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="No such file"):
        Store(tmp_path / "missing" / "scores.db")
    with pytest.raises(StateError, match="is ours to write"):
        Store(tmp_path)
