"""What an effect means for people: differences of risk and numbers needed to treat.

Everything here is for reading, not for pooling: the control group's risk is taken as known, so
that the interval holds only what is uncertain about the effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    Sweep,
    require_finite,
    require_positive,
)

CONTROL_RISK = Assumption(
    id="control-risk-known",
    text=(
        "The risk without the treatment was chosen and taken as known; people with another risk "
        "have another difference, in size and sometimes in meaning."
    ),
    sweep=Sweep(name="control_risk", values=(0.1, 0.2, 0.3, 0.5)),
)
NORMAL_SCORES = Assumption(
    id="normal-responders",
    text=(
        "Scores are normal with the same spread in both arms, and the treatment shifts them all "
        "alike; the share of responders was worked out, nobody counted responders."
    ),
)
CONSTANT_RATIO = Assumption(
    id="constant-ratio",
    text="The ratio is the same at this control risk as in the trials that it comes from.",
)
RISK_CAPPED = Assumption(
    id="risk-capped",
    text="An end of the interval would be a risk above one; it was cut there.",
)
NNT_OF_A_TIME = Assumption(
    id="nnt-of-a-time",
    text=(
        "A number needed to treat belongs to one outcome, one comparator, one control risk and "
        "one length of treatment, and is an average; its interval is not symmetric."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDifference:
    """Share of people with the event in the first arm minus that in the second, with interval.

    `treated_risk` and `control_risk` where the difference was worked out from them, else `None`.
    """

    value: float
    low: float
    high: float
    level: float
    treated_risk: float | None = None
    control_risk: float | None = None
    steps: tuple[Step, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNeeded:
    """How many people must be treated for one more (or one less) to have the event.

    `value` is positive for benefit (NNTB) and negative for harm (NNTH), `None` where the
    difference is nothing. `benefit` and `harm` are the ends of the interval as numbers of people,
    each `None` where the interval has no such side. Where `through_infinity`, the interval runs
    from NNTB `benefit` through infinity to NNTH `harm` (Altman 1998, DOI
    10.1136/bmj.317.7168.1309); otherwise from `nearest` to `farthest` on the one side, `farthest`
    being `None` where an end of the risk difference is exactly nothing.
    """

    value: float | None
    benefit: float | None
    harm: float | None
    nearest: float | None
    farthest: float | None
    through_infinity: bool
    level: float
    steps: tuple[Step, ...]
    assumptions: tuple[Assumption, ...]

    @property
    def text(self) -> str:
        """The number and its interval in Altman's words, whole people rounded up."""
        head = "no difference" if self.value is None else _side(self.value)
        if self.benefit is None and self.harm is None:
            return head
        if self.through_infinity:
            return f"{head} ({_number('NNTB', self.benefit)} to ∞ to {_number('NNTH', self.harm)})"
        side = "NNTB" if self.benefit is not None else "NNTH"
        far = "∞" if self.farthest is None else _number(side, self.farthest)
        return f"{head} ({_number(side, self.nearest)} to {far})"


def risk_difference(estimate: Estimate, level: float = 0.95) -> RiskDifference:
    """A risk difference with its interval, cut at −1 and 1, from an estimate of RD."""
    if estimate.measure is not EffectMeasure.RD:
        raise EvidenceError(f"This needs an estimate of RD; {estimate.measure} is another.")
    low, high = estimate.ci(level)
    return RiskDifference(
        value=estimate.yi,
        low=max(low, -1.0),
        high=min(high, 1.0),
        level=level,
        steps=estimate.steps,
        assumptions=estimate.assumptions,
    )


