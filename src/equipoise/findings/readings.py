"""The ways in which a trial may have been read by somebody who pooled it.

Each reading is a pair of estimate and variance on the scale of the published synthesis, oriented so
that lower is better, with the sentence that says what it takes for granted. The kinds are those
that are met in practice: crossovers counted as two parallel groups (DOI 10.1093/ije/31.1.140),
standard errors taken for standard deviations (DOI 10.1001/jama.298.4.430), the change of the
treated group taken for the effect, and differences carried over from another scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from equipoise.case import Case
from equipoise.case.printed import Printed
from equipoise.case.published import CandidateTrial, Disagreement
from equipoise.case.study import ArmResult, ContrastType, Structure, Study
from equipoise.evidence.effects import EffectMeasure, Estimate, hedges_j
from equipoise.evidence.synthesis import Reading
from equipoise.findings.effects import Effect, turned
from equipoise.findings.ledger import Ledger
from equipoise.findings.studies import row_key
from equipoise.findings.wording import significant
from equipoise.stats.distributions import critical_value, two_sided_quantile

SOUND, ASSUMED, MISTAKEN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Setting:
    """How crossovers are handled, for all trials alike."""

    id: str
    paired: bool
    correlation: float | None
    says: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialReadings:
    """Every reading of one trial, and for each kind of reading what it says and rests on."""

    study: str
    readings: tuple[Reading, ...]
    says: Mapping[str, str]
    inputs: Mapping[str, tuple[str, ...]]

    def at(self, reading_id: str, setting: str | None) -> Reading:
        """The reading of a kind in a setting."""
        return next(r for r in self.readings if r.id == reading_id and r.setting in (None, setting))

    def least_strained(self, setting: str | None) -> Reading | None:
        """The reading that takes least for granted, of equals the first."""
        fitting = [r for r in self.readings if r.setting in (None, setting)]
        return min(fitting, key=lambda r: r.strain, default=None)


def enter_correlations(question: Disagreement, ledger: Ledger) -> dict[float, str]:
    """The correlations that may have been assumed, as chosen numbers."""
    return {
        r: ledger.add(
            f"case/published/{question.id}/correlation/{r:g}",
            kind="chosen",
            label=f"{question.title}: within-person correlation, as may have been assumed",
            value=r,
            display=f"r = {r:g}",
            method="published-reading",
        )
        for r in question.correlations
    }


def list_settings(measure: EffectMeasure, correlations: Mapping[float, str]) -> tuple[Setting, ...]:
    """The ways to handle crossovers, the sound one first.

    A paired mean difference needs no correlation; its standardised form does, and so does counting
    the two periods as two groups.
    """
    paired = "Crossovers are paired"
    split = "Crossovers are counted as two parallel groups"
    settings = []
    if measure is EffectMeasure.MD:
        settings.append(Setting("paired", True, None, f"{paired}.", ()))
    for r, number in correlations.items():
        assumed = f", with a within-person correlation of {{n:{number}}}."
        if measure is EffectMeasure.SMD:
            settings.append(Setting(f"paired/{r:g}", True, r, paired + assumed, (number,)))
        settings.append(Setting(f"parallel/{r:g}", False, r, split + assumed, (number,)))
    return tuple(sorted(settings, key=lambda s: not s.paired))


def read_trial(
    case: Case,
    question: Disagreement,
    candidate: CandidateTrial,
    effect: Effect | None,
    measure: EffectMeasure,
    settings: tuple[Setting, ...],
    ledger: Ledger,
) -> TrialReadings:
    """Every way to read a candidate on a scale; none where its numbers do not allow one."""
    reader = _Reader(case, question, candidate, effect, measure, settings, ledger)
    found = list(reader.all())
    return TrialReadings(
        study=candidate.study,
        readings=tuple(r for r, _, _ in found),
        says={r.id: says for r, says, _ in found},
        inputs={r.id: inputs for r, _, inputs in found},
    )


_Found = tuple[Reading, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Reader:
    case: Case
    question: Disagreement
    candidate: CandidateTrial
    effect: Effect | None
    measure: EffectMeasure
    settings: tuple[Setting, ...]
    ledger: Ledger

    @property
    def study(self) -> Study:
        return self.case.study(self.candidate.study)

    @property
    def at(self) -> str:
        return f"studies/{self.candidate.study}/outcomes/{self.candidate.outcome}"

    def all(self) -> Iterator[_Found]:
        if self.measure is EffectMeasure.MD:
            yield from self._differences()
        else:
            yield from self._standardised()

    # -- in the units of the published mean difference --

    def _differences(self) -> Iterator[_Found]:
        effect = self.effect
        if effect is None or effect.estimate is None or effect.row.measure != EffectMeasure.MD:
            return
        e = _oriented(effect, effect.estimate)
        for scale in self.candidate.scales:
            factor = self._factor(scale.id, scale.factor)
            strain = SOUND if scale.sound else ASSUMED
            inputs = (*effect.inputs, factor)
            says = f"{scale.says} (times {{n:{factor}}})."
            yield from self._handled(
                scale.id, e.yi * scale.factor, e.vi * scale.factor**2, strain, says, inputs
            )
            people = self._people()
            if people is not None:
                yield from self._handled(
                    f"{scale.id}+se-for-sd",
                    e.yi * scale.factor,
                    e.vi * scale.factor**2 / people,
                    strain + MISTAKEN,
                    f"{says} Its standard errors are taken for standard deviations.",
                    inputs,
                )
        if (own := self._own_change()) is not None and self.candidate.scales:
            scale = self.candidate.scales[0]
            mean, se, _, own_inputs = own
            yield (
                Reading(
                    id="own-change",
                    yi=mean * scale.factor,
                    vi=(se * scale.factor) ** 2,
                    strain=MISTAKEN,
                ),
                "The change of the treated group alone is taken for the effect.",
                own_inputs,
            )

    def _factor(self, scale_id: str, factor: float) -> str:
        number = f"case/published/{self.question.id}/{self.candidate.study}/{scale_id}"
        if not self.ledger.has(number):
            self.ledger.add(
                number,
                kind="chosen",
                label=f"{self.question.title}: factor to the scale of the published difference",
                value=factor,
                display=significant(factor, 3).rstrip("0").rstrip("."),
                method="published-reading",
            )
        return number

    def _handled(
        self,
        reading_id: str,
        yi: float,
        vi: float,
        strain: int,
        says: str,
        inputs: tuple[str, ...],
    ) -> Iterator[_Found]:
        """A difference once, or for a crossover once in each setting."""
        if self.study.structure is not Structure.CROSSOVER:
            yield Reading(id=reading_id, yi=yi, vi=vi, strain=strain), says, inputs
            return
        for setting in self.settings:
            wider = 1.0 if setting.paired else 1 / (1 - (setting.correlation or 0.0))
            unpaired = SOUND if setting.paired else ASSUMED
            reading = Reading(
                id=reading_id, yi=yi, vi=vi * wider, strain=strain + unpaired, setting=setting.id
            )
            yield reading, says, inputs

    # -- in standard deviations --

    def _standardised(self) -> Iterator[_Found]:
        effect = self.effect
        if effect is not None and effect.standardised is not None:
            for setting in self.settings:
                yield from self._hedges(effect, setting)
                if effect.crossover_people is None:
                    break  # the settings differ in crossovers only
        if (own := self._own_change()) is not None:
            mean, se, n, inputs = own
            yield (
                _one_group("own-change", mean / (se * math.sqrt(n)), n),
                "The change of the treated group alone is taken for the effect.",
                inputs,
            )
        yield from self._from_changes()

    def _hedges(self, effect: Effect, setting: Setting) -> Iterator[_Found]:
        people = effect.crossover_people
        if people is None:
            standard, where, strain = effect.standardised, None, SOUND
        else:
            r = setting.correlation or 0.0
            standard, where = effect.standardised_at(r), setting.id
            plan = self.case.plan.crossover_correlation
            known = setting.paired and r in (plan.value, *plan.sweep)
            strain = SOUND if known else ASSUMED
        n = self._people()
        if standard is None or n is None:
            return
        e = _oriented(effect, standard)
        inputs = effect.inputs
        as_groups = people is not None and not setting.paired
        vi = _group_variance(e.yi, n) if as_groups else e.vi
        yield (
            Reading(id="hedges", yi=e.yi, vi=vi, strain=strain, setting=where),
            "Hedges' standardised difference.",
            inputs,
        )
        uncorrected = e.yi / hedges_j(2 * n - 2 if people is None else n - 1)
        spread = _group_variance(uncorrected, n) if people is None or as_groups else vi
        yield (
            Reading(id="cohen", yi=uncorrected, vi=spread, strain=strain, setting=where),
            "Cohen's standardised difference, without the correction for few people.",
            inputs,
        )
        inflated = e.yi * math.sqrt(n)
        yield (
            Reading(
                id="se-for-sd",
                yi=inflated,
                vi=_group_variance(inflated, n),
                strain=strain + MISTAKEN,
                setting=where,
            ),
            "Its standard errors are taken for standard deviations, which makes the standardised "
            "difference larger by the root of the people in a group.",
            inputs,
        )
        if (size := self._printed_size(e.yi)) is not None:
            d, number, named = size
            yield (
                Reading(
                    id="printed-size",
                    yi=d,
                    vi=_group_variance(d, n) if people is None or as_groups else vi,
                    strain=strain + (SOUND if named else ASSUMED),
                    setting=where,
                ),
                "The effect size that the trial printed"
                + ("." if named else ", of a kind that it did not name."),
                (number, *inputs),
            )

    def _printed_size(self, sign: float) -> tuple[float, str, bool] | None:
        outcome = next(o for o in self.study.outcomes if o.id == self.candidate.outcome)
        contrast = outcome.contrast
        if contrast is None or contrast.effect_size is None:
            return None
        size = contrast.effect_size
        if not size.value.is_exact or size.value.value is None:
            return None
        named = "not stated" not in size.kind
        number = f"{self.at}/contrast/effect_size/value"
        return math.copysign(size.value.value, sign), number, named

    def _from_changes(self) -> Iterator[_Found]:
        """Arms that printed only the p value of their own change, against each other or alone."""
        if self.candidate.arms is None:
            return
        changes = [self._change_from_p(arm) for arm in self.candidate.arms]
        if changes[0] is not None:
            d, n, inputs = changes[0]
            yield (
                _one_group("own-change-from-p", d, n),
                "The change of the treated group alone, worked back from its p value, is taken for "
                "the effect.",
                inputs,
            )
        if changes[0] is None or changes[1] is None:
            return
        (d1, n1, in1), (d2, n2, in2) = changes[0], changes[1]
        g = hedges_j(n1 + n2 - 2) * (d1 - d2)
        yield (
            Reading(
                id="changes-from-p",
                yi=g,
                vi=1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2)),
                strain=ASSUMED,
            ),
            "The difference of the changes of both groups, each worked back from its p value as if "
            "it had improved and as if changes spread alike in both.",
            (*in1, *in2),
        )

    def _change_from_p(self, arm: str) -> tuple[float, float, tuple[str, ...]] | None:
        """Standardised change of an arm, taken as an improvement."""
        row = self._row(arm)
        n = next(a.n for a in self.study.arms if a.id == arm)
        if row is None or not _exact(row.p_within) or not _exact(n):
            return None
        p, people = _value(row.p_within), _value(n)
        if not 0 < p < 1 or people < 2:
            return None
        place = f"{self.at}/arms/{row_key(row)}/p_within"
        d = -two_sided_quantile(p, people - 1) / math.sqrt(people)
        return d, people, (place, f"studies/{self.study.id}/arms/{arm}/n")

    # -- what was printed --

    def _row(self, arm: str) -> ArmResult | None:
        outcome = next(o for o in self.study.outcomes if o.id == self.candidate.outcome)
        return next((r for r in outcome.arms if r.arm == arm and r.time == "change"), None)

    def _own_change(self) -> tuple[float, float, float, tuple[str, ...]] | None:
        """Mean change of the treated group with its standard error and people."""
        effect = self.effect
        contrast = effect.outcome.contrast if effect else None
        if effect is None or (contrast and contrast.type is ContrastType.PAIRED_MEDIAN_DIFFERENCE):
            return None
        treated = [a for a in self.study.arms if a.role == "intervention"]
        row = self._row(treated[0].id) if len(treated) == 1 else None
        if row is None or row.ci is None:
            return None
        n = row.n or treated[0].n
        if not (_exact(row.mean) and _exact(row.ci.low) and _exact(row.ci.high) and _exact(n)):
            return None
        people, mean = _value(n), _value(row.mean)
        half = (_value(row.ci.high) - _value(row.ci.low)) / 2
        if people < 2 or half <= 0:
            return None
        se = half / critical_value(row.ci.level, people - 1)
        place = f"{self.at}/arms/{row_key(row)}"
        size = f"{place}/n" if row.n else f"studies/{self.study.id}/arms/{row.arm}/n"
        inputs = (f"{place}/mean", f"{place}/ci/low", f"{place}/ci/high", size)
        sign = -1.0 if effect.outcome.better == "higher" else 1.0
        return sign * mean, se, people, inputs

    def _people(self) -> float | None:
        """People in a group; of unlike groups the harmonic mean, which the variances go by."""
        effect = self.effect
        if effect is None:
            return None
        if effect.crossover_people is not None:
            return effect.crossover_people
        sizes = [a.n.value for a in self.study.arms if _exact(a.n) and a.n and a.n.value]
        if len(sizes) != 2:
            return None
        return 2 / (1 / sizes[0] + 1 / sizes[1])


def _oriented(effect: Effect, estimate: Estimate) -> Estimate:
    return turned(estimate) if effect.outcome.better == "higher" else estimate


def _group_variance(g: float, n: float) -> float:
    """Variance of a standardised difference of two groups of n people each."""
    return 2 / n + g**2 / (4 * n)


def _one_group(reading_id: str, d: float, n: float) -> Reading:
    """A standardised change of one group, with the variance of metafor's SMCC."""
    g = hedges_j(n - 1) * d
    return Reading(id=reading_id, yi=g, vi=1 / n + g**2 / (2 * n), strain=MISTAKEN)


def _exact(number: Printed | None) -> bool:
    return number is not None and number.is_exact and number.value is not None


def _value(number: Printed | None) -> float:
    if number is None or number.value is None:
        raise AssertionError("asked for the value of a number that has none")
    return number.value
