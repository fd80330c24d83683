"""Multilevel and multivariate random effects with known sampling covariance."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.gaussian import (
    Component,
    GaussianModel,
    codes_of,
)
from equipoise.evidence.synthesis.peaks import (
    highest_peak,
    require_told_apart,
    starting_points,
)
from equipoise.evidence.synthesis.robust import (
    DegreesOfFreedom,
    RobustKind,
    RobustVariance,
    require_design,
    require_variance,
    robust_variance,
)
from equipoise.evidence.synthesis.structures import (
    Parametrisation,
    RandomCovariance,
    RandomStructure,
    parametrise,
)
from equipoise.stats.distributions import (
    chi_square_upper_tail,
    critical_value,
    f_upper_tail,
    two_sided_p,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
LikelihoodMethod = Literal["REML", "ML"]
CoefficientTest = Literal["z", "t"]

_NEGLIGIBLE = 1e-9
"""Variance, as a share of the least sampling variance, that is reported as zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultilevelFit:
    """A fitted multilevel or multivariate model, on the scale of `yi`.

    `beta`, `se`, `stat`, `p`, `ci` and `df` follow the columns of the design (`names`); `vcov` is
    p by p; `df` is `None` for z-tests. `sigma2` are the variances of the random intercepts, in the
    order of `levels`; `structures` the fitted random structures. `ll` is the (restricted)
    log-likelihood, `parameters` counts coefficients, variances and correlations; `aicc` is `None`
    where there are too few estimates for it. `qe` is Cochran's Q of what the moderators leave, at
    the sampling covariance alone; `qm` the test of all coefficients but the intercept (of the
    intercept if it is alone): chi-square on `qm_df[0]`, or F on both of `qm_df` for t-tests.
    `cites` are method ids.
    """

    method: LikelihoodMethod
    test: CoefficientTest
    level: float
    k: int
    names: tuple[str, ...]
    beta: tuple[float, ...]
    vcov: tuple[tuple[float, ...], ...]
    se: tuple[float, ...]
    df: tuple[float | None, ...]
    stat: tuple[float, ...]
    p: tuple[float, ...]
    ci: tuple[tuple[float, float], ...]
    sigma2: tuple[float, ...]
    structures: tuple[RandomCovariance, ...]
    ll: float
    parameters: int
    aic: float
    bic: float
    aicc: float | None
    qe: float
    qe_df: int
    qe_p: float | None
    qm: float
    qm_df: tuple[int, float | None]
    qm_p: float
    cites: tuple[str, ...]
    _model: GaussianModel = field(repr=False, compare=False)
    _free: FloatArray = field(repr=False, compare=False)

    @property
    def tau2(self) -> tuple[float, ...]:
        """Variances of the first random structure; nothing if there is none."""
        return self.structures[0].tau2 if self.structures else ()

    @property
    def rho(self) -> tuple[float | None, ...]:
        """Correlations of the first random structure; nothing if there is none."""
        return self.structures[0].rho if self.structures else ()

    def covariance(self) -> FloatArray:
        """Covariance of the estimates that the model implies, k by k."""
        return self._model.covariance(self._free)

    def true_effects(self) -> tuple[float, ...]:
        """Best linear unbiased predictions of the true effects that the estimates aim at."""
        model = self._model
        w = model.at(self._free).weighted_residuals
        shrinkage = model.V * w if model.V.ndim == 1 else model.V @ w
        return tuple((model.y - shrinkage).tolist())


