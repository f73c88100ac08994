"""What the benchmark of streaming calls a statement of a turn."""

from collections import Counter

from benchmarks.statements import TURNS, _of_turns, _Stretch


def test_what_the_clock_says_is_not_of_a_turn():
    asked = Counter({"SELECT replies": 2 * TURNS + 4, "INSERT messages": 2 * TURNS})
    asked += Counter({"SELECT alerts": 14, "SELECT rare": 3})
    idle = Counter({"SELECT replies": 8, "SELECT alerts": 28, "SELECT 1": 6})
    found = _of_turns(_Stretch(asked, 5.0), _Stretch(idle, 10.0))
    # "rare" is said by nobody who is idle: it is some turn's.
    assert found == {"SELECT replies": 2 * TURNS, "INSERT messages": 2 * TURNS, "SELECT rare": 3}
