"""Groups of unequal size in flat arrays."""

import numpy as np

from equipoise.stats.ragged import Ragged

GROUPS = Ragged(np.array([2, 1, 3]))
X = np.array([1.0, 2, 3, 4, 5, 6])


def test_each_group_on_its_own():
    assert GROUPS.sum(X).tolist() == [3, 3, 15]
    assert GROUPS.lowest(X).tolist() == [1, 3, 4]
    assert GROUPS.highest(X).tolist() == [2, 3, 6]
    assert GROUPS.spread(np.array([7.0, 8, 9])).tolist() == [7, 7, 8, 9, 9, 9]


def test_some_groups_in_any_order_and_more_than_once():
    assert X[GROUPS.entries(np.array([2, 0, 2]))].tolist() == [4, 5, 6, 1, 2, 4, 5, 6]


def test_the_first_of_each():
    assert GROUPS.first(np.array([False, True, True, True, False, True])).tolist() == [1, 2, 3]
