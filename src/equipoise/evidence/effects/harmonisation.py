"""Different instruments of one domain brought to one scale, each step with its caveat.

Every result carries what had to be believed in `assumptions`; their texts are the caveats to show
beside the number. Continuous effects become other continuous ones as `Estimate`, so that they can
be pooled; risks and numbers needed to treat are for reading, in `risks`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    Sweep,
    require_positive,
)

_LOGISTIC_SD = math.pi / math.sqrt(3)

SAME_CONSTRUCT = Assumption(
    id="same-construct",
    text=(
        "The instruments measure the same thing, and differ only in unit and direction; a "
        "standardised difference also depends on how different the people of each trial are."
    ),
)
REFERENCE_SD = Assumption(
    id="reference-sd",
    text=(
        "The standard deviation that translates between units and standard deviations was chosen, "
        "and taken as known; another population's would give another number."
    ),
)
MID_UNITS = Assumption(
    id="mid-units",
    text=(
        "An effect below one minimal important difference does not mean that nobody gains, nor "
        "one above that everybody does: the mean says nothing about how many people pass it. The "
        "minimal important difference itself is an estimate."
    ),
)
LOGISTIC_LATENT = Assumption(
    id="logistic-latent",
    text=(
        "The outcome behind yes and no is logistic with the same spread in both arms, so that the "
        "odds ratio is the same wherever the line between them is drawn."
    ),
)

_STANDARDISED = (EffectMeasure.SMD,)


def align_direction(estimate: Estimate, *, higher_is_better: bool) -> Estimate:
    """The estimate with a sign such that positive means that the first arm is better off.

    A mirror: applied twice it gives the estimate back. For ratios the sign of the logarithm turns
    over, that is, the ratio is inverted. Degrees of freedom and variance stay.
    """
    if higher_is_better:
        return estimate
    turned = Step(
        quantity="better by",
        formula="better by = −(effect), lower being better",
        value=-estimate.yi,
        inputs={"effect": estimate.yi},
        cite="direction",
    )
    return _like(estimate, estimate.measure, turned, estimate.vi)


def standardise_by(estimate: Estimate, sd: float) -> Estimate:
    """A mean difference in units of a stated reference SD (SMD without small-sample correction).

    One SD for all trials, say the baseline SD of a large survey, keeps an effect from looking
    larger where people are more alike (DOI 10.1136/bmj.k4817). `sd` in the outcome's units.
    """
    _require_measure(estimate, EffectMeasure.MD)
    require_positive(sd=sd)
    step = Step(
        quantity="SMD",
        formula="SMD = MD / reference SD",
        value=estimate.yi / sd,
        inputs={"MD": estimate.yi, "reference SD": sd},
        cite="reference-sd",
    )
    scaled = estimate.sei / sd
    return _like(
        estimate,
        EffectMeasure.SMD,
        step,
        scaled * scaled,
        (_around(REFERENCE_SD, "sd", sd), SAME_CONSTRUCT),
    )


def express_on_instrument(estimate: Estimate, sd: float) -> Estimate:
    """A standardised mean difference in units of a familiar instrument with this SD.

    The inverse of `standardise_by` (Cochrane Handbook, chapter 15).
    """
    _require_measure(estimate, *_STANDARDISED)
    require_positive(sd=sd)
    step = Step(
        quantity="MD",
        formula="MD = SMD × SD of the instrument",
        value=estimate.yi * sd,
        inputs={"SMD": estimate.yi, "SD of the instrument": sd},
        cite="smd-to-md",
    )
    scaled = estimate.sei * sd
    return _like(
        estimate,
        EffectMeasure.MD,
        step,
        scaled * scaled,
        (_around(REFERENCE_SD, "sd", sd), SAME_CONSTRUCT),
    )


def express_in_mids(estimate: Estimate, mid: float) -> Estimate:
    """A mean difference in minimal important differences of its instrument.

    The result keeps the measure MD, its unit being one MID: trials with different instruments
    can be pooled in it (Johnston 2010, DOI 10.1186/1477-7525-8-116). `mid` positive, in the
    outcome's units.
    """
    _require_measure(estimate, EffectMeasure.MD)
    require_positive(mid=mid)
    step = Step(
        quantity="MD in MIDs",
        formula="MD in MIDs = MD / MID",
        value=estimate.yi / mid,
        inputs={"MD": estimate.yi, "MID": mid},
        cite="mid-units",
    )
    scaled = estimate.sei / mid
    return _like(
        estimate,
        EffectMeasure.MD,
        step,
        scaled * scaled,
        (_around(MID_UNITS, "mid", mid), SAME_CONSTRUCT),
    )


def estimate_or_from_smd(estimate: Estimate) -> Estimate:
    """Log odds ratio of a standardised mean difference: SMD × π/√3.

    Hasselblad and Hedges 1995 (DOI 10.1037/0033-2909.117.1.167); Chinn 2000 rounds π/√3 to 1.81.
    The odds are those of scoring higher.
    """
    _require_measure(estimate, *_STANDARDISED)
    step = Step(
        quantity="log OR",
        formula="log OR = SMD × π / √3",
        value=estimate.yi * _LOGISTIC_SD,
        inputs={"SMD": estimate.yi},
        cite="smd-to-or",
    )
    scaled = estimate.sei * _LOGISTIC_SD
    return _like(estimate, EffectMeasure.OR, step, scaled * scaled, (LOGISTIC_LATENT,))


def estimate_smd_from_or(estimate: Estimate) -> Estimate:
    """Standardised mean difference of a log odds ratio: log OR × √3/π.

    The inverse of `estimate_or_from_smd` (Hasselblad and Hedges 1995).
    """
    _require_measure(estimate, EffectMeasure.OR)
    step = Step(
        quantity="SMD",
        formula="SMD = log OR × √3 / π",
        value=estimate.yi / _LOGISTIC_SD,
        inputs={"log OR": estimate.yi},
        cite="smd-to-or",
    )
    scaled = estimate.sei / _LOGISTIC_SD
    return _like(estimate, EffectMeasure.SMD, step, scaled * scaled, (LOGISTIC_LATENT,))


def _around(assumption: Assumption, name: str, value: float) -> Assumption:
    """The assumption with a sweep over the chosen number and a fifth less and more."""
    return replace(assumption, sweep=Sweep(name=name, values=(0.8 * value, value, 1.2 * value)))


def _require_measure(estimate: Estimate, *measures: EffectMeasure) -> None:
    if estimate.measure not in measures:
        wanted = " or ".join(measures)
        raise EvidenceError(f"This needs an estimate of {wanted}; {estimate.measure} is another.")


def _like(
    estimate: Estimate,
    measure: EffectMeasure,
    step: Step,
    variance: float,
    beliefs: tuple[Assumption, ...] = (),
) -> Estimate:
    return Estimate(
        measure=measure,
        yi=step.value,
        vi=variance,
        df=estimate.df,
        steps=(*estimate.steps, step),
        assumptions=tuple(dict.fromkeys((*estimate.assumptions, *beliefs))),
    )
