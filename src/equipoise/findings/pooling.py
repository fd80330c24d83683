"""Comparable estimates → syntheses: several models side by side, every number entered."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.case import Case
from equipoise.case.printed import Reported
from equipoise.errors import EvidenceError
from equipoise.evidence.effects import EffectMeasure, Estimate
from equipoise.evidence.synthesis import BayesSynthesis, pool_bayes, pool_fixed, pool_random
from equipoise.evidence.synthesis.classical import Synthesis as Classical
from equipoise.findings.comparability import (
    Group,
    Member,
    comparable_groups,
    is_plain,
    unverified_groups,
)
from equipoise.findings.effects import Effect, display_effect
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import Cell, ForestRow, ModelResult, Synthesis
from equipoise.findings.wording import decimal, p_value, probability, significant
from equipoise.stats.priors import HalfNormal, Normal

FEW_STUDIES = 3
"""From two up to so many studies the exact Bayesian answer is the primary one; a single study
stands for itself, and more studies are pooled by REML with Hartung-Knapp. See the decision record
on primary models."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """A synthesis with what judgement needs beside the numbers that are shown."""

    synthesis: Synthesis
    measure: EffectMeasure
    k: int
    people: float
    low: float
    high: float
    i2: float | None
    prob_benefit: float
    prob_beyond_mid: float | None
    mid: float | None
    """The smallest difference that matters, where the plan lets it into a judgement."""
    natural_units: bool
    """On a scale whose smallest difference that matters is known, verified or not."""
    better: str
    studies: tuple[str, ...]
    secondary_only: bool
    """No study had the outcome as a primary one."""
    against_placebo: bool
    """Placebo against the treatment and nothing else: what can show whether it works."""


def pool_effects(
    case: Case, effects: tuple[Effect, ...], ledger: Ledger, shorts: dict[str, str]
) -> tuple[tuple[Pooled, ...], dict[str, str]]:
    """Every synthesis that the rules allow, and for each effect left out the reason why.

    `shorts` holds what a page calls each study.
    """
    groups, reasons = comparable_groups(case, effects, ledger)
    pooled = []
    for group in groups:
        try:
            pooled.append(_pool(case, group, ledger, shorts))
        except EvidenceError:  # refused before any number was entered
            for member in group.members:
                reasons[member.effect.row.id] = (
                    "The estimates lie too far apart for any model; look for a misprint."
                )
    return tuple(pooled), reasons


def show_unverified(
    case: Case, effects: tuple[Effect, ...], ledger: Ledger, shorts: dict[str, str]
) -> tuple[Synthesis, ...]:
    """Estimates that rest on unverified numbers, like beside like, without any model."""
    return tuple(
        Synthesis(
            id=f"unverified/{group.id}",
            condition=group.condition,
            domain=group.domain,
            title=group.title,
            measure=group.measure.value,
            ratio=group.measure.is_ratio,
            axis=group.axis,
            better=group.better,  # type: ignore[arg-type]
            null=1.0 if group.measure.is_ratio else 0.0,
            mid=None,
            rows=tuple(_row(m, shorts, ledger, None) for m in group.members),
            models=(),
            heterogeneity=(),
            probabilities=(),
            prior=None,
            notes=group.notes,
            verified=False,
        )
        for group in unverified_groups(case, effects, ledger)
    )


def _row(member: Member, shorts: dict[str, str], ledger: Ledger, weight: str | None) -> ForestRow:
    return ForestRow(
        effect=member.effect.row.id,
        label=shorts[member.effect.row.study],
        note=member.note,
        estimate=member.ids[0],
        low=member.ids[1],
        high=member.ids[2],
        weight=weight,
        verified=member.effect.row.verified and all(ledger.numbers[i].verified for i in member.ids),
    )


def _pool(case: Case, group: Group, ledger: Ledger, shorts: dict[str, str]) -> Pooled:
    plan = case.plan
    yi = [m.estimate.yi for m in group.members]
    vi = [m.estimate.vi for m in group.members]
    at = f"pooled/{group.id}"
    inputs = tuple(i for m in group.members for i in m.ids)
    scale = _prior_scale(case, group)
    bayes = _bayes(case, yi, vi, scale)
    fixed = pool_fixed(yi, vi, level=plan.level)
    enter = _Enter(ledger, group, at, inputs)
    models = []
    k = len(yi)
    weights = fixed.weights
    if k > 1:
        random = pool_random(yi, vi, method=plan.estimator, test=plan.test, level=plan.level)
        models.append(_classical_result(enter, random, primary=k > FEW_STUDIES))
        weights = random.weights
    models.insert(0, _bayes_result(enter, bayes, primary=1 < k <= FEW_STUDIES))
    models.append(
        _classical_result(enter, fixed, primary=False)
        if k > 1
        else _single_result(enter, group.members[0].estimate, plan.level)
    )
    mid = _mid(group)
    towards = -1.0 if group.better == "lower" else 1.0
    beyond = None
    prob_benefit = bayes.mu.prob_below(0) if towards < 0 else bayes.mu.prob_above(0)
    cells = [
        enter.probability(
            "benefit",
            "probability that the effect is a benefit, on average over trials",
            prob_benefit,
        )
    ]
    if mid is not None:
        edge = towards * mid[0]
        beyond = bayes.mu.prob_below(edge) if towards < 0 else bayes.mu.prob_above(edge)
        cells.append(
            enter.probability(
                "beyond-mid",
                "probability that it exceeds the smallest change that matters",
                beyond,
                (mid[1],),
            )
        )
    if k == 1:
        low, high = group.members[0].estimate.ci(plan.level)
    elif k <= FEW_STUDIES:
        low, high = bayes.ci
    else:
        low, high = random.ci
    synthesis = Synthesis(
        id=group.id,
        condition=group.condition,
        domain=group.domain,
        title=group.title,
        measure=group.measure.value,
        ratio=group.measure.is_ratio,
        axis=group.axis,
        better=group.better,  # type: ignore[arg-type]
        null=1.0 if group.measure.is_ratio else 0.0,
        mid=mid[1] if mid else None,
        rows=tuple(
            _row(m, shorts, ledger, enter.weight(m.effect.row.study, w) if k > 1 else None)
            for m, w in zip(group.members, weights, strict=True)
        ),
        models=tuple(models),
        heterogeneity=_heterogeneity(enter, random, bayes) if k > 1 else (),
        probabilities=tuple(cells),
        prior=_prior_text(ledger, enter, scale, group),
        notes=(
            *group.notes,
            *_sweep_note(case, group, enter, scale),
            "Intervals have a coverage of {n:case/plan/level}.",
            *(() if k > 1 else ("One trial: nothing is pooled; the models show that trial.",)),
        ),
        verified=all(ledger.numbers[i].verified for i in inputs),
    )
    people = sum(_people(m.effect) for m in group.members)
    return Pooled(
        synthesis=synthesis,
        measure=group.measure,
        k=k,
        people=people,
        low=low,
        high=high,
        i2=random.i2 if k > 1 else None,
        prob_benefit=prob_benefit,
        prob_beyond_mid=beyond,
        mid=mid[0] if mid and _mid_counts(case, group) else None,
        natural_units=mid is not None,
        better=group.better,
        studies=tuple(m.effect.row.study for m in group.members),
        secondary_only=not any(m.effect.primary for m in group.members),
        against_placebo=is_plain(group.members[0].effect),
    )


def _sweep_note(case: Case, group: Group, enter: _Enter, scale: _Scale) -> tuple[str, ...]:
    """What the primary model would say at the other correlations of the plan."""
    parts = []
    for r, estimates in group.sweep:
        yi, vi = [e.yi for e in estimates], [e.vi for e in estimates]
        mid, low, high, method = _primary(case, yi, vi, scale)
        at = f"sweep/r-{r:g}"
        chosen = enter.ledger.add(
            f"{enter.at}/{at}/correlation",
            kind="chosen",
            label="within-person correlation, another choice",
            value=r,
            display=f"r = {r:g}",
            method="case-plan",
        )
        ids = [
            enter.effect(f"{at}/{name}", f"{name} at another correlation", value, method)
            for name, value in (("estimate", mid), ("low", low), ("high", high))
        ]
        parts.append(f"{{n:{chosen}}}: {{n:{ids[0]}}} ({{n:{ids[1]}}} to {{n:{ids[2]}}})")
    return (f"With other correlations: {'; '.join(parts)}.",) if parts else ()


def _primary(
    case: Case, yi: list[float], vi: list[float], scale: _Scale
) -> tuple[float, float, float, str]:
    """Estimate and limits of the model that is primary for so many trials, and its method."""
    plan = case.plan
    if len(yi) <= FEW_STUDIES:
        bayes = _bayes(case, yi, vi, scale)
        return bayes.mu.median, *bayes.ci, "bayes-quadrature"
    random = pool_random(yi, vi, method=plan.estimator, test=plan.test, level=plan.level)
    return random.mu, *random.ci, _pooling_method(random)


def _bayes(case: Case, yi: list[float], vi: list[float], scale: _Scale) -> BayesSynthesis:
    return pool_bayes(
        yi,
        vi,
        mu_prior=Normal(mean=0.0, sd=scale.mean_sd),
        tau_prior=HalfNormal(scale=scale.tau_scale),
        level=case.plan.level,
    )


def _pooling_method(result: Classical) -> str:
    return "knapp-hartung" if result.test == "knha" else _TAU2_METHODS[result.method]


def _people(effect: Effect) -> float:
    n = effect.study.n_analysed or effect.study.n_randomised
    return n.value or 0.0 if n else 0.0


@dataclass(frozen=True, slots=True)
class _Scale:
    mean_sd: float
    tau_scale: float
    basis: str
    inputs: tuple[str, ...]


def _prior_scale(case: Case, group: Group) -> _Scale:
    """Priors in units of the effect: of a standard deviation for mean differences."""
    priors = case.plan.priors
    if group.measure.is_ratio:
        p = priors.log_ratio
        return _Scale(p.mean_sd, p.tau_scale, "on the logarithm of the ratio", ())
    p = priors.standardised
    if group.measure is EffectMeasure.SMD:
        return _Scale(p.mean_sd, p.tau_scale, "in standard deviations", ())
    instrument = group.instrument
    spread = instrument.sd if instrument is not None else None
    usable = instrument is not None and _counts(case, instrument.verified, spread)
    if instrument is not None and spread is not None and spread.value and usable:
        sd = spread.value
        inputs = (f"case/instruments/{instrument.id}/sd",)
        return _Scale(p.mean_sd * sd, p.tau_scale * sd, "from the scale's own spread", inputs)
    sds = []
    for member in group.members:
        standard = member.effect.standardised
        if standard is not None and standard.yi:
            sds.append(abs(member.estimate.yi / standard.yi))
    sd = sum(sds) / len(sds) if sds else max(m.estimate.sei for m in group.members) * 5
    return _Scale(p.mean_sd * sd, p.tau_scale * sd, "from the spread that the trials imply", ())


def _counts(case: Case, record_verified: bool, number: Reported | None) -> bool:
    """Whether the plan lets a number of this standing into a computation."""
    if number is None:
        return False
    verified = number.verified if number.verified is not None else record_verified
    return verified or case.plan.unverified == "include"


def _mid(group: Group) -> tuple[float, str] | None:
    """The smallest difference that matters, as the instrument's own number."""
    if group.instrument is None or group.instrument.mid is None:
        return None
    mid = group.instrument.mid
    value = mid.value if mid.value is not None else mid.low
    if value is None or value == 0:
        return None
    return abs(value), f"case/instruments/{group.instrument.id}/mid"


