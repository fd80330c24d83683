"""Printed results → estimates of effect, one outcome of one study at a time.

The rules stand here in the order in which they are tried. What cannot be estimated is listed with
the reason; nothing is dropped in silence. Changes within one group are estimated too, but they are
marked as uncontrolled and never reach a pool.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from equipoise.case import Case
from equipoise.case.printed import Printed
from equipoise.case.study import (
    ArmResult,
    Comparator,
    Contrast,
    ContrastType,
    Outcome,
    Structure,
    Study,
    StudyKind,
)
from equipoise.errors import EvidenceError
from equipoise.evidence.effects import (
    EffectMeasure,
    Estimate,
    Proportion,
    estimate_from_iqr,
    estimate_md_crossover_from_arms,
    estimate_md_from_arm_cis,
    estimate_md_from_ci,
    estimate_md_from_means,
    estimate_md_from_p,
    estimate_md_from_se,
    estimate_prepost_smcr,
    estimate_proportion,
    estimate_ratio_from_ci,
    estimate_rr,
    estimate_rr_from_percents,
    estimate_smd_crossover_from_t,
    estimate_smd_from_md,
    events_from_percent,
)
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import EffectRow
from equipoise.findings.studies import arm_of, row_key
from equipoise.findings.wording import decimal, with_unit

_RANDOMISED_KINDS = {StudyKind.TRIAL}
_BETWEEN = {
    ContrastType.MEAN_DIFFERENCE,
    ContrastType.ADJUSTED_MEAN_DIFFERENCE,
    ContrastType.DIFFERENCE_IN_CHANGE,
}
_RATIOS = {
    ContrastType.RISK_RATIO: EffectMeasure.RR,
    ContrastType.ODDS_RATIO: EffectMeasure.OR,
}
_UNCONTROLLED_CHANGE = (
    "a difference without a randomised comparison; it is shown as printed and estimated no further"
)
# Numbers that describe rather than compare: shown with their study, and not missed here.
_DESCRIPTIVE = {
    ContrastType.EFFECTIVE_DOSE,
    ContrastType.R_SQUARED,
    ContrastType.MEDIAN,
    ContrastType.PERCENT,
    ContrastType.RANGE,
    ContrastType.HALF_LIFE,
    ContrastType.DURATION,
}
_NO_ESTIMATE = {
    ContrastType.DIRECTION_ONLY: "only a direction was printed",
    ContrastType.NO_DIFFERENCE: "only the words of no difference were printed, without a number",
    ContrastType.P_ONLY: "only a p value was printed, without an estimate",
    ContrastType.MEAN_CHANGE: _UNCONTROLLED_CHANGE,
    ContrastType.PERCENT_CHANGE: _UNCONTROLLED_CHANGE,
    ContrastType.PERCENT_DIFFERENCE: _UNCONTROLLED_CHANGE,
    ContrastType.DIFFERENCE_IN_DIFFERENCES: _UNCONTROLLED_CHANGE,
    ContrastType.RATIO: _UNCONTROLLED_CHANGE,
    ContrastType.NOT_REPORTED: "no comparison between the groups was printed",
    ContrastType.PAIRED_PROPORTIONS: (
        "paired proportions were printed without the paired counts that an estimate needs"
    ),
}
# Records that report others' work, or no people given the treatment: shown, never estimated from.
_NOT_PRIMARY = {
    StudyKind.META_ANALYSIS,
    StudyKind.REVIEW,
    StudyKind.LABEL,
    StudyKind.REGISTERED_TRIAL,
    StudyKind.LABORATORY,
    StudyKind.MECHANISM,
    StudyKind.SURVEY,
    StudyKind.CASE_REPORT,
}


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate in the engine's hands: the row that is shown, and what pooling needs."""

    row: EffectRow
    estimate: Estimate | None
    """`None` for a proportion of one group, which compares nothing and is never pooled."""
    study: Study
    outcome: Outcome
    standardised: Estimate | None
    """The same effect in standard deviations, where it can be had."""
    inputs: tuple[str, ...]
    """Numbers behind the estimate and its standardised form."""
    assumed: tuple[str, ...]
    primary: bool
    crossover_people: float | None = None
    """People of a crossover, whose standardised form needs a correlation; else `None`."""

    def standardised_at(self, correlation: float) -> Estimate | None:
        """The standardised form, had the within-person correlation been another."""
        if self.crossover_people is None or self.estimate is None:
            return self.standardised
        t = self.estimate.yi / self.estimate.sei
        return estimate_smd_crossover_from_t(t, self.crossover_people, correlation)


