"""The road from the case's own reading of the trials to a published result, step by step."""

from __future__ import annotations

from markupsafe import Markup

from equipoise.case.prose import Reference, split_prose
from equipoise.dossier.figures.forest import draw_forest
from equipoise.dossier.shown import Shown
from equipoise.findings.model import (
    ForestRow,
    ModelResult,
    PoolStep,
    PublishedRow,
    ReconstructionRow,
    Synthesis,
)


def draw_path(
    shown: Shown,
    published: PublishedRow,
    found: ReconstructionRow,
    treatment: str,
    *,
    narrow: bool = False,
) -> Markup | None:
    """Draw each step as a square with its interval, then reconstruction and print as diamonds."""
    rows = tuple(_row(shown, step) for step in found.path)
    ends = (
        _diamond("reconstruction", found.estimate, found.low, found.high, primary=False),
        _diamond("as printed", published.estimate, published.low, published.high, primary=True),
    )
    plot = Synthesis(
        id=found.id,
        condition="",
        domain="",
        title=f"The road to {shown.short(published.work)}",
        measure=published.measure,
        ratio=False,
        axis=published.axis,
        better="lower",
        null=0.0,
        mid=None,
        rows=rows,
        models=ends,
        heterogeneity=(),
        probabilities=(),
        prior=None,
        notes=(),
        verified=published.verified,
    )
    return draw_forest(shown, plot, treatment, narrow=narrow)


def _row(shown: Shown, step: PoolStep) -> ForestRow:
    numbers = (shown.find(i) for i in (step.estimate, step.low, step.high))
    return ForestRow(
        effect="",
        label=_plain(shown, step.label),
        note=None,
        estimate=step.estimate,
        low=step.low,
        high=step.high,
        weight=None,
        verified=all(n is not None and n.verified for n in numbers),
    )


def _plain(shown: Shown, prose: str) -> str:
    """A statement as plain text, works by their short names and numbers as they are displayed."""
    parts = []
    for part in split_prose(prose):
        if not isinstance(part, Reference):
            parts.append(part.text)
        elif part.kind == "cite":
            parts.append(shown.short(part.id))
        else:
            number = shown.find(part.id)
            parts.append(number.display if number else part.id)
    return "".join(parts).rstrip(".")


def _diamond(name: str, estimate: str, low: str, high: str, *, primary: bool) -> ModelResult:
    return ModelResult(
        model=name, name=name, primary=primary, estimate=estimate, low=low, high=high
    )
