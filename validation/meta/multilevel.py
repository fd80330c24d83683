"""Multilevel and multivariate models (`mv-` files) and cluster-robust variance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.agreement import Agreement
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.reference import Analysis, File, Json


def check_multivariate(file: File, agreement: Agreement) -> None:
    """Hold every case of an `mv-` file against the engine."""
    agreement.skip("multivariate", file.content["cases"])


def check_robust(
    analysis: Analysis, X: NDArray[np.float64], block: Json, agreement: Agreement
) -> None:
    """Hold a block `robust` of an analysis with design X (k by p) against the engine."""
    del X
    agreement.skip("robust", block)


def _robust_without_moderators(analysis: Analysis, block: Any, agreement: Agreement) -> None:
    check_robust(analysis, np.ones((len(analysis.yi), 1)), block, agreement)


BLOCKS: dict[str, BlockCheck] = {"robust": _robust_without_moderators}
