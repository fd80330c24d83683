"""The road from the case's own reading of the trials to a reconstruction, a choice at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from equipoise.case import Case
from equipoise.evidence.effects import EffectMeasure
from equipoise.evidence.synthesis import pool_fixed, pool_random
from equipoise.evidence.synthesis.classical import Synthesis as Classical
from equipoise.findings.effects import display_effect
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import PoolStep
from equipoise.findings.readings import SOUND, Setting, TrialReadings

MODEL_NAMES = {
    "FE": "fixed effect",
    "DL": "random effects, DerSimonian-Laird",
    "DL-HK": "random effects, DerSimonian-Laird with Hartung-Knapp",
}
_SHORT_NAMES = {"FE": "fixed effect", "DL": "DerSimonian-Laird", "DL-HK": "Hartung-Knapp"}


@dataclass(frozen=True, slots=True)
class Trials:
    """Every candidate's readings on one scale."""

    measure: EffectMeasure
    settings: tuple[Setting, ...]
    first: Setting
    by_study: Mapping[str, TrialReadings]

    def setting(self, setting_id: str | None) -> Setting:
        """The setting of that id; the first where a combination needs none."""
        return next((s for s in self.settings if s.id == setting_id), self.first)


@dataclass(frozen=True, slots=True)
class State:
    """A choice of readings, of how crossovers are handled, and of a model.

    The model is one of those that reconstructions use, or `plan` for the case's own.
    """

    readings: tuple[tuple[str, str], ...]
    """Study and kind of reading."""
    setting: Setting
    model: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """Enters the numbers about one published result under its own name."""

    ledger: Ledger
    at: str
    title: str
    measure: EffectMeasure
    printed: tuple[str, ...]
    """The printed result, which a number rests on that rests on nothing else."""

    def effect(
        self, name: str, label: str, value: float, method: str, inputs: Sequence[str]
    ) -> str:
        """Enter a result on the scale of the published one."""
        shown = display_effect(self.measure, value)
        return self.add(name, label, value, shown, method, inputs)

    def add(
        self,
        name: str,
        label: str,
        value: float,
        display: str,
        method: str,
        inputs: Sequence[str] = (),
    ) -> str:
        """Enter any other number."""
        return self.ledger.add(
            f"{self.at}/{name}",
            kind="computed",
            label=f"{self.title}: {label}",
            value=value,
            display=display,
            method=method,
            inputs=inputs or self.printed,
        )


@dataclass(frozen=True, slots=True)
class Road:
    """How one reconstruction is reached from the case's own reading of the trials."""

    case: Case
    trials: Trials
    numbers: Numbers
    level: float
    """Coverage of the published interval."""

    def path(self, at: str, goal: State) -> Iterator[PoolStep]:
        """From the case's own reading to the reconstruction, one choice at a time."""
        for index, (label, says, state) in enumerate(self._steps(goal)):
            pooled = self._pool(state)
            if pooled is None:
                continue
            inputs = self.rests_on(state)
            method = _method(pooled)
            ids = [
                self.numbers.effect(
                    f"{at}/path/{index}/{name}", f"step, {name}", value, method, inputs
                )
                for name, value in (
                    ("estimate", pooled.mu),
                    ("low", pooled.ci[0]),
                    ("high", pooled.ci[1]),
                )
            ]
            yield PoolStep(label=label, says=says, estimate=ids[0], low=ids[1], high=ids[2])

    def driver(self, at: str, path: Sequence[PoolStep]) -> str | None:
        """The one step that moves the estimate most; no step, no driver."""
        value = self.numbers.ledger.value
        moves = [(value(b.estimate) - value(a.estimate), a, b) for a, b in pairwise(path)]
        if not moves:
            return None
        moved, before, after = max(moves, key=lambda move: abs(move[0]))
        both = (before.estimate, after.estimate)
        number = self.numbers.effect(f"{at}/driver", "largest step", moved, "reconstruction", both)
        return (
            f"What moves the estimate most, by {{n:{number}}} (from {{n:{both[0]}}} to "
            f"{{n:{both[1]}}}): {after.says}"
        )

    def _steps(self, goal: State) -> Iterator[tuple[str, str, State]]:
        """What a figure and a table call each step, and the choices after it."""
        first = self.trials.first
        here = {
            study: reading.id
            for study, trial in self.trials.by_study.items()
            if (reading := trial.least_strained(first.id)) is not None and reading.strain == SOUND
        }
        wanted = dict(goal.readings)
        yield (
            "As read here",
            "Every trial whose numbers are sound on this scale, pooled as the plan says.",
            State(tuple(here.items()), first, "plan"),
        )
        for study in [s for s in here if s not in wanted]:
            del here[study]
            without = f"Without {{cite:{study}}}"
            yield without, f"{without}.", State(tuple(here.items()), first, "plan")
        for study, trial in self.trials.by_study.items():
            new = wanted.get(study)
            if new is None or new == here.get(study):
                continue
            label = f"{{cite:{study}}}, {'read otherwise' if study in here else 'added'}"
            here[study] = new
            says = f"{{cite:{study}}}: {trial.says[new]}"
            order = [s for s in self.trials.by_study if s in here]
            yield label, says, State(tuple((s, here[s]) for s in order), first, "plan")
        readings = tuple((s, here[s]) for s in self.trials.by_study if s in here)
        if goal.setting != first and any(
            self.trials.by_study[s].at(r, goal.setting.id).setting is not None for s, r in readings
        ):
            how = "at another correlation" if goal.setting.paired else "as two groups"
            label = f"Crossovers {how}"
            yield label, goal.setting.says, State(readings, goal.setting, "plan")
        name = MODEL_NAMES[goal.model]
        says = f"The model: {name}."
        yield f"Model: {_SHORT_NAMES[goal.model]}", says, State(readings, goal.setting, goal.model)

    def _pool(self, state: State) -> Classical | None:
        chosen = [self.trials.by_study[s].at(r, state.setting.id) for s, r in state.readings]
        if not chosen:
            return None
        yi, vi = [r.yi for r in chosen], [r.vi for r in chosen]
        plan = self.case.plan
        if state.model == "FE":
            return pool_fixed(yi, vi, level=plan.level)
        if state.model == "plan":
            return pool_random(yi, vi, method=plan.estimator, test=plan.test, level=plan.level)
        test: Literal["z", "knha"] = "knha" if state.model == "DL-HK" else "z"
        return pool_random(yi, vi, method="DL", test=test, level=self.level)

    def rests_on(self, state: State) -> tuple[str, ...]:
        """Ids of the numbers that a choice of readings rests on."""
        ids: list[str] = []
        for study, reading_id in state.readings:
            trial = self.trials.by_study[study]
            ids += trial.inputs[reading_id]
            if trial.at(reading_id, state.setting.id).setting is not None:
                ids += state.setting.inputs
        return tuple(dict.fromkeys(ids))


def first_setting(case: Case, measure: EffectMeasure, settings: Sequence[Setting]) -> Setting:
    """How the case itself handles crossovers: paired, at the correlation of its plan."""
    planned = case.plan.crossover_correlation.value
    paired = [s for s in settings if s.paired] or list(settings)
    if measure is EffectMeasure.SMD:
        return min(paired, key=lambda s: abs((s.correlation or 0.0) - planned))
    return paired[0]


def _method(pooled: Classical) -> str:
    if pooled.method == "FE":
        return "fixed-effect"
    if pooled.test == "knha":
        return "knapp-hartung"
    return {"REML": "reml", "ML": "ml", "DL": "dersimonian-laird", "PM": "paule-mandel"}[
        pooled.method
    ]
