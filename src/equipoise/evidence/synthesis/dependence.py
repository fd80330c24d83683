"""Sampling covariance of estimates that share participants, from a guessed correlation."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.gaussian import codes_of
from equipoise.evidence.synthesis.robust import require_variance


def sampling_covariance(
    vi: ArrayLike,
    cluster: Sequence[Hashable],
    rho: float,
    *,
    subgroup: Sequence[Hashable] | None = None,
) -> NDArray[np.float64]:
    """Covariance matrix of k estimates whose sampling errors correlate by `rho` within clusters.

    Estimates of different clusters are independent; with `subgroup`, so are those of different
    subgroups of a cluster (samples that share no participant). Together with random effects of
    study and estimate this is the correlated and hierarchical effects working model
    (DOI 10.1007/s11121-021-01246-3), whose coefficients go with a robust variance.

    Raises `EvidenceError` for a correlation of one or more, or one so negative that the largest
    cluster cannot have it.
    """
    v = require_variance(vi, len(np.atleast_1d(np.asarray(vi))))
    if v.ndim != 1:
        raise EvidenceError("A sampling covariance is made from variances, one for each estimate.")
    if not -1 < rho < 1:
        raise EvidenceError(f"A sampling correlation of {rho:g} cannot be.")
    code = codes_of(cluster, len(v), what="Clusters")
    together = code[:, None] == code
    if subgroup is not None:
        part = codes_of(subgroup, len(v), what="Subgroups")
        together &= part[:, None] == part
    sd = np.sqrt(v)
    V = np.where(together, rho, 0.0) * sd[:, None] * sd
    np.fill_diagonal(V, v)
    return require_variance(V, len(v), what="Sampling variances")
