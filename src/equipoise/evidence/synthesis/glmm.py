"""Generalised linear mixed models: random effects from the counts themselves.

No cell is corrected and no sampling variance taken as known: counts are binomial, Poisson or
hypergeometric, and the studies' true log odds, log rates or log ratios are normal around a mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_level
from equipoise.evidence.synthesis.common_effect import normal_summary
from equipoise.evidence.synthesis.count_data import one_arm, two_arms
from equipoise.evidence.synthesis.glmm_designs import (
    Design,
    MixedModelName,
    one_arm_design,
    two_arm_design,
)
from equipoise.stats.distributions import chi_square_upper_tail
from equipoise.stats.mixed_fit import (
    MOST_POINTS,
    MixedFit,
    NoMaximumError,
    group_information,
    maximise,
)
from equipoise.stats.mixed_model import MixedModel

FloatArray = NDArray[np.float64]

_POINTS: dict[MixedModelName, int] = {"UM.FS": 7, "UM.RS": 1, "CM.EL": 7, "CM.AL": 7}


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedSynthesis:
    """A random-effects mean from counts, on the scale of log odds, log rate or log ratio.

    `k` studies were given; those in `dropped` (positions from zero) were left out because both
    arms have no events or nothing but events. `mu` with `se`, `z` = mu / se, two-sided `p` and
    `ci` (normal, at `level`). `tau2` is the variance of true effects between studies,
    `level_variance` that of the studies' own levels (UM.RS only). `q_wald` and `q_lrt` test
    τ² = 0 against one effect for each study on `q_df` degrees of freedom; their p-values are
    `None` for a single study.

    `log_likelihood` is the maximum of the marginal likelihood, all constants included, from
    `quadrature_points` nodes on each axis (one: Laplace); `quadrature_error` is by how much it
    changes at the same parameters with many more nodes. `conditional_log_likelihood` is the value
    with each random effect at its mode. `cites` are method ids.
    """

    measure: str
    model: str
    level: float
    k: int
    dropped: tuple[int, ...]
    mu: float
    se: float
    z: float
    p: float
    ci: tuple[float, float]
    tau2: float
    level_variance: float | None
    q_wald: float
    q_lrt: float
    q_df: int
    q_wald_p: float | None
    q_lrt_p: float | None
    log_likelihood: float
    conditional_log_likelihood: float
    quadrature_points: int
    quadrature_error: float
    cites: tuple[str, ...]


def fit_glmm(
    e1: Sequence[float],
    n1: Sequence[float],
    e2: Sequence[float],
    n2: Sequence[float],
    *,
    measure: Literal["OR", "IRR"] = "OR",
    model: MixedModelName = "UM.FS",
    quadrature_points: int | None = None,
    level: float = 0.95,
) -> MixedSynthesis:
    """Random-effects log odds ratio or log rate ratio, arm 1 against arm 2, by maximum likelihood.

    `e` are events, `n` people (OR) or person-time (IRR), one entry a study. The models
    (DOI 10.1002/sim.4040, 10.1002/sim.7588): "UM.FS" gives each study its own level, "UM.RS" draws
    the levels from a normal distribution; both split the random effect half and half between the
    arms. "CM.EL" conditions on each study's events, which leaves a non-central hypergeometric (OR)
    or a binomial count (IRR); "CM.AL" takes the binomial for OR too, which is close for rare
    events.

    `quadrature_points` on each axis; unless given, 7, for "UM.RS" 1, and for the hypergeometric
    21. Studies with no events or nothing but events in both arms are dropped.

    Raises `EvidenceError` where the likeliest effect or heterogeneity is infinite.
    """
    if measure not in ("OR", "IRR"):
        raise EvidenceError(f"Mixed models for two arms give OR and IRR, not {measure}.")
    if model not in ("UM.FS", "UM.RS", "CM.EL", "CM.AL"):
        raise EvidenceError(f"{model} is no mixed model; there are UM.FS, UM.RS, CM.EL and CM.AL.")
    if measure == "IRR" and model == "CM.AL":
        raise EvidenceError("For rates the conditional likelihood is exact already: use CM.EL.")
    arms = two_arms(e1, n1, e2, n2, people=measure == "OR")
    design = two_arm_design(arms.taking(~arms.empty), model)
    if quadrature_points is None:
        hypergeometric = model == "CM.EL" and measure == "OR"
        quadrature_points = 21 if hypergeometric else _POINTS[model]
    return _fit(
        design,
        measure=measure,
        model=model,
        dropped=tuple(np.flatnonzero(arms.empty).tolist()),
        points=quadrature_points,
        level=level,
    )


def fit_glmm_one_arm(
    x: Sequence[float],
    n: Sequence[float],
    *,
    measure: Literal["PLO", "IRLN"] = "PLO",
    quadrature_points: int = 7,
    level: float = 0.95,
) -> MixedSynthesis:
    """Random-effects log odds (PLO) or log rate (IRLN) of single groups, by maximum likelihood.

    `x` are events among `n` people (PLO, the binomial-normal model, DOI 10.1002/sim.4040) or over
    `n` of person-time (IRLN, Poisson-normal). No group is dropped: one without events says that
    events are rare. Raises `EvidenceError` where the likeliest mean is infinite.
    """
    if measure not in ("PLO", "IRLN"):
        raise EvidenceError(f"Mixed models for one arm give PLO and IRLN, not {measure}.")
    events, size = one_arm(x, n, people=measure == "PLO")
    return _fit(
        one_arm_design(events, size, people=measure == "PLO"),
        measure=measure,
        model="UM",
        dropped=(),
        points=quadrature_points,
        level=level,
    )


def _fit(
    design: Design,
    *,
    measure: str,
    model: str,
    dropped: tuple[int, ...],
    points: int,
    level: float,
) -> MixedSynthesis:
    require_level(level)
    if points != int(points) or not 1 <= points <= MOST_POINTS:
        raise EvidenceError(f"Between 1 and {MOST_POINTS} quadrature points can be used.")
    try:
        fit = maximise(design.model, points)
        equal = maximise(design.model, points, without_last=True)
        q_wald, highest = _one_effect_each(design, points)
    except NoMaximumError as error:
        raise EvidenceError(
            "The studies are too few or too different for a mixed model: no finite heterogeneity "
            f"or effect is likeliest ({error})."
        ) from error
    df = len(design.model.offset) - 1
    q_lrt = max(0.0, 2 * (highest - equal.log_likelihood))
    se, z, p, ci = normal_summary(float(fit.psi[0]), float(fit.covariance[0, 0]), level)
    return MixedSynthesis(
        measure=measure,
        model=model,
        level=level,
        k=df + 1 + len(dropped),
        dropped=dropped,
        mu=float(fit.psi[0]),
        se=se,
        z=z,
        p=p,
        ci=ci,
        tau2=float(fit.psi[-1]) ** 2,
        level_variance=float(fit.psi[-2]) ** 2 if model == "UM.RS" else None,
        q_wald=q_wald,
        q_lrt=q_lrt,
        q_df=df,
        q_wald_p=chi_square_upper_tail(q_wald, df) if df else None,
        q_lrt_p=chi_square_upper_tail(q_lrt, df) if df else None,
        log_likelihood=fit.log_likelihood,
        conditional_log_likelihood=design.model.conditional(fit.psi, fit.alpha),
        quadrature_points=points,
        quadrature_error=_quadrature_error(design.model, fit),
        cites=("glmm", "adaptive-quadrature"),
    )


def _one_effect_each(design: Design, points: int) -> tuple[float, float]:
    """Wald's chi-square for equal effects, and the log-likelihood with one effect for each study.

    Infinite effects have no weight in the chi-square.
    """
    if design.one_each is None:
        return _wald(design.effects, np.diag(1 / design.variances)), design.highest
    fit = maximise(design.one_each.model, points)
    effects, precision = group_information(design.one_each.model, fit)
    inner = design.one_each.finite
    return _wald(effects[inner], precision[np.ix_(inner, inner)]), fit.log_likelihood


def _wald(effects: FloatArray, precision: FloatArray) -> float:
    """Weighted sum of squares of effects around the common effect that fits best."""
    weights = precision.sum(axis=0)
    total = float(weights.sum())
    if len(effects) < 2 or total <= 0:
        return 0.0
    gap = effects - float(weights @ effects) / total
    return max(0.0, float(gap @ precision @ gap))


def _quadrature_error(model: MixedModel, fit: MixedFit) -> float:
    """Change of the log-likelihood at the same parameters with many more nodes."""
    finer = min(MOST_POINTS, max(2 * fit.points, 41 if model.d == 1 else 15))
    exact = model.marginal(fit.psi, fit.alpha, finer).value.sum()
    given = model.marginal(fit.psi, fit.alpha, fit.points).value.sum()
    return abs(float(exact - given))
