"""Every effect measure by its formula, for whole tables or single rows.

`MEASURES` holds what each is and how it is computed; `compute_effects` does a table,
`estimate_effect` a single row with its derivation. Values follow metafor, version 5.
"""

from equipoise.evidence.effects.measures.compute import (
    MEASURES,
    EffectArrays,
    compute_effects,
    estimate_effect,
)
from equipoise.evidence.effects.measures.formula import COLUMNS, MeasureFormula, Scale, Swap

__all__ = [
    "COLUMNS",
    "MEASURES",
    "EffectArrays",
    "MeasureFormula",
    "Scale",
    "Swap",
    "compute_effects",
    "estimate_effect",
]