def _mid_counts(case: Case, group: Group) -> bool:
    instrument = group.instrument
    return instrument is not None and _counts(case, instrument.verified, instrument.mid)


class _Enter:
    """Enters the numbers of one synthesis under its own name."""

    def __init__(self, ledger: Ledger, group: Group, at: str, inputs: tuple[str, ...]) -> None:
        self.ledger = ledger
        self.group = group
        self.at = at
        self.inputs = inputs

    def effect(self, name: str, label: str, analysis_value: float, method: str) -> str:
        value = _natural(self.group.measure, analysis_value)
        return self.ledger.add(
            f"{self.at}/{name}",
            kind="computed",
            label=f"{self.group.title}: {label}",
            value=value,
            display=display_effect(self.group.measure, value),
            method=method,
            inputs=self.inputs,
        )

    def plain(self, name: str, label: str, value: float, display: str, method: str) -> str:
        return self.ledger.add(
            f"{self.at}/{name}",
            kind="computed",
            label=f"{self.group.title}: {label}",
            value=value,
            display=display,
            method=method,
            inputs=self.inputs,
        )

    def probability(self, name: str, label: str, value: float, extra: tuple[str, ...] = ()) -> Cell:
        number = self.ledger.add(
            f"{self.at}/{name}",
            kind="computed",
            label=f"{self.group.title}: {label}",
            value=value,
            display=probability(value),
            method="bayes-quadrature",
            inputs=(*self.inputs, *extra),
        )
        return Cell(label=label, number=number)

    def weight(self, study: str, percent: float) -> str:
        return self.plain(
            f"weight/{study}", f"weight of {study}", percent, f"{decimal(percent, 0)}%",
            "random-effects-weight",
        )  # fmt: skip