def risk_difference_from_ratio(
    estimate: Estimate, control_risk: float, level: float = 0.95
) -> RiskDifference:
    """Risk difference that a risk ratio or an odds ratio means at a given control risk.

    Raises `EvidenceError` where the risk ratio itself would make a risk above one; an end of the
    interval is cut there, with an assumption that says so (Cochrane Handbook, chapter 15).
    """
    _require_risk(control_risk)
    if estimate.measure is EffectMeasure.RR:
        formula = "treated risk = RR × control risk"

        def treated(yi: float) -> float:
            return math.exp(min(yi + math.log(control_risk), 1.0))

        if treated(estimate.yi) > 1:
            raise EvidenceError(
                f"A risk ratio of {math.exp(min(estimate.yi, 700)):g} at a control risk of "
                f"{control_risk:g} would be a risk above one; use the odds ratio."
            )
    elif estimate.measure is EffectMeasure.OR:
        formula = "treated odds = OR × control odds, treated risk = odds / (1 + odds)"
        log_odds = math.log(control_risk) - math.log1p(-control_risk)

        def treated(yi: float) -> float:
            return _expit(yi + log_odds)
    else:
        raise EvidenceError(f"This needs an estimate of RR or OR; {estimate.measure} is another.")
    return _at_control_risk(
        estimate,
        control_risk,
        level,
        treated,
        formula=formula,
        cite="rd-from-ratio",
        beliefs=(CONTROL_RISK, CONSTANT_RATIO),
    )


def risk_difference_from_smd(
    estimate: Estimate, control_risk: float, level: float = 0.95
) -> RiskDifference:
    """Risk difference that a standardised mean difference means at a given control risk.

    treated risk = Φ(SMD + Φ⁻¹(control risk)): normal scores, a line drawn where the control group
    has this share above it (Furukawa and Leucht 2011, DOI 10.1371/journal.pone.0019070). The event
    is scoring above the line, so a positive SMD makes it more common.
    """
    _require_risk(control_risk)
    if estimate.measure is not EffectMeasure.SMD:
        raise EvidenceError(f"This needs an estimate of SMD; {estimate.measure} is another.")
    line = float(ndtri(control_risk))
    return _at_control_risk(
        estimate,
        control_risk,
        level,
        lambda yi: float(ndtr(yi + line)),
        formula="treated risk = Φ(SMD + Φ⁻¹(control risk))",
        cite="nnt-from-smd",
        beliefs=(CONTROL_RISK, NORMAL_SCORES),
    )


def responder_difference(
    estimate: Estimate,
    *,
    control_mean: float,
    sd: float,
    threshold: float,
    higher_is_better: bool = True,
    level: float = 0.95,
) -> RiskDifference:
    """Difference in the share of responders that a mean difference means at a threshold.

    A responder scores at or beyond `threshold`, above it if higher is better, below it otherwise.
    The control group is normal with `control_mean` and `sd`, the treated one the same but shifted
    by the effect (Anzures-Cabrera 2011, DOI 10.1002/sim.4298). All in the outcome's units.
    """
    if estimate.measure is not EffectMeasure.MD:
        raise EvidenceError(f"This needs an estimate of MD; {estimate.measure} is another.")
    require_finite(control_mean=control_mean, threshold=threshold)
    require_positive(sd=sd)
    sign = 1.0 if higher_is_better else -1.0

    def treated(yi: float) -> float:
        return float(ndtr(sign * ((control_mean - threshold) / sd + yi / sd)))

    return _at_control_risk(
        estimate,
        treated(0.0),
        level,
        treated,
        formula="treated risk = Φ(±(control mean + MD − threshold) / SD), + where higher is better",
        cite="responder-difference",
        beliefs=(NORMAL_SCORES,),
        inputs={"control mean": control_mean, "SD": sd, "threshold": threshold},
    )