@dataclass(frozen=True, slots=True)
class NoEffect:
    """An outcome from which no estimate can be made, and why."""

    study: str
    outcome: str
    outcome_name: str
    domain: str
    condition: str
    reason: str
    controlled: bool


def estimate_effects(case: Case, ledger: Ledger) -> tuple[tuple[Effect, ...], tuple[NoEffect, ...]]:
    """Every estimate that the printed numbers allow, and every one that they do not."""
    effects: list[Effect] = []
    missing: list[NoEffect] = []
    for study in case.studies:
        if study.kind in _NOT_PRIMARY or study.kind is StudyKind.SECONDARY_ANALYSIS:
            continue
        for outcome in study.outcomes:
            if outcome.contrast is not None and outcome.contrast.type in _DESCRIPTIVE:
                continue
            try:
                effects.extend(_estimate(case, study, outcome, ledger))
            except _CannotEstimateError as reason:
                missing.append(_missing(study, outcome, str(reason)))
            except EvidenceError as refused:
                missing.append(_missing(study, outcome, _plain(str(refused))))
    return tuple(effects), tuple(missing)


class _CannotEstimateError(Exception):
    """Why an outcome gives no estimate; stays inside this module."""


def _plain(text: str) -> str:
    """A refusal without its typed numbers, so that it can stand in prose."""
    first = text.split(". ", 1)[0].rstrip(".")
    if any(c.isdigit() for c in first) or "{" in first:
        return "the printed numbers do not allow an estimate"
    return first[0].lower() + first[1:]


def _missing(study: Study, outcome: Outcome, reason: str) -> NoEffect:
    return NoEffect(
        study=study.id,
        outcome=outcome.id,
        outcome_name=outcome.name,
        domain=outcome.domain,
        condition=study.group,
        reason=reason,
        controlled=is_controlled(study),
    )


def is_controlled(study: Study) -> bool:
    """Whether people were allocated at random to the treatment or to something else."""
    return (
        study.kind in _RANDOMISED_KINDS
        and study.randomised is True
        and study.comparator
        in {
            Comparator.PLACEBO,
            Comparator.ACTIVE,
            Comparator.USUAL_CARE,
            Comparator.OTHER_TREATMENT,
        }
    )


def turned(e: Estimate) -> Estimate:
    """The same effect counted the other way round."""
    return replace(e, yi=-e.yi)


def _printed_backwards(study: Study, contrast: Contrast) -> bool:
    """Whether a contrast was printed as the comparator minus (or over) the treatment."""
    if contrast.arms is None:
        return False
    first, second = (arm_of(study, arm).role for arm in contrast.arms)
    return first == "comparator" and second == "intervention"


def _compared(study: Study, outcome: Outcome) -> tuple[str, str] | None:
    """The intervention and the comparator arm of an outcome, when there is exactly one of each."""
    if outcome.contrast is not None and outcome.contrast.arms is not None:
        first, second = outcome.contrast.arms
        return (second, first) if _printed_backwards(study, outcome.contrast) else (first, second)
    used = {row.arm for row in outcome.arms} or {arm.id for arm in study.arms}
    treated = [a.id for a in study.arms if a.id in used and a.role == "intervention"]
    control = [a.id for a in study.arms if a.id in used and a.role == "comparator"]
    if len(treated) == 1 and len(control) == 1:
        return treated[0], control[0]
    return None


def _estimate(case: Case, study: Study, outcome: Outcome, ledger: Ledger) -> Iterator[Effect]:
    maker = _Maker(case, study, outcome, ledger)
    if is_controlled(study):
        pair = _compared(study, outcome)
        prepost = outcome.contrast is not None and outcome.contrast.type is ContrastType.PREPOST
        if pair is not None and not prepost:
            yield maker.between(pair)
            return
        if not prepost and len({r.arm for r in outcome.arms}) > 1:
            raise _CannotEstimateError(
                "more than one pair of arms could be compared, and no comparison between the "
                "groups was printed"
            )
    yield maker.within()