def _natural(measure: EffectMeasure, value: float) -> float:
    return Estimate(measure=measure, yi=value, vi=1.0).on_natural_scale().value


def _bayes_result(enter: _Enter, bayes: BayesSynthesis, *, primary: bool) -> ModelResult:
    low, high = bayes.ci
    new_low, new_high = bayes.prediction_interval
    method = "bayes-quadrature"
    return ModelResult(
        model="bayes",
        name="exact Bayesian random effects",
        primary=primary,
        estimate=enter.effect("bayes/estimate", "posterior median", bayes.mu.median, method),
        low=enter.effect("bayes/low", "posterior, lower limit", low, method),
        high=enter.effect("bayes/high", "posterior, upper limit", high, method),
        prediction_low=enter.effect("bayes/new-low", "next trial, lower limit", new_low, method),
        prediction_high=enter.effect("bayes/new-high", "next trial, upper limit", new_high, method),
    )


_TAU2_METHODS = {
    "REML": "reml",
    "ML": "ml",
    "DL": "dersimonian-laird",
    "PM": "paule-mandel",
}


def _single_result(enter: _Enter, estimate: Estimate, level: float) -> ModelResult:
    """A lone trial stands for itself, with its own interval."""
    low, high = estimate.ci(level)
    return ModelResult(
        model="fixed",
        name="the one trial",
        primary=True,
        estimate=enter.effect("fixed/estimate", "the one trial", estimate.yi, "fixed-effect"),
        low=enter.effect("fixed/low", "lower limit", low, "confidence-limits"),
        high=enter.effect("fixed/high", "upper limit", high, "confidence-limits"),
    )