def number_needed(difference: RiskDifference, *, event_is_good: bool) -> NumberNeeded:
    """Number needed to treat with its interval, through infinity where it must.

    The reciprocal of the risk difference, positive for benefit. Raises nothing: a difference of
    exactly nothing has no number (`value` is `None`), and an interval on both sides of nothing
    runs through infinity.
    """
    sign = 1.0 if event_is_good else -1.0
    gain, low, high = _in_favour(sign, difference)
    benefit = _reciprocal(high) if high > 0 else None
    harm = _reciprocal(-low) if low < 0 else None
    both = low < 0 < high
    nearest: float | None = None
    farthest: float | None = None
    if not both:
        if benefit is not None:
            nearest, farthest = benefit, _reciprocal(low)
        elif harm is not None:
            nearest, farthest = harm, _reciprocal(-high)
    step = Step(
        quantity="NNT",
        formula="NNT = 1 / (risk difference in favour of the treatment)",
        value=math.inf if gain == 0 else 1 / gain,
        inputs={"risk difference": gain, "lower": low, "upper": high},
        cite="nnt",
    )
    return NumberNeeded(
        value=None if math.isinf(step.value) else step.value,
        benefit=benefit,
        harm=harm,
        nearest=nearest,
        farthest=farthest,
        through_infinity=both,
        level=difference.level,
        steps=(*difference.steps, step),
        assumptions=(*difference.assumptions, NNT_OF_A_TIME),
    )


def number_needed_from_smd(
    estimate: Estimate, control_risk: float, *, event_is_good: bool = True, level: float = 0.95
) -> NumberNeeded:
    """Number needed to treat of an SMD at a control risk (Furukawa and Leucht 2011)."""
    difference = risk_difference_from_smd(estimate, control_risk, level)
    return number_needed(difference, event_is_good=event_is_good)


def number_needed_from_ratio(
    estimate: Estimate, control_risk: float, *, event_is_good: bool, level: float = 0.95
) -> NumberNeeded:
    """Number needed to treat of a risk or odds ratio at a control risk."""
    difference = risk_difference_from_ratio(estimate, control_risk, level)
    return number_needed(difference, event_is_good=event_is_good)


def _at_control_risk(
    estimate: Estimate,
    control_risk: float,
    level: float,
    treated: Callable[[float], float],
    *,
    formula: str,
    cite: str,
    beliefs: tuple[Assumption, ...],
    inputs: dict[str, float] | None = None,
) -> RiskDifference:
    """The risk rises or falls steadily with the effect, so that the ends of the interval carry."""
    risks = [treated(yi) for yi in (estimate.yi, *estimate.ci(level))]
    if max(risks) > 1:
        beliefs = (*beliefs, RISK_CAPPED)
        risks = [min(risk, 1.0) for risk in risks]
    at, ends = risks[0], sorted(risks[1:])
    given = {"effect": estimate.yi, "control risk": control_risk, **(inputs or {})}
    steps = (
        Step(quantity="treated risk", formula=formula, value=at, inputs=given, cite=cite),
        Step(
            quantity="RD",
            formula="RD = treated risk − control risk",
            value=at - control_risk,
            inputs={"treated risk": at, "control risk": control_risk},
            cite=cite,
        ),
    )
    return RiskDifference(
        value=at - control_risk,
        low=ends[0] - control_risk,
        high=ends[1] - control_risk,
        level=level,
        treated_risk=at,
        control_risk=control_risk,
        steps=(*estimate.steps, *steps),
        assumptions=tuple(dict.fromkeys((*estimate.assumptions, *beliefs))),
    )


def _in_favour(sign: float, difference: RiskDifference) -> tuple[float, float, float]:
    """Difference and ends of its interval, positive in favour of the treatment, low before high."""
    low, high = sorted((sign * difference.low, sign * difference.high))
    return sign * difference.value, low, high


def _require_risk(risk: float) -> None:
    if not 0 < risk < 1:
        raise EvidenceError(f"A control risk of {risk:g} is not strictly between 0 and 1.")


def _reciprocal(x: float) -> float | None:
    """1 / x, `None` where x is nothing (or so near it that the number overflows)."""
    return 1 / x if x > 0 and math.isfinite(1 / x) else None


def _side(value: float) -> str:
    return _number("NNTB" if value > 0 else "NNTH", abs(value))


def _number(side: str, value: float | None) -> str:
    # A hair above a whole number is rounding of the arithmetic, not another person.
    return f"{side} ∞" if value is None else f"{side} {math.ceil(value * (1 - 1e-12))}"


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