class _Maker:
    """Makes the estimate of one outcome, entering each number as it goes."""

    def __init__(self, case: Case, study: Study, outcome: Outcome, ledger: Ledger) -> None:
        self.case = case
        self.study = study
        self.outcome = outcome
        self.ledger = ledger
        self.at = f"studies/{study.id}/outcomes/{outcome.id}"
        self.crossover = study.structure is Structure.CROSSOVER
        self.inputs: list[str] = []
        self.sizes: list[str] = []
        """People and correlation: they enter only the standardised form of a difference."""
        self.assumed: list[str] = []
        self.crossover_people: float | None = None

    # -- what was printed --

    def _take(
        self, place: str, printed: Printed | None, into: list[str] | None = None
    ) -> float | None:
        """An exact printed number, noted as an input."""
        if printed is None or not printed.is_exact:
            return None
        (self.inputs if into is None else into).append(place)
        return printed.value

    def _row(self, arm: str, time: str | None = None) -> ArmResult | None:
        """The row of an arm: at that time, else the result (never the baseline)."""
        rows = [r for r in self.outcome.arms if r.arm == arm]
        if time is not None:
            rows = [r for r in rows if r.time == time]
        else:
            rows = [r for r in rows if r.time != "baseline"]
        return rows[0] if rows else None

    def _n(self, arm: str, row: ArmResult | None, into: list[str] | None = None) -> float | None:
        """People of an arm: of the row, else of the arm."""
        if row is not None and row.n is not None:
            return self._take(f"{self.at}/arms/{row_key(row)}/n", row.n, into)
        place = f"studies/{self.study.id}/arms/{arm}/n"
        return self._take(place, arm_of(self.study, arm).n, into)

    def _people(self, into: list[str] | None = None) -> float | None:
        """People in a crossover or a single group: analysed, else randomised (assumed analysed)."""
        place = f"studies/{self.study.id}"
        n = self._take(f"{place}/n_analysed", self.study.n_analysed, into)
        if n:
            return n
        n = self._take(f"{place}/n_randomised", self.study.n_randomised, into)
        if n:
            self._assume(
                "randomised-are-analysed",
                "The number analysed was not printed; all who were randomised count as analysed.",
            )
        return n

    def _assume(self, assumption_id: str, text: str) -> None:
        self.assumed.append(self.ledger.assume(assumption_id, text))

    # -- between randomised arms --

    def between(self, pair: tuple[str, str]) -> Effect:
        """The treatment against its comparator, from the printed contrast, else from the arms.

        A contrast that was printed the other way round (comparator minus treatment, told by its
        `arms`) is turned.
        """
        if self.outcome.kind == "binary":
            return self._effect(self._binary(pair), controlled=True, standardised=None)
        contrast = self.outcome.contrast
        estimate: Estimate | None = None
        standardised: Estimate | None = None
        if contrast is not None and contrast.estimate is not None:
            estimate, standardised = self._from_contrast(contrast, pair)
            if _printed_backwards(self.study, contrast):
                estimate, standardised = (e and turned(e) for e in (estimate, standardised))
        if estimate is None:
            self.inputs.clear()
            self.sizes.clear()
            estimate, standardised = self._from_arms(pair)
        if estimate is None:
            raise _CannotEstimateError(self._why_none(contrast))
        return self._effect(estimate, controlled=True, standardised=standardised)

    def _why_none(self, contrast: Contrast | None) -> str:
        if contrast is None:
            return "no comparison between the groups was printed"
        if contrast.p is not None and not contrast.p.is_exact and contrast.estimate is not None:
            return "only a bound on the p value was printed, so the precision is not known"
        return _NO_ESTIMATE.get(
            contrast.type,
            "neither an interval, an exact p value nor standard deviations were printed",
        )

    def _from_contrast(
        self, contrast: Contrast, pair: tuple[str, str]
    ) -> tuple[Estimate | None, Estimate | None]:
        place = f"{self.at}/contrast"
        value = self._take(f"{place}/estimate", contrast.estimate)
        if value is None:
            return None, None
        if contrast.sign_inferred:
            self._assume(
                "sign-inferred",
                "The sign of the difference was not printed; it follows from the arms' own means.",
            )
        if contrast.type in _BETWEEN:
            return self._difference(contrast, value, pair)
        if contrast.type is ContrastType.SMD:
            estimate = self._with_precision(contrast, value, None)
            if estimate is None:
                return None, None
            standard = replace(estimate, measure=EffectMeasure.SMD)
            return standard, standard
        if contrast.type is ContrastType.PAIRED_MEAN_DIFFERENCE:
            n = self._people()
            if n is None or n < 2:
                return None, None
            estimate = self._with_precision(contrast, value, n - 1)
            if estimate is None:
                return None, None
            return estimate, self._crossover_smd(estimate, n)
        if contrast.type is ContrastType.PAIRED_MEDIAN_DIFFERENCE:
            n = self._people()
            width = self._take(f"{place}/iqr_width", contrast.iqr_width)
            if n is None or width is None:
                return None, None
            estimate = estimate_from_iqr(value, width, n)
            return estimate, self._crossover_smd(estimate, n)
        return None, None

    def _difference(
        self, contrast: Contrast, value: float, pair: tuple[str, str]
    ) -> tuple[Estimate | None, Estimate | None]:
        estimate = self._with_precision(contrast, value, None)
        if estimate is None:
            return None, None
        if self.crossover:
            n = self._people(self.sizes)
            return estimate, self._crossover_smd(estimate, n) if n else None
        n1, n2 = (self._n(arm, self._row(arm), self.sizes) for arm in pair)
        if n1 is None or n2 is None:
            return estimate, None
        return estimate, estimate_smd_from_md(estimate.yi, estimate.sei, n1, n2)

    def _with_precision(
        self, contrast: Contrast, value: float, df: float | None
    ) -> Estimate | None:
        """A printed difference with its precision: its SE, else its interval, else its exact p."""
        place = f"{self.at}/contrast"
        if (se := self._take(f"{place}/se", contrast.se)) is not None:
            return estimate_md_from_se(value, se, df)
        if limits := self._limits(contrast):
            low, high, level = limits
            return estimate_md_from_ci(value, low, high, level, df)
        if (p := self._take(f"{place}/p", contrast.p)) is not None:
            return estimate_md_from_p(value, p, df)
        return None

    def _limits(self, contrast: Contrast) -> tuple[float, float, float] | None:
        """A printed interval, when both of its ends are exact numbers."""
        if contrast.ci is None or not (contrast.ci.low.is_exact and contrast.ci.high.is_exact):
            return None
        low = self._take(f"{self.at}/contrast/ci/low", contrast.ci.low)
        high = self._take(f"{self.at}/contrast/ci/high", contrast.ci.high)
        return None if low is None or high is None else (low, high, contrast.ci.level)

    def _crossover_smd(self, estimate: Estimate, n: float) -> Estimate:
        r = self.case.plan.crossover_correlation.value
        self.sizes.append("case/plan/crossover-correlation")
        self.crossover_people = n
        return estimate_smd_crossover_from_t(estimate.yi / estimate.sei, n, r)

    def _from_arms(self, pair: tuple[str, str]) -> tuple[Estimate | None, Estimate | None]:
        rows = [self._row(arm) for arm in pair]
        if any(row is None or row.mean is None for row in rows):
            return None, None
        means, sds, ns, cis, levels = [], [], [], [], []
        for arm, row in zip(pair, rows, strict=True):
            if row is None:
                return None, None
            place = f"{self.at}/arms/{row_key(row)}"
            means.append(self._take(f"{place}/mean", row.mean))
            n = self._people() if self.crossover else self._n(arm, row)
            sd = self._take(f"{place}/sd", row.sd)
            if sd is None and n and (se := self._take(f"{place}/se", row.se)) is not None:
                self._assume("sd-from-se", "SD = SE × √n, with the printed standard error.")
                sd = se * math.sqrt(n)
            sds.append(sd)
            ns.append(n)
            levels.append(row.ci.level if row.ci else self.case.plan.level)
            low = self._take(f"{place}/ci/low", row.ci.low) if row.ci else None
            high = self._take(f"{place}/ci/high", row.ci.high) if row.ci else None
            cis.append((low, high))
        m1, m2 = means
        n1, n2 = ns
        if m1 is None or m2 is None or n1 is None or n2 is None:
            return None, None
        sd1, sd2 = sds
        if self.crossover:  # two arms of the same people are not two groups
            if sd1 is None or sd2 is None:
                return None, None
            r = self.case.plan.crossover_correlation.value
            self.inputs.append("case/plan/crossover-correlation")
            paired = estimate_md_crossover_from_arms(m1, sd1, m2, sd2, n1, r)
            return paired, self._crossover_smd(paired, n1)
        if sd1 is not None and sd2 is not None:
            estimate = estimate_md_from_means(m1, sd1, n1, m2, sd2, n2)
        else:
            (lo1, hi1), (lo2, hi2) = cis
            if lo1 is None or hi1 is None or lo2 is None or hi2 is None:
                return None, None
            if levels[0] != levels[1]:
                raise _CannotEstimateError("the two arms' intervals have different coverage")
            estimate = estimate_md_from_arm_cis(m1, lo1, hi1, n1, m2, lo2, hi2, n2, levels[0])
        return estimate, estimate_smd_from_md(estimate.yi, estimate.sei, n1, n2)

    def _binary(self, pair: tuple[str, str]) -> Estimate:
        if self.crossover:
            raise _CannotEstimateError(_NO_ESTIMATE[ContrastType.PAIRED_PROPORTIONS])
        try:
            return self._from_counts(pair)
        except (_CannotEstimateError, EvidenceError):
            ratio = self._printed_ratio() or self._ratio_of_percentages(pair)
            if ratio is None:
                raise
            return ratio

    def _printed_ratio(self) -> Estimate | None:
        """A printed ratio with its interval, where the counts do not give one."""
        contrast = self.outcome.contrast
        if contrast is None or contrast.type not in _RATIOS:
            return None
        self.inputs.clear()
        self.assumed.clear()
        value = self._take(f"{self.at}/contrast/estimate", contrast.estimate)
        limits = self._limits(contrast)
        if value is None or limits is None:
            return None
        low, high, level = limits
        estimate = estimate_ratio_from_ci(value, low, high, level, measure=_RATIOS[contrast.type])
        return turned(estimate) if _printed_backwards(self.study, contrast) else estimate

    def _ratio_of_percentages(self, pair: tuple[str, str]) -> Estimate | None:
        """Percentages without denominators, where the exact p-value of their comparison stands."""
        contrast = self.outcome.contrast
        rows = [self._row(arm) for arm in pair]
        if contrast is None or any(row is None or row.total is not None for row in rows):
            return None
        self.inputs.clear()
        self.assumed.clear()
        percents = [
            self._take(f"{self.at}/arms/{row_key(row)}/percent", row.percent)
            for row in rows
            if row is not None
        ]
        p = self._take(f"{self.at}/contrast/p", contrast.p)
        first, second = percents
        if first is None or second is None or p is None:
            return None
        return estimate_rr_from_percents(first, second, p)

    def _from_counts(self, pair: tuple[str, str]) -> Estimate:
        counts: list[float] = []
        for arm in pair:
            row = self._row(arm)
            if row is None:
                raise _CannotEstimateError("no result of the comparator was printed")
            place = f"{self.at}/arms/{row_key(row)}"
            total = self._take(f"{place}/total", row.total)
            if total is None:
                raise _CannotEstimateError("percentages were printed without their denominators")
            events = self._events(place, row, total)
            counts += [events, total]
        e1, n1, e2, n2 = counts
        return estimate_rr(int(e1), int(n1), int(e2), int(n2))

    def _events(self, place: str, row: ArmResult, total: float) -> float:
        """People with the event, as printed or as the only count that gives the percentage."""
        events = self._take(f"{place}/events", row.events)
        if events is not None:
            return events
        if row.percent is None or not row.percent.is_exact:
            raise _CannotEstimateError("neither counts nor exact percentages were printed")
        possible = events_from_percent(row.percent.printed, int(total))
        if len(possible) != 1:
            raise _CannotEstimateError("the printed percentage fits no single number of people")
        self.inputs.append(f"{place}/percent")
        self._assume(
            "count-from-percent",
            "The number of people with the event is the only whole number that rounds to the "
            "printed percentage.",
        )
        return float(possible[0])

    # -- within one group: never an effect of treatment --

    def within(self) -> Effect:
        contrast = self.outcome.contrast
        intervention = [a for a in self.study.arms if a.role == "intervention"]
        if len(intervention) != 1:
            raise _CannotEstimateError("there is not exactly one treated group")
        arm = intervention[0].id
        if self.outcome.kind == "binary":
            return self._share(self._proportion(arm))
        before, after = self._row(arm, "baseline"), self._row(arm, "end")
        if before is None or after is None:
            if contrast is not None and contrast.type in _NO_ESTIMATE:
                raise _CannotEstimateError(_NO_ESTIMATE[contrast.type])
            raise _CannotEstimateError("no control group, and no values from before and after")
        pre = self._take(f"{self.at}/arms/{arm}.baseline/mean", before.mean)
        sd = self._take(f"{self.at}/arms/{arm}.baseline/sd", before.sd)
        post = self._take(f"{self.at}/arms/{arm}.end/mean", after.mean)
        n = self._n(arm, after) or self._people()
        if pre is None or post is None or sd is None or n is None:
            raise _CannotEstimateError(
                "no control group, and no standard deviation from before treatment"
            )
        r = self.case.plan.prepost_correlation.value
        self.inputs.append("case/plan/prepost-correlation")
        estimate = estimate_prepost_smcr(pre, sd, post, n, r)
        return self._effect(estimate, controlled=False, standardised=None)

    def _proportion(self, arm: str) -> Proportion:
        row = self._row(arm)
        if row is None:
            raise _CannotEstimateError("no result of the treated group was printed")
        place = f"{self.at}/arms/{row_key(row)}"
        total = self._take(f"{place}/total", row.total)
        if total is None:
            total = self._n(arm, row)
        if total is None:
            raise _CannotEstimateError("a percentage was printed without its denominator")
        events = self._events(place, row, total)
        return estimate_proportion(int(events), int(total), self.case.plan.level)

    # -- entering it --

    def _effect(
        self, estimate: Estimate, *, controlled: bool, standardised: Estimate | None
    ) -> Effect:
        effect_id = f"effects/{self.study.id}/{self.outcome.id}/{estimate.measure.lower()}"
        ids = enter_estimate(
            self.ledger,
            effect_id,
            f"{self.outcome.name}, {_MEASURE_NAMES[estimate.measure]}",
            estimate,
            self._inputs,
            unit=self.outcome.unit if estimate.measure is EffectMeasure.MD else None,
            level=self.case.plan.level,
            assumed=tuple(self.assumed),
        )
        return self._made(
            effect_id, estimate.measure, ids, estimate, standardised, controlled=controlled
        )

    def _share(self, share: Proportion) -> Effect:
        """A proportion of one group, with Wilson's interval."""
        effect_id = f"effects/{self.study.id}/{self.outcome.id}/pr"
        steps = self.ledger.steps(share.steps)
        low, high = share.low, share.high
        ids = tuple(
            self.ledger.add(
                f"{effect_id}/{name}",
                kind="derived",
                label=f"{self.outcome.name}, proportion, {_LIMITS[name]}",
                value=value,
                display=display_effect(EffectMeasure.PR, value),
                method="wilson",
                inputs=self._inputs,
                steps=steps,
                assumptions=self.assumed,
            )
            for name, value in (("estimate", share.value), ("low", low), ("high", high))
        )
        made = (ids[0], ids[1], ids[2])
        return self._made(effect_id, EffectMeasure.PR, made, None, None, controlled=False)

    @property
    def _inputs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.inputs))

    def _made(
        self,
        effect_id: str,
        measure: EffectMeasure,
        ids: tuple[str, str, str],
        estimate: Estimate | None,
        standardised: Estimate | None,
        *,
        controlled: bool,
    ) -> Effect:
        pair = _compared(self.study, self.outcome) if controlled else None
        arms = [arm_of(self.study, a) for a in pair] if pair else self.study.arms
        inputs = self._inputs
        row = EffectRow(
            id=effect_id,
            study=self.study.id,
            outcome=self.outcome.id,
            outcome_name=self.outcome.name,
            condition=self.study.group,
            domain=self.outcome.domain,
            measure=measure.value,
            comparator=self.study.comparator.value if controlled else "none",
            controlled=controlled,
            co_interventions=tuple(sorted({c for arm in arms for c in arm.co_interventions})),
            estimate=ids[0],
            low=ids[1],
            high=ids[2],
            better=self.outcome.better,
            verified=all(self.ledger.numbers[i].verified for i in inputs) and self.study.verified,
        )
        return Effect(
            row=row,
            estimate=estimate,
            study=self.study,
            outcome=self.outcome,
            standardised=standardised,
            inputs=tuple(dict.fromkeys((*inputs, *self.sizes))),
            assumed=tuple(self.assumed),
            primary=self.outcome.primary,
            crossover_people=self.crossover_people,
        )


