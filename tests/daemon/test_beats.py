"""Signs of life: every part that ever beat must go on beating."""

from kiosk.daemon.beats import Beats


def test_a_part_that_falls_silent_is_named() -> None:
    now = [0.0]
    beats = Beats(lambda: now[0], limit_s=5)
    beats.beat("owner")
    beats.beat("camera")
    now[0] = 4
    beats.beat("owner")
    now[0] = 6
    assert beats.silent() == ("camera",)


def test_a_part_that_ended_on_purpose_is_not_missed() -> None:
    now = [0.0]
    beats = Beats(lambda: now[0], limit_s=5)
    beats.beat("owner")
    beats.leave("owner")
    beats.leave("never there")
    now[0] = 60
    assert beats.silent() == ()
