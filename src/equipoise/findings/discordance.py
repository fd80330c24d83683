"""Published syntheses that disagree: which inputs and choices would give each of them.

The case lists the published results, their trials, and the ways in which each trial may have been
read (`published.yaml`). Every combination is pooled and held against what was printed. What is
shown: the nearest combination, the least strained of those that come close, and the nearest that
takes nothing for granted, each with the road from the case's own reading to it, one choice at a
time. Where trials gave no number, what they would have to have shown is worked out instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from equipoise.case import Case
from equipoise.case.published import Disagreement, PublishedResult
from equipoise.case.study import Contrast, ContrastType
from equipoise.errors import EvidenceError
from equipoise.evidence.effects import EffectMeasure
from equipoise.evidence.synthesis import (
    PublishedPool,
    Reading,
    Reconstruction,
    reconstruct,
)
from equipoise.findings.effects import Effect
from equipoise.findings.implied import imply_unseen
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import (
    Cell,
    DisagreementRow,
    PublishedRow,
    ReadingRow,
    ReconstructionRow,
)
from equipoise.findings.readings import (
    MISTAKEN,
    SOUND,
    enter_correlations,
    list_settings,
    read_trial,
)
from equipoise.findings.road import MODEL_NAMES, Numbers, Road, State, Trials, first_setting
from equipoise.findings.wording import decimal, whole
from equipoise.stats.distributions import critical_value

_MEASURES = {
    ContrastType.MEAN_DIFFERENCE: EffectMeasure.MD,
    ContrastType.SMD: EffectMeasure.SMD,
}
_AXES = {
    EffectMeasure.MD: "mean difference",
    EffectMeasure.SMD: "standardised mean difference",
}
_TITLES: dict[str, str] = {
    "simplest": "the least strained of those that come close",
    "nearest": "the nearest of all",
    "sound": "the nearest that takes nothing for granted",
}
Role = Literal["nearest", "simplest", "sound"]


def explain_disagreements(
    case: Case, effects: tuple[Effect, ...], ledger: Ledger
) -> tuple[DisagreementRow, ...]:
    """Every disagreement that the case lists, with each published result reconstructed."""
    if case.published is None:
        return ()
    return tuple(_disagreement(case, q, effects, ledger) for q in case.published.disagreements)


def _disagreement(
    case: Case, question: Disagreement, effects: tuple[Effect, ...], ledger: Ledger
) -> DisagreementRow:
    correlations = enter_correlations(question, ledger)
    found = {(e.study.id, e.outcome.id): e for e in effects}
    trials: dict[ContrastType, Trials] = {}
    for kind, measure in _MEASURES.items():
        settings = list_settings(measure, correlations)
        trials[kind] = Trials(
            measure,
            settings,
            first_setting(case, measure, settings),
            {
                c.study: read_trial(
                    case, question, c, found.get((c.study, c.outcome)), measure, settings, ledger
                )
                for c in question.candidates
            },
        )
    spread = _enter_spread(question, found, ledger)
    rows = tuple(
        _Explained(case, question, result, contrast, trials[contrast.type], spread, ledger).row()
        for result in question.published
        if (contrast := _contrast(case, result)) is not None
        and contrast.type in trials
        and _printed_whole(contrast)
    )
    return DisagreementRow(
        id=f"published/{question.id}",
        title=question.title,
        condition=question.condition,
        statements=tuple(_over_all(rows)),
        published=rows,
    )


def _contrast(case: Case, result: PublishedResult) -> Contrast | None:
    outcomes = case.study(result.study).outcomes
    return next(o for o in outcomes if o.id == result.outcome).contrast


def _printed_whole(contrast: Contrast) -> bool:
    """Whether an estimate and both of its limits were printed as exact numbers."""
    ci = contrast.ci
    numbers = (contrast.estimate, ci.low if ci else None, ci.high if ci else None)
    return all(n is not None and n.is_exact for n in numbers)


def _over_all(rows: tuple[PublishedRow, ...]) -> Iterator[str]:
    if len({r.measure for r in rows}) > 1:
        yield (
            "The published results are not on one scale: some are mean differences in points, "
            "others are in standard deviations. Beside each stands what it would be on the other "
            "scale, with the spread of the trials that printed points."
        )
    yield (
        "A combination that gives a published result shows what would produce it. It does not show "
        "that this was done: only the inputs themselves could, and none was read."
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Standard deviation of the scale, averaged over the trials that printed points."""

    value: float
    number: str