def _classical_result(enter: _Enter, result: Classical, *, primary: bool) -> ModelResult:
    if result.method == "FE":
        model, method, name = "fixed", "fixed-effect", "fixed effect (one common effect)"
    else:
        knha = result.test == "knha"
        model = f"{result.method.lower()}-{result.test}"
        method = _pooling_method(result)
        name = f"random effects, {result.method}" + (", Hartung-Knapp" if knha else "")
    low, high = result.ci
    pi = result.prediction_interval
    note = None
    if result.hksj_narrower:
        note = (
            "This interval is narrower than the one from the normal distribution; read it with "
            "care."
        )
    elif result.test == "knha" and result.k == 2:
        note = (
            "With two trials the correction leaves one degree of freedom, so the interval is "
            "very wide by construction."
        )
    ends = None
    if pi is not None:
        ends = tuple(
            enter.effect(
                f"{model}/new-{end}", f"prediction, {word} limit", v, "prediction-interval"
            )
            for end, word, v in (("low", "lower", pi[0]), ("high", "upper", pi[1]))
        )
    return ModelResult(
        model=model,
        name=name,
        primary=primary,
        estimate=enter.effect(f"{model}/estimate", "pooled estimate", result.mu, method),
        low=enter.effect(f"{model}/low", "lower limit", low, method),
        high=enter.effect(f"{model}/high", "upper limit", high, method),
        prediction_low=ends[0] if ends else None,
        prediction_high=ends[1] if ends else None,
        note=note,
    )


def _heterogeneity(enter: _Enter, random: Classical, bayes: BayesSynthesis) -> tuple[Cell, ...]:
    cells = []
    if random.tau2 is not None:
        method = _TAU2_METHODS[random.method]
        shown = significant(random.tau2, 2)
        cells.append(
            (f"τ² ({random.method})", enter.plain("tau2", "τ²", random.tau2, shown, method))
        )
    if random.i2 is not None:
        shown = f"{decimal(random.i2, 0)}%"
        cells.append(("I²", enter.plain("i2", "I²", random.i2, shown, "i-squared")))
    if random.q_p is not None:
        cells.append(
            ("p of Q", enter.plain("q-p", "p of Q", random.q_p, p_value(random.q_p), "cochran-q"))
        )
    median = bayes.tau.median
    cells.append(
        (
            "τ, posterior median",
            enter.plain(
                "bayes/tau",
                "τ, posterior median",
                median,
                significant(median, 2),
                "bayes-quadrature",
            ),
        )
    )
    return tuple(Cell(label=label, number=number) for label, number in cells)


def _prior_text(ledger: Ledger, enter: _Enter, scale: _Scale, group: Group) -> str:
    mean = ledger.add(
        f"{enter.at}/prior/mean-sd",
        kind="computed",
        label=f"{group.title}: prior of the mean effect, standard deviation",
        value=scale.mean_sd,
        display=significant(scale.mean_sd, 3),
        method="prior-scale",
        inputs=scale.inputs,
    )
    tau = ledger.add(
        f"{enter.at}/prior/tau-scale",
        kind="computed",
        label=f"{group.title}: prior of the heterogeneity, scale",
        value=scale.tau_scale,
        display=significant(scale.tau_scale, 3),
        method="prior-scale",
        inputs=scale.inputs,
    )
    return (
        f"Prior ({scale.basis}): the mean effect is normal around no effect with standard "
        f"deviation {{n:{mean}}}; the heterogeneity τ is half-normal with scale {{n:{tau}}}."
    )
