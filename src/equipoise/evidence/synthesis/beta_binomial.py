"""Beta-binomial regression: arms of all studies as draws around two common risks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, logit

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_level
from equipoise.evidence.synthesis.common_effect import normal_summary
from equipoise.evidence.synthesis.count_data import two_arms
from equipoise.stats.roots import bracketed_root

FloatArray = NDArray[np.float64]

_LARGEST_ARM = 20_000
_SCAN = (0.0, *np.geomspace(1e-6, 1e4, 34).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaBinomialSynthesis:
    """Log odds ratio of two common risks, arms varying around them between studies.

    `mu` is the log odds ratio of arm 1 over arm 2 with `se`, `z`, two-sided `p` and `ci` (normal,
    at `level`). `rho` is the correlation of two people's outcomes within an arm; zero is the
    binomial. All `k` studies count. `cites` are method ids.
    """

    level: float
    k: int
    mu: float
    se: float
    z: float
    p: float
    ci: tuple[float, float]
    rho: float
    log_likelihood: float
    cites: tuple[str, ...] = ("beta-binomial",)


def fit_beta_binomial(
    e1: Sequence[float],
    n1: Sequence[float],
    e2: Sequence[float],
    n2: Sequence[float],
    *,
    level: float = 0.95,
) -> BetaBinomialSynthesis:
    """Compare two risks that vary between studies, by maximum likelihood (DOI 10.1002/sim.6383).

    Events of an arm are beta-binomial with the arm's risk and one intraclass correlation ρ for
    both. Studies without events count as they are. The two arms of a study are taken as
    independent: randomisation within the study is not used, which is the price.

    Raises `EvidenceError` where a risk or the correlation is likeliest at its end.
    """
    require_level(level)
    arms = two_arms(e1, n1, e2, n2)
    for events, people, name in ((arms.x1, arms.n1, "arm 1"), (arms.x2, arms.n2, "arm 2")):
        if not events.any() or (events == people).all():
            what = "no events" if not events.any() else "nothing but events"
            raise EvidenceError(
                f"There are {what} in {name} of any study: the likeliest odds ratio is zero or "
                "infinite. Show each arm's proportion with its own interval."
            )
    if max(float(arms.n1.max()), float(arms.n2.max())) > _LARGEST_ARM:
        raise EvidenceError(f"The beta-binomial model takes arms of up to {_LARGEST_ARM} people.")
    likelihood = _Likelihood((arms.x1, arms.x2), (arms.n1, arms.n2))
    s = _likeliest_spread(likelihood)
    risks = likelihood.risks(s)
    bend = likelihood.information(risks, s)
    # Risks to log odds: the variance of logit p₁ − logit p₂.
    slope = np.array([1 / (risks[0] * (1 - risks[0])), -1 / (risks[1] * (1 - risks[1])), 0.0])
    free = slice(0, 3 if s > 0 else 2)
    variance = float(slope[free] @ np.linalg.solve(bend[free, free], slope[free]))
    mu = float(logit(risks[0]) - logit(risks[1]))
    se, z, p, ci = normal_summary(mu, variance, level)
    return BetaBinomialSynthesis(
        level=level,
        k=arms.k,
        mu=mu,
        se=se,
        z=z,
        p=p,
        ci=ci,
        rho=s / (1 + s),
        log_likelihood=likelihood.value(risks, s),
    )


class _Likelihood:
    """Log-likelihood in the risks p₁, p₂ and s = ρ / (1 − ρ).

    With r running over people, it is Σ log(p + r s) over events, plus Σ log(1 − p + r s) over
    people without, less Σ log(1 + r s) over all: sums that keep their digits down to s = 0. Only
    how many arms reach each r matters.
    """

    def __init__(
        self, events: tuple[FloatArray, FloatArray], people: tuple[FloatArray, FloatArray]
    ) -> None:
        self._events = [_reaching(x) for x in events]
        self._others = [_reaching(n - x) for x, n in zip(events, people, strict=True)]
        self._all = _reaching(np.concatenate(people))
        self._rough = [float(x.sum() / n.sum()) for x, n in zip(events, people, strict=True)]
        self._constant = sum(
            float((-np.log1p(n) - betaln(n - x + 1, x + 1)).sum())
            for x, n in zip(events, people, strict=True)
        )

    def value(self, risks: tuple[float, float], s: float) -> float:
        """Log-likelihood, all constants included."""
        total = self._constant - float(self._all @ np.log1p(_steps(self._all) * s))
        for events, others, p in zip(self._events, self._others, risks, strict=True):
            total += float(events @ np.log(p + _steps(events) * s))
            total += float(others @ np.log(1 - p + _steps(others) * s))
        return total

    def risks(self, s: float) -> tuple[float, float]:
        """Both risks at their best for `s`: concave in each, so Newton's method, kept inside."""
        found = []
        for events, others, start in zip(self._events, self._others, self._rough, strict=True):
            p = start
            for _ in range(200):
                up, down = p + _steps(events) * s, 1 - p + _steps(others) * s
                slope = float((events / up).sum() - (others / down).sum())
                bend = float((events / up**2).sum() + (others / down**2).sum())
                new = p + slope / bend
                new = p / 2 if new <= 0 else (1 + p) / 2 if new >= 1 else new
                done = abs(new - p) <= 4e-16 * min(p, 1 - p)
                p = new
                if done:
                    break
            found.append(p)
        return found[0], found[1]

    def slope(self, s: float) -> float:
        """Derivative in s with the risks at their best."""
        risks = self.risks(s)
        r = _steps(self._all)
        total = -float((self._all * r / (1 + r * s)).sum())
        for events, others, p in zip(self._events, self._others, risks, strict=True):
            for counts, share in ((events, p), (others, 1 - p)):
                r = _steps(counts)
                total += float((counts * r / (share + r * s)).sum())
        return total

    def information(self, risks: tuple[float, float], s: float) -> FloatArray:
        """Minus the second derivatives in (p₁, p₂, s)."""
        bend = np.zeros((3, 3))
        r = _steps(self._all)
        bend[2, 2] = -float((self._all * (r / (1 + r * s)) ** 2).sum())
        for j, p in enumerate(risks):
            for counts, share, sign in ((self._events[j], p, 1.0), (self._others[j], 1 - p, -1.0)):
                r = _steps(counts)
                square = counts / (share + r * s) ** 2
                bend[j, j] += float(square.sum())
                bend[j, 2] += sign * float(square @ r)
                bend[2, 2] += float(square @ r**2)
        bend[2, :2] = bend[:2, 2]
        return bend


def _likeliest_spread(likelihood: _Likelihood) -> float:
    """Find the s of the highest peak: every change of sign of the slope, and zero."""
    rising = [likelihood.slope(s) > 0 for s in _SCAN]
    if rising[-1]:
        raise EvidenceError(
            "Arms are all or nothing throughout: no finite spread between studies is likeliest."
        )
    peaks = [] if rising[0] else [0.0]
    for low, high, up, on in zip(_SCAN, _SCAN[1:], rising, rising[1:], strict=False):
        if up and not on:
            peaks.append(bracketed_root(likelihood.slope, low, high))
    return max(peaks, key=lambda s: likelihood.value(likelihood.risks(s), s))


def _reaching(counts: FloatArray) -> FloatArray:
    """How many of the counts exceed r, for r = 0, 1, … up to the largest."""
    sizes = np.bincount(counts.astype(np.intp))
    return np.asarray(sizes[::-1].cumsum()[::-1][1:], dtype=np.float64)


def _steps(reaching: FloatArray) -> FloatArray:
    return np.arange(len(reaching), dtype=np.float64)