_MEASURE_NAMES = {
    EffectMeasure.MD: "mean difference",
    EffectMeasure.SMD: "standardised mean difference",
    EffectMeasure.SMCR: "standardised change within one group",
    EffectMeasure.RR: "risk ratio",
    EffectMeasure.OR: "odds ratio",
    EffectMeasure.PR: "proportion in one group",
}


def display_effect(measure: EffectMeasure, value: float, unit: str | None = None) -> str:
    """An effect as pages show it: ratios and differences to two places, proportions in per cent."""
    if measure is EffectMeasure.PR:
        return f"{decimal(100 * value, 0)}%"
    text = decimal(value, 2 if abs(value) < 100 else 1)
    return with_unit(text, unit if unit and len(unit) <= 16 else None)


def enter_estimate(
    ledger: Ledger,
    effect_id: str,
    label: str,
    estimate: Estimate,
    inputs: tuple[str, ...],
    *,
    unit: str | None,
    level: float,
    assumed: tuple[str, ...] = (),
) -> tuple[str, str, str]:
    """Enter an estimate and its limits; ratios are entered as ratios, not as logarithms.

    `assumed` names what was taken for granted before the estimate was made.
    """
    steps, assumptions = ledger.take_steps(estimate)
    natural = estimate.on_natural_scale(level)
    limits = (("estimate", natural.value), ("low", natural.low), ("high", natural.high))
    if not all(math.isfinite(value) for _, value in limits):
        raise EvidenceError("An interval without end gives no estimate.")
    ids = []
    for name, value in limits:
        ids.append(
            ledger.add(
                f"{effect_id}/{name}",
                kind="derived",
                label=f"{label}, {_LIMITS[name]}",
                value=value,
                display=display_effect(
                    estimate.measure, value, unit if name == "estimate" else None
                ),
                method=_method(estimate) if name == "estimate" else "confidence-limits",
                inputs=inputs,
                steps=steps,
                assumptions=(*assumptions, *assumed),
                unit=unit,
            )
        )
    return ids[0], ids[1], ids[2]


def _method(estimate: Estimate) -> str:
    """The method that an estimate as a whole goes by; a printed difference is as printed."""
    cites = {step.cite for step in estimate.steps}
    if "crossover-smd" in cites:
        return "crossover-smd"
    method = _METHODS[estimate.measure]
    is_difference = estimate.measure in {EffectMeasure.MD, EffectMeasure.SMD}
    return "as-printed" if is_difference and method not in cites else method


_METHODS = {
    EffectMeasure.MD: "md",
    EffectMeasure.SMD: "smd-hedges",
    EffectMeasure.SMCR: "smcr",
    EffectMeasure.RR: "rr",
    EffectMeasure.OR: "or",
}
_LIMITS = {"estimate": "estimate", "low": "lower limit", "high": "upper limit"}
