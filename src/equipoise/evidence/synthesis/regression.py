"""Meta-regression: what moderates an effect, and how much heterogeneity it leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.batch import METHOD_CITES
from equipoise.evidence.synthesis.classical import FitStatistics
from equipoise.evidence.synthesis.design import Design, read_design
from equipoise.evidence.synthesis.mixed_model import (
    RegressionTest,
    computable,
    fit_batch,
    raw_variance,
    require_regression,
    unit_of,
)
from equipoise.evidence.synthesis.residual_heterogeneity import (
    RegressionMethod,
    estimate_tau2,
    tau2_standard_error,
)
from equipoise.stats.distributions import (
    chi_square_upper_tail,
    critical_value,
    f_upper_tail,
    two_sided_p,
)
from equipoise.stats.error_contrasts import ErrorContrasts, error_contrasts

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """One coefficient: change of the effect for one unit of its column.

    `statistic` is estimate / SE; where the standard error is zero it is infinite (or zero, if the
    estimate is zero too) and `p` is zero (or one).
    """

    name: str
    estimate: float
    se: float
    statistic: float
    p: float
    ci: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class OmnibusTest:
    """Test that all the coefficients `names` are zero.

    `statistic` is a chi-square on `df` degrees of freedom where `df_within` is `None`, else an F on
    `df` and `df_within`.
    """

    names: tuple[str, ...]
    statistic: float
    df: int
    df_within: int | None
    p: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """Mean effects at rows of moderator values, arrays of one entry for each row.

    `ci` (rows, 2) belongs to the mean effect, `prediction_interval` (rows, 2) to the true effect in
    a new study with those values; the latter is `None` for "EE", which says nothing of new studies.
    """

    estimate: FloatArray
    se: FloatArray
    ci: FloatArray
    prediction_interval: FloatArray | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetaRegression:
    """A mixed-effects model of estimates, on the scale of `yi`.

    `coefficients` in the order of the columns, with covariance `vcov`. `tau2` is the heterogeneity
    that the moderators leave, `i2` (percent) and `h2` relate it to the typical sampling variance;
    `q` is the weighted residual sum of squares at τ² = 0 with `q_df` = k − p. `r2` is the share of
    heterogeneity (percent) that the moderators account for, `None` without moderators or intercept
    or where there is nothing to account for; for "EE" it is the adjusted share of Q.
    `variance_factor` is what the test multiplied the variances by (one for "z" and "t"). `df` is
    `None` where the tests are normal. `omnibus` tests every column but the intercept, and is `None`
    without one. `tau2` and `se_tau2` are `None` for "EE". `cites` are ids of `METHODS`.
    """

    method: RegressionMethod
    test: RegressionTest
    level: float
    k: int
    p: int
    coefficients: tuple[Coefficient, ...]
    vcov: FloatArray
    df: int | None
    variance_factor: float
    omnibus: OmnibusTest | None
    tau2: float | None
    se_tau2: float | None
    i2: float
    h2: float
    r2: float | None
    q: float
    q_df: int
    q_p: float
    fit: FitStatistics
    yi: FloatArray
    vi: FloatArray
    design: Design
    cites: tuple[str, ...]
    _scaled_beta: FloatArray
    _root: FloatArray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.design.names

    @property
    def beta(self) -> FloatArray:
        """Estimates of the coefficients."""
        return np.array([c.estimate for c in self.coefficients])

    @property
    def se(self) -> FloatArray:
        """Standard errors of the coefficients."""
        return np.array([c.se for c in self.coefficients])

    @property
    def weights(self) -> FloatArray:
        """Inverse variances 1 / (vi + τ²)."""
        return 1 / (self.vi + (self.tau2 or 0.0))

    def predict(self, X: ArrayLike) -> Prediction:
        """Mean effect at each row of `X`, which has all the columns of the design.

        Intervals have the level and the distribution (normal or t) of the fit.
        """
        rows = self.design.rows(X)
        estimate = rows @ self._scaled_beta
        se = np.sqrt(((rows @ self._root) ** 2).sum(axis=1))
        quantile = critical_value(self.level, self.df)
        prediction = None
        if self.tau2 is not None:
            prediction = _around(estimate, quantile * np.sqrt(se**2 + self.tau2))
        return Prediction(
            estimate=estimate,
            se=se,
            ci=_around(estimate, quantile * se),
            prediction_interval=prediction,
        )

    def test_together(self, names: Sequence[str]) -> OmnibusTest:
        """Test that the coefficients of all these columns are zero."""
        unknown = [name for name in names if name not in self.names]
        if unknown or not names:
            raise EvidenceError(
                f"No column is called {unknown[0]}." if unknown else "No column to test is named."
            )
        return _omnibus(
            self.design, self.beta, self._root, [self.names.index(n) for n in names], self.df
        )


def fit_regression(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike,
    *,
    method: RegressionMethod = "REML",
    test: RegressionTest = "knha",
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> MetaRegression:
    """Fit y_i ~ N(x_i β + u_i, v_i), u_i ~ N(0, τ²), by weighted least squares.

    `X` (k, p) holds every column, a column of ones for the intercept included. Model and tests
    after Berkey et al. 1995 (DOI 10.1002/sim.4780140406), the factor of Knapp and Hartung 2003
    (10.1002/sim.1482) on the covariance for "knha", never below one for "adhoc"; k − p degrees of
    freedom for all tests but "z". REML and ML reach the highest peak of the likelihood.

    Raises `EvidenceError` for estimates without variance, missing moderators, k ≤ p, and for a
    moderator that others determine, which it names.
    """
    y, v = require_regression(yi, vi, method, test, level)
    design = read_design(X, len(y), names)
    with computable():
        return _fit(y, v, design, method, test, level)


def _fit(
    y: FloatArray,
    v: FloatArray,
    design: Design,
    method: RegressionMethod,
    test: RegressionTest,
    level: float,
) -> MetaRegression:
    k, p = design.given.shape
    n = k - p
    unit = unit_of(v)
    one, variances = (y / unit)[None, :], (v / unit**2)[None, :]
    fits = fit_batch(one, variances, design.scaled[None], method, test)
    contrasts, tau2, zero = fits.contrasts, float(fits.tau2[0]), np.zeros(1)
    root = unit * math.sqrt(float(fits.factor[0])) * fits.least_squares.root[0]
    scaled_beta = unit * fits.least_squares.coefficients[0]
    beta = design.back @ scaled_beta
    df = None if test == "z" else n
    quantile = critical_value(level, df)
    spread = design.back @ root
    coefficients = tuple(
        _coefficient(name, b, s, df, quantile)
        for name, b, s in zip(design.names, beta.tolist(), _row_norms(spread), strict=True)
    )
    q = float(contrasts.q(zero)[0])
    typical = n / float(contrasts.trace(zero)[0])
    random = method != "EE"
    if random:
        i2, h2 = 100 * tau2 / (typical + tau2), 1 + tau2 / typical
    else:
        i2, h2 = (100 * max(0.0, 1 - n / q) if q > 0 else 0.0), q / n
    se_tau2 = None
    if random:
        raw = raw_variance(one)
        se_tau2 = unit**2 * float(tau2_standard_error(contrasts, method, fits.tau2, raw)[0])
    return MetaRegression(
        method=method,
        test=test,
        level=level,
        k=k,
        p=p,
        coefficients=coefficients,
        vcov=spread @ spread.T,
        df=df,
        variance_factor=float(fits.factor[0]),
        omnibus=(
            _omnibus(design, beta, root, design.moderators, df) if design.moderators else None
        ),
        tau2=unit**2 * tau2 if random else None,
        se_tau2=se_tau2,
        i2=i2,
        h2=h2,
        r2=_accounted_for(one, variances, design, method, tau2, q),
        q=q,
        q_df=n,
        q_p=chi_square_upper_tail(q, n),
        fit=_fit_statistics(contrasts, fits.tau2, method, p, unit),
        yi=y,
        vi=v,
        design=design,
        cites=_cites(method, test, design),
        _scaled_beta=scaled_beta,
        _root=root,
    )


def _row_norms(matrix: FloatArray) -> list[float]:
    """Length of each row, without squares that underflow."""
    return [math.hypot(*row) for row in matrix.tolist()]


def _around(centre: FloatArray, half: FloatArray) -> FloatArray:
    return np.column_stack([centre - half, centre + half])


def _coefficient(
    name: str, estimate: float, se: float, df: int | None, quantile: float
) -> Coefficient:
    # A standard error of zero leaves no doubt, whatever side of zero the estimate is on.
    certain = math.copysign(math.inf, estimate) if estimate else 0.0
    statistic = estimate / se if se > 0 else certain
    return Coefficient(
        name=name,
        estimate=estimate,
        se=se,
        statistic=statistic,
        p=two_sided_p(statistic, df),
        ci=(estimate - quantile * se, estimate + quantile * se),
    )


def _omnibus(
    design: Design,
    beta: FloatArray,
    root: FloatArray,
    columns: Sequence[int],
    df_within: int | None,
) -> OmnibusTest:
    chosen = list(columns)
    # A row of `back @ root` by its size, so that moderators of any unit are told apart.
    rows = (design.back @ root)[chosen]
    sizes = np.abs(rows).max(axis=1)
    number = len(chosen)
    if (sizes == 0).any():
        statistic = math.inf if beta[chosen].any() else 0.0
    else:
        r = np.linalg.qr((rows / sizes[:, None]).T)[1]
        statistic = float((np.linalg.solve(r.T, beta[chosen] / sizes) ** 2).sum())
    if df_within is None:
        p = chi_square_upper_tail(statistic, number)
    else:
        statistic /= number
        p = f_upper_tail(statistic, number, df_within)
    return OmnibusTest(
        names=tuple(design.names[j] for j in chosen),
        statistic=statistic,
        df=number,
        df_within=df_within,
        p=p,
    )


def _accounted_for(
    y: FloatArray,
    v: FloatArray,
    design: Design,
    method: RegressionMethod,
    tau2: float,
    q: float,
) -> float | None:
    """R² in percent: the share by which the moderators lower τ² (for "EE": Q per df)."""
    if design.intercept is None or not design.moderators:
        return None
    alone = error_contrasts(y, v, np.ones((1, len(design.given), 1)))
    if method == "EE":
        before = float(alone.q(np.zeros(1))[0]) / alone.df
        after = q / (alone.df + 1 - design.p)
    else:
        before, after = float(estimate_tau2(alone, method, raw_variance(y))[0]), tau2
    return 100 * max(0.0, 1 - after / before) if before > 0 else None


def _fit_statistics(
    contrasts: ErrorContrasts, tau2: FloatArray, method: RegressionMethod, p: int, unit: float
) -> FitStatistics:
    restricted = method == "REML"
    count = contrasts.df if restricted else contrasts.given.shape[-1]
    constant = count * (0.5 * math.log(2 * math.pi) + math.log(unit))
    ll = float(contrasts.log_likelihood(tau2, restricted=restricted)[0]) - constant
    deviance = -2 * ll
    if not restricted:
        deviance -= 2 * constant + float(np.log(contrasts.given).sum())
    free = p + (method != "EE")
    enough = max(count, free + 2)
    return FitStatistics(
        log_likelihood=ll,
        deviance=deviance,
        aic=-2 * ll + 2 * free,
        bic=-2 * ll + free * math.log(count),
        aicc=-2 * ll + 2 * free * enough / (enough - free - 1),
    )


def _cites(method: RegressionMethod, test: RegressionTest, design: Design) -> tuple[str, ...]:
    cites = ["meta-regression", "i-squared"]
    cites.append({**METHOD_CITES, "GENQM": "generalised-q"}[method])
    if test in ("knha", "adhoc"):
        cites.append("knapp-hartung")
    if design.moderators:
        cites += ["residual-heterogeneity", "omnibus-test", "r-squared"]
    return tuple(cites)
