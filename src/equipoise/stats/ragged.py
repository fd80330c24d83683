"""Groups of unequal size, one after the other in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Where each group begins and how many entries it has; every group has at least one.

    A group's sums depend on its own entries alone, to the last digit, so what is computed for a
    group does not depend on the company it is in.
    """

    sizes: IntArray
    starts: IntArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", np.cumsum(self.sizes) - self.sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    def sum(self, x: FloatArray) -> FloatArray:
        """Sum of each group."""
        return np.asarray(np.add.reduceat(x, self.starts))

    def lowest(self, x: FloatArray) -> FloatArray:
        """Smallest entry of each group."""
        return np.asarray(np.minimum.reduceat(x, self.starts))

    def highest(self, x: FloatArray) -> FloatArray:
        """Largest entry of each group."""
        return np.asarray(np.maximum.reduceat(x, self.starts))

    def spread(self, per_group: FloatArray) -> FloatArray:
        """One value of each group, repeated for each of its entries."""
        return np.repeat(per_group, self.sizes)

    def entries(self, groups: IntArray) -> IntArray:
        """Positions of the entries of some groups, which may recur, in the order given."""
        sizes = self.sizes[groups]
        shift = self.starts[groups] - (np.cumsum(sizes) - sizes)
        return np.asarray(np.arange(int(sizes.sum())) + np.repeat(shift, sizes))

    def first(self, is_it: NDArray[np.bool_]) -> IntArray:
        """Position of the first entry of each group for which `is_it` holds; each has one."""
        where = np.flatnonzero(is_it)
        group = np.searchsorted(self.starts, where, side="right") - 1
        return np.asarray(where[np.append(True, group[1:] != group[:-1])])
