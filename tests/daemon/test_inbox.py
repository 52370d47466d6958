"""The inbox: bounded, and what it drops it says."""

from kiosk.core.inputs import InboxOverflowed, StaffLocked
from kiosk.core.values import Moment
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.messages import Happened, Stop, Uploaded

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


def test_a_message_that_must_not_be_lost_waits_for_room_and_says_when_there_was_none() -> None:
    inbox = Inbox(capacity=1)
    assert inbox.put_surely(Stop(), 0.01)
    assert not inbox.put_surely(Happened(StaffLocked(NOW)), 0.01)
    assert not inbox.is_empty()