def _enter_spread(
    question: Disagreement, found: Mapping[tuple[str, str], Effect], ledger: Ledger
) -> _Spread | None:
    spreads: list[float] = []
    inputs: list[str] = []
    for candidate in question.candidates:
        effect = found.get((candidate.study, candidate.outcome))
        sound = [s for s in candidate.scales if s.sound]
        if effect is None or effect.estimate is None or effect.standardised is None or not sound:
            continue
        if effect.standardised.yi == 0 or effect.crossover_people is not None:
            continue
        ratio = effect.estimate.yi / effect.standardised.yi
        spreads.append(abs(ratio) * sound[0].factor)
        inputs += effect.inputs
    if not spreads:
        return None
    value = sum(spreads) / len(spreads)
    number = ledger.add(
        f"published/{question.id}/spread",
        kind="computed",
        label=f"{question.title}: standard deviation that the trials imply",
        value=value,
        display=decimal(value, 2),
        method="sd-from-se",
        inputs=inputs,
    )
    return _Spread(value, number)


# --- one published result -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Explained:
    case: Case
    question: Disagreement
    result: PublishedResult
    contrast: Contrast
    trials: Trials
    spread: _Spread | None
    ledger: Ledger

    @property
    def at(self) -> str:
        return f"published/{self.question.id}/{self.result.study}"

    @property
    def numbers(self) -> Numbers:
        title = f"{self.question.title}, {self.result.study}"
        return Numbers(self.ledger, self.at, title, self.trials.measure, self._inputs)

    @property
    def road(self) -> Road:
        return Road(self.case, self.trials, self.numbers, self.target.level)

    @property
    def printed(self) -> str:
        return f"studies/{self.result.study}/outcomes/{self.result.outcome}/contrast"

    @property
    def target(self) -> PublishedPool:
        c = self.contrast
        if c.estimate is None or c.ci is None:
            raise AssertionError("only whole results are explained")
        decimals = max(c.estimate.decimals, c.ci.low.decimals, c.ci.high.decimals)
        sign = -1.0 if self._better == "higher" else 1.0
        low, high = sorted(sign * (n.value or 0.0) for n in (c.ci.low, c.ci.high))
        i2 = c.i2 if c.i2 is not None and c.i2.is_exact else None
        return PublishedPool(
            estimate=sign * (c.estimate.value or 0.0),
            low=low,
            high=high,
            i2=i2.value if i2 else None,
            rounding=0.5 * 10.0**-decimals,
            i2_rounding=0.5 * 10.0 ** -(i2.decimals if i2 else 0),
            level=c.ci.level,
        )

    @property
    def _better(self) -> str | None:
        outcomes = self.case.study(self.result.study).outcomes
        return next(o for o in outcomes if o.id == self.result.outcome).better

    @property
    def _inputs(self) -> tuple[str, ...]:
        """The printed result."""
        ids = [f"{self.printed}/estimate", f"{self.printed}/ci/low", f"{self.printed}/ci/high"]
        if self.target.i2 is not None:
            ids.append(f"{self.printed}/i2")
        return tuple(ids)

    def row(self) -> PublishedRow:
        """The published result with all that was found out about it."""
        mine = {s: self.trials.by_study[s] for s in self.result.trials}
        rows: tuple[ReconstructionRow, ...] = ()
        statements = []
        if self._better == "higher":
            statements.append("Reconstructions are turned, so that lower is better.")
        try:
            found = reconstruct(
                self.target,
                {s: t.readings for s, t in mine.items() if t.readings},
                expected=self.result.trials,
            )
        except EvidenceError:
            statements.append(
                "Fewer than two of its trials could be read on its scale, so nothing can be pooled."
            )
        else:
            chosen: list[tuple[Role, Reconstruction]] = []
            for role, one in (
                ("simplest", found.simplest),
                ("nearest", found.nearest),
                ("sound", found.unstrained),
            ):
                if one is not None and all(one != other for _, other in chosen):
                    chosen.append((role, one))  # type: ignore[arg-type]
            rows = tuple(self._reconstruction(role, one) for role, one in chosen)
            statements += self._counted(found.tried, found.close, found.matching)
        unread = tuple(s for s, t in mine.items() if not t.readings)
        if unread:
            cites = ", ".join(f"{{cite:{s}}}" for s in unread)
            statements.append(f"What was read of {cites} holds no number on this scale.")
        ids = self._inputs
        return PublishedRow(
            id=self.at,
            work=self.result.study,
            measure=self.trials.measure.value,
            axis=_AXES[self.trials.measure],
            estimate=ids[0],
            low=ids[1],
            high=ids[2],
            i2=ids[3] if len(ids) > 3 else None,
            other_scale=self._other_scale(),
            because=self.result.because,
            statements=tuple(statements),
            reconstructions=rows,
            implied=tuple(imply_unseen(self.target, self.trials, mine, self.numbers)),
            verified=all(self.ledger.numbers[i].verified for i in ids),
        )

    def _counted(self, tried: int, close: int, matching: int) -> Iterator[str]:
        ids = [
            self.numbers.add(
                f"combinations/{name}", label, float(count), whole(count), "reconstruction"
            )
            for name, label, count in (
                ("tried", "combinations of readings pooled", tried),
                ("close", "combinations within a tenth of its standard error", close),
                ("matching", "combinations that meet every printed figure", matching),
            )
        ]
        yield (
            f"Combinations of readings, trials and models that were pooled: {{n:{ids[0]}}}. Of "
            f"these, within a tenth of its standard error: {{n:{ids[1]}}}; meeting every printed "
            f"figure once rounded: {{n:{ids[2]}}}."
        )
        if close == 0:
            yield (
                "No combination comes close: inputs that none of the sources read here prints must "
                "have gone into it."
            )

    def _other_scale(self) -> tuple[Cell, ...]:
        if self.spread is None:
            return ()
        to_sd = self.trials.measure is EffectMeasure.MD
        factor = 1 / self.spread.value if to_sd else self.spread.value
        label = "in standard deviations" if to_sd else "in points"
        cells = []
        for name, words, source in zip(
            ("estimate", "low", "high"),
            (label, "lower limit", "upper limit"),
            self._inputs[:3],
            strict=True,
        ):
            value = self.ledger.value(source) * factor
            number = self.numbers.add(
                f"other-scale/{name}",
                f"published result, {label}, {name}",
                value,
                decimal(value, 2),
                "sd-from-se",
                (source, self.spread.number),
            )
            cells.append(Cell(label=words, number=number))
        return tuple(cells)

    # -- reconstructions --

    def _reconstruction(self, role: Role, one: Reconstruction) -> ReconstructionRow:
        at: str = role
        setting = self.trials.setting(one.setting)
        state = State(
            tuple((study, reading.id) for study, reading in one.readings), setting, one.model
        )
        inputs = self.road.rests_on(state)
        method = one.method
        share = 100 * one.distance
        crossovers = any(r.setting is not None for _, r in one.readings)
        add, effect = self.numbers.add, self.numbers.effect
        held_against = (*inputs, *self._inputs)
        path = tuple(self.road.path(at, state))
        return ReconstructionRow(
            id=f"{self.at}/{role}",
            role=role,
            title=_TITLES[role],
            estimate=effect(f"{at}/estimate", "pooled", one.estimate, method, inputs),
            low=effect(f"{at}/low", "lower limit", one.low, method, inputs),
            high=effect(f"{at}/high", "upper limit", one.high, method, inputs),
            i2=add(f"{at}/i2", "I²", one.i2, f"{decimal(one.i2, 0)}%", "i-squared", inputs),
            misses=add(
                f"{at}/misses",
                "largest deviation, of the published standard error",
                share,
                f"{decimal(share, 0 if share >= 1 else 1)}%",
                "reconstruction",
                held_against,
            ),
            matches=one.matches,
            model=MODEL_NAMES[one.model],
            crossovers=setting.says if crossovers else None,
            readings=tuple(self._readings(at, one)),
            path=path,
            driver=self.road.driver(at, path),
        )

    def _readings(self, at: str, one: Reconstruction) -> Iterator[ReadingRow]:
        used = dict(one.readings)
        for study in self.result.trials:
            trial = self.trials.by_study[study]
            if study not in used:
                without = " Its numbers do not allow a reading." if not trial.readings else ""
                yield ReadingRow(
                    study=study, says=f"Left out of the pool.{without}", standing="left out"
                )
                continue
            reading = used[study]
            half = critical_value(self.case.plan.level) * math.sqrt(reading.vi)
            inputs = (
                *trial.inputs[reading.id],
                *(self.trials.setting(one.setting).inputs if reading.setting else ()),
            )
            ids = [
                self.numbers.effect(
                    f"{at}/{study}/{name}", f"{study}, {name}", v, "trial-reading", inputs
                )
                for name, v in (
                    ("estimate", reading.yi),
                    ("low", reading.yi - half),
                    ("high", reading.yi + half),
                )
            ]
            yield ReadingRow(
                study=study,
                says=trial.says[reading.id],
                standing=_standing(reading),
                estimate=ids[0],
                low=ids[1],
                high=ids[2],
            )


def _standing(reading: Reading) -> Literal["sound", "assumed", "mistake"]:
    if reading.strain == SOUND:
        return "sound"
    return "mistake" if reading.strain >= MISTAKEN and _is_mistake(reading.id) else "assumed"


def _is_mistake(reading_id: str) -> bool:
    return reading_id.startswith("own-change") or reading_id.endswith("se-for-sd")
