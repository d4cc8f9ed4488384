from __future__ import annotations

from itertools import pairwise

import pytest

from app.core.series import POINTS_MAX, Series


@pytest.mark.parametrize("number", [0, 1, POINTS_MAX, POINTS_MAX + 1, 7_777, 100_000])
def test_a_series_is_short_evenly_spaced_and_in_order(number: int) -> None:
    series = Series()
    for at in range(number):
        series.add(at * 500, at, at)
    times = [point[0] for point in series.points]
    assert len(times) <= POINTS_MAX
    assert len(times) >= min(number, POINTS_MAX // 2)
    assert len({later - earlier for earlier, later in pairwise(times)}) <= 1
    if number:
        assert times[0] == 0
        assert number * 500 - times[-1] <= 2 * 500 * max(1, number // (POINTS_MAX // 2)), "it reaches to the end"
