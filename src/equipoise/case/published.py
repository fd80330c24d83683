"""Published syntheses that disagree, and the ways in which their trials may have been read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from equipoise.case.printed import Frozen, Slug, Text
from equipoise.case.prose import Prose


class Scale(Frozen):
    """A way to bring a trial's difference to the scale of the published one: times `factor`.

    `sound` is false where nothing that was read supports the conversion.
    """

    id: Slug
    factor: float = Field(gt=0, le=1000)
    sound: bool = False
    says: Prose


class CandidateTrial(Frozen):
    """A trial that a published synthesis may have used: one outcome of one study.

    `scales` are the ways to turn its mean difference into the unit of a published mean difference;
    without any, it cannot enter one. `arms` (treatment, comparator) say which arms of several are
    meant where the trial printed no comparison of its own.
    """

    study: Slug
    outcome: Slug
    scales: tuple[Scale, ...] = ()
    arms: tuple[Slug, Slug] | None = None
    note: Prose | None = None

    @model_validator(mode="after")
    def _scales_once(self) -> CandidateTrial:
        ids = [s.id for s in self.scales]
        if len(set(ids)) < len(ids):
            raise ValueError(f"a scale of {self.study!r} is listed twice")
        return self


class PublishedResult(Frozen):
    """A published synthesis to be explained: which outcome of its record, and its trials.

    `trials` are the studies that it had, or may have had; `because` says how that is known.
    """

    study: Slug
    outcome: Slug
    trials: tuple[Slug, ...] = Field(min_length=2)
    because: Prose

    @model_validator(mode="after")
    def _trials_once(self) -> PublishedResult:
        if len(set(self.trials)) < len(self.trials):
            raise ValueError("a trial is listed twice")
        return self


class Disagreement(Frozen):
    """Published syntheses of one question that do not agree."""

    id: Slug
    title: Text
    condition: Slug
    correlations: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = Field(min_length=1)
    """Within-person correlations that may have been assumed for crossovers."""
    candidates: tuple[CandidateTrial, ...] = Field(min_length=2)
    published: tuple[PublishedResult, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _trials_are_candidates(self) -> Disagreement:
        known = [c.study for c in self.candidates]
        if len(set(known)) < len(known):
            raise ValueError("a trial is a candidate twice")
        for result in self.published:
            for trial in result.trials:
                if trial not in known:
                    raise ValueError(f"{trial!r} is a trial of {result.study!r} and no candidate")
        if len(set(self.correlations)) < len(self.correlations):
            raise ValueError("a correlation is listed twice")
        return self


class PublishedSyntheses(Frozen):
    """File: `published.yaml`."""

    disagreements: tuple[Disagreement, ...]