def fit_multilevel(
    yi: ArrayLike,
    V: ArrayLike,
    *,
    levels: Sequence[Sequence[Hashable]] = (),
    structures: Sequence[RandomStructure] = (),
    X: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    method: LikelihoodMethod = "REML",
    test: CoefficientTest = "z",
    level: float = 0.95,
) -> MultilevelFit:
    """Random effects for estimates that depend on one another.

    `V` is the sampling covariance of the k estimates: k variances, or a k by k matrix. Each entry
    of `levels` adds a random intercept: one label for each estimate, nested or crossed (labels
    nested in others must be unique over all). A model of estimates in studies has two: the study,
    and the estimate itself (DOI 10.1002/jrsm.35). `structures` add effects that covary between
    outcomes, arms or times within a study (DOI 10.1002/sim.2524). `X` is the design, k by p, an
    intercept alone if left out.

    The likelihood is climbed by Newton's method with exact derivatives from many starting points,
    the highest peak wins, and variances of zero and correlations of ±1 are reached, not approached.
    t-tests use, for each coefficient, the least number of groups within which its moderator is
    constant, less the number of coefficients ("containment"); k − p if it is constant in none.

    Raises `EvidenceError` where the estimates cannot tell a component: one group, levels that group
    alike, correlations of what never stands together, a likelihood that does not depend on it.
    """
    y = np.asarray(yi, dtype=np.float64)
    if y.ndim != 1 or len(y) == 0:
        raise EvidenceError("There is no estimate to pool.")
    variance = require_variance(V, len(y), what="Sampling variances")
    design = require_design(y, X)
    k, p = design.shape
    if method not in ("REML", "ML") or test not in ("z", "t"):
        raise EvidenceError(f"No such method or test: {method}, {test}.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    if k <= p:
        raise EvidenceError(
            f"Too few estimates ({k}) for the coefficients ({p}) and the spread around them."
        )
    named = tuple(names) if names is not None else _default_names(design)
    if len(named) != p:
        raise EvidenceError(f"{p} coefficients need {p} names; there are {len(named)}.")
    components, labels = _components(k, levels, structures)
    model = GaussianModel(y, variance, design, components, restricted=method == "REML")
    require_told_apart(model)
    peak = highest_peak(model, starting_points(model))
    at = model.at(peak.at)
    beta, vcov = model.beta(at)
    dfs: list[float | None] = [None] * p
    if test == "t":
        dfs = [float(d) for d in _containment(design, components)]
        if min(d for d in dfs if d is not None) < 1:
            raise EvidenceError("There are too few groups for a t-test of every coefficient.")
    se = np.sqrt(np.diag(vcov))
    stat = beta / se
    half = [critical_value(level, d) * s for d, s in zip(dfs, se.tolist(), strict=True)]
    qm, qm_df, qm_p = _omnibus(design, beta, vcov, dfs)
    qe = max(0.0, _cochran_q(y, variance, design))  # rounding can leave it below
    sigma2, fitted = _variances(model, peak.at, labels, len(levels))
    parameters = p + model.free
    n = k - p if method == "REML" else k
    return MultilevelFit(
        method=method,
        test=test,
        level=level,
        k=k,
        names=named,
        beta=tuple(beta.tolist()),
        vcov=tuple(tuple(row) for row in vcov.tolist()),
        se=tuple(se.tolist()),
        df=tuple(dfs),
        stat=tuple(stat.tolist()),
        p=tuple(two_sided_p(s, d) for s, d in zip(stat.tolist(), dfs, strict=True)),
        ci=tuple((b - h, b + h) for b, h in zip(beta.tolist(), half, strict=True)),
        sigma2=sigma2,
        structures=fitted,
        ll=at.ll,
        parameters=parameters,
        aic=-2 * at.ll + 2 * parameters,
        bic=-2 * at.ll + parameters * math.log(n),
        aicc=_aicc(at.ll, parameters, n),
        qe=qe,
        qe_df=k - p,
        qe_p=chi_square_upper_tail(qe, k - p) if k > p else None,
        qm=qm,
        qm_df=qm_df,
        qm_p=qm_p,
        cites=(
            *(("multilevel",) if levels else ()),
            *(("multivariate",) if structures else ()),
            *(("containment-df",) if test == "t" else ()),
        ),
        _model=model,
        _free=peak.at,
    )


def robust_multilevel(
    fit: MultilevelFit,
    cluster: Sequence[Hashable],
    *,
    kind: RobustKind = "CR2",
    df: DegreesOfFreedom = "satterthwaite",
) -> RobustVariance:
    """Cluster-robust variance of a fitted model's coefficients; the model is the working model.

    Clusters must be at least as wide as the widest random effect.
    """
    model = fit._model
    return robust_variance(
        model.y, fit.covariance(), cluster, X=model.X, kind=kind, df=df, level=fit.level
    )


def _components(
    k: int, levels: Sequence[Sequence[Hashable]], structures: Sequence[RandomStructure]
) -> tuple[list[Component], list[list[object]]]:
    """Components in the order of levels, then structures; inner labels of the structures."""
    components = [
        Component(
            name=f"the variance of level {i + 1}",
            form=Parametrisation(kind="ID", m=1),
            inner=np.zeros(k, dtype=np.intp),
            outer=codes_of(labels, k, what=f"Level {i + 1}"),
        )
        for i, labels in enumerate(levels)
    ]
    inner_labels: list[list[object]] = []
    for i, structure in enumerate(structures):
        codes_of(structure.inner, k, what="Inner labels")
        outer = codes_of(structure.outer, k, what="Outer labels")
        form, labels, inner = parametrise(structure)
        name = f"the covariance of structure {i + 1}"
        components.append(Component(name=name, form=form, inner=inner, outer=outer))
        inner_labels.append(labels)
    return components, inner_labels


def _variances(
    model: GaussianModel, free: FloatArray, labels: Sequence[Sequence[object]], levels: int
) -> tuple[tuple[float, ...], tuple[RandomCovariance, ...]]:
    sigma2: list[float] = []
    fitted: list[RandomCovariance] = []
    square = model.unit**2
    for i, (component, part) in enumerate(zip(model.components, model.parts, strict=True)):
        variances, rho = component.form.describe(free[part], _NEGLIGIBLE * model.least_variance)
        if i < levels:
            sigma2.append(float(variances[0]) * square)
            continue
        G = component.form.covariance(free[part])[0] * square
        fitted.append(
            RandomCovariance(
                kind=component.form.kind,
                labels=tuple(labels[i - levels]),
                tau2=tuple((variances * square).tolist()),
                rho=rho,
                covariance=tuple(tuple(row) for row in G.tolist()),
            )
        )
    return tuple(sigma2), tuple(fitted)


def _containment(design: FloatArray, components: Sequence[Component]) -> list[int]:
    k, p = design.shape
    dfs = []
    for column in design.T:
        df = k - p
        for component in components:
            groups = int(component.outer.max()) + 1
            first = np.zeros(groups)
            first[component.outer[::-1]] = column[::-1]
            if (column == first[component.outer]).all():
                df = min(df, groups - p)
        dfs.append(df)
    return dfs


def _omnibus(
    design: FloatArray, beta: FloatArray, vcov: FloatArray, dfs: Sequence[float | None]
) -> tuple[float, tuple[int, float | None], float]:
    """Test of all coefficients but the intercept: statistic, degrees of freedom, p."""
    slopes = [j for j, column in enumerate(design.T) if np.ptp(column) > 0]
    tested = slopes or list(range(design.shape[1]))
    b, V = beta[tested], vcov[np.ix_(tested, tested)]
    size = np.sqrt(np.diag(V))
    statistic = float((b / size) @ np.linalg.solve(V / np.outer(size, size), b / size))
    m = len(tested)
    known = [dfs[j] for j in tested]
    df = min((d for d in known if d is not None), default=None)
    if df is None:
        return statistic, (m, None), chi_square_upper_tail(statistic, m)
    return statistic / m, (m, df), f_upper_tail(statistic / m, m, df)


def _cochran_q(y: FloatArray, V: FloatArray, X: FloatArray) -> float:
    """Weighted squares that the moderators leave, with the sampling covariance alone."""
    model = GaussianModel(y, V, X, (), restricted=False)
    at = model.at(np.empty(0))
    fitted = X @ model.beta(at)[0]
    return float((y - fitted) @ at.weighted_residuals)


def _default_names(design: FloatArray) -> tuple[str, ...]:
    return tuple(
        "intercept" if np.ptp(column) == 0 else f"x{j + 1}" for j, column in enumerate(design.T)
    )


def _aicc(ll: float, parameters: int, n: int) -> float | None:
    spare = n - parameters - 1
    return -2 * ll + 2 * parameters * n / spare if spare > 0 else None
