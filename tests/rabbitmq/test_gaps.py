"""What is missing may only be on its way: how long that is believed."""

from saga.feeds.gaps import CursorProgress, GapDetector, GapTimeouts

QUICK, SLOW = 3, 30


def gaps() -> GapDetector:
    return GapDetector(GapTimeouts(hole_seconds=QUICK, tail_seconds=SLOW))


def test_a_hole_is_overdue_after_its_grace_and_what_overtook_it_later_is_not() -> None:
    mine = gaps()
    assert mine.overdue(0, CursorProgress(watermark=4, overtaken=9), end=20) == 0
    assert mine.overdue(2, CursorProgress(4, 15), end=20) == 0
    assert mine.overdue(3, CursorProgress(4, 15), end=20) == 9
    assert mine.overdue(5, CursorProgress(4, 15), end=20) == 15


def test_the_end_of_the_log_is_overdue_only_after_nothing_has_moved_for_long() -> None:
    mine = gaps()
    assert mine.overdue(0, CursorProgress(4, 0), end=20) == 0
    assert mine.overdue(29, CursorProgress(4, 0), end=25) == 0
    assert mine.overdue(30, CursorProgress(4, 0), end=25) == 20, "what came a second ago may be on its way"
    assert mine.overdue(59, CursorProgress(4, 0), end=25) == 25


def test_as_long_as_the_queue_brings_something_the_end_is_not_overdue() -> None:
    mine = gaps()
    for second in range(100):
        assert mine.overdue(second, CursorProgress(watermark=second, overtaken=0), end=1_000) == 0


def test_a_feed_that_has_no_queue_beside_it_waits_for_nothing() -> None:
    mine = GapDetector(GapTimeouts(hole_seconds=0, tail_seconds=0))
    assert mine.overdue(0, CursorProgress(0, 0), end=20) == 20
    assert mine.overdue(0, CursorProgress(20, 0), end=20) == 20


def test_what_was_seen_is_forgotten_when_it_is_of_no_more_use() -> None:
    mine = gaps()
    for second in range(10_000):
        mine.overdue(second, CursorProgress(4, 9), end=20)
    assert len(mine._holes) <= QUICK + 2
    assert len(mine._tails) <= SLOW + 2
