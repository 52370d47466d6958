"""The inbox: bounded, and what it drops it says."""

import threading

import pytest

from kiosk.core.inputs import DoorOpened, InboxOverflowed, StaffLocked
from kiosk.core.values import Moment
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.messages import Happened, Message, Stop, Uploaded

NOW = Moment(1000, 1000)


def test_messages_come_out_in_the_order_they_went_in() -> None:
    inbox = Inbox()
    assert inbox.put(Uploaded(1))
    assert inbox.put(Uploaded(2))
    assert inbox.take(0, NOW) == Uploaded(1)
    assert inbox.take(0, NOW) == Uploaded(2)
    assert inbox.take(0, NOW) is None


def test_overflow_is_an_input_and_comes_before_everything_that_waits() -> None:
    inbox = Inbox(capacity=1)
    assert inbox.put(Uploaded(1))
    assert not inbox.put(Uploaded(2))
    assert not inbox.put(Uploaded(3))
    assert inbox.take(0, NOW) == Happened(InboxOverflowed(NOW, 2))
    assert inbox.take(0, NOW) == Uploaded(1)
    assert inbox.take(0, NOW) is None


def test_p2_a_flood_without_end_keeps_no_door_waiting() -> None:
    assert waits_in_a_flood(Inbox(capacity=1)) == 1


def test_the_harness_catches_a_report_of_the_flood_that_drowns_what_waits() -> None:
    assert waits_in_a_flood(TalkativeInbox(capacity=1)) is None


class TalkativeInbox(Inbox):
    """The mutant: always reports what was dropped before it gives anything else."""

    def take(self, timeout_s: float, at: Moment) -> Message | None:
        """Take as if nothing had been reported."""
        self._told = False
        return super().take(timeout_s, at)


def waits_in_a_flood(inbox: Inbox) -> int | None:
    """After how many other messages the door's comes, while more is dropped than is taken."""
    door = Happened(DoorOpened(NOW))
    inbox.put_fact(door)
    for before in range(100):
        while inbox.put(Uploaded(0)):
            pass
        if inbox.take(0, NOW) == door:
            return before
    return None


def test_a_flood_of_readings_leaves_room_for_what_comes_singly() -> None:
    inbox = Inbox(capacity=2, reserve=1)
    assert [inbox.put(Uploaded(size)) for size in range(3)] == [True, True, False]
    assert inbox.put_fact(Happened(StaffLocked(NOW)))
    assert not inbox.put_fact(Happened(StaffLocked(NOW)))
    assert inbox.take(0, NOW) == Happened(InboxOverflowed(NOW, 2))


def test_a_message_that_must_not_be_lost_waits_for_room_and_says_when_there_was_none() -> None:
    inbox = Inbox(capacity=1, reserve=0)
    assert inbox.put_surely(Uploaded(1), 0.01)
    assert not inbox.put_surely(Happened(StaffLocked(NOW)), 0.01)
    assert not inbox.is_empty()


@pytest.mark.parametrize("waiting", [0, 1, 2], ids=["empty", "one", "full"])
def test_a_closed_inbox_gives_only_the_stop_whatever_waits(waiting: int) -> None:
    inbox = Inbox(capacity=2, reserve=0)
    for size in range(waiting):
        inbox.put(Uploaded(size))
    inbox.close()
    inbox.close()
    assert inbox.is_closed
    assert [inbox.take(0, NOW) for _ in range(3)] == [Stop()] * 3


def test_closing_wakes_an_owner_that_waits() -> None:
    inbox = Inbox()
    closer = threading.Timer(0.05, inbox.close)
    closer.start()
    assert inbox.take(30, NOW) == Stop()
    closer.join()
