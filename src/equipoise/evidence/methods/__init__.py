"""Every method that an estimate's steps or a synthesis can cite, with its source."""

from __future__ import annotations

from equipoise.evidence.methods.counts import COUNTS
from equipoise.evidence.methods.harmonisation import HARMONISATION
from equipoise.evidence.methods.measures import MEASURES
from equipoise.evidence.methods.multilevel import MULTILEVEL
from equipoise.evidence.methods.pooling import POOLING
from equipoise.evidence.methods.printed import PRINTED
from equipoise.evidence.methods.regression import REGRESSION
from equipoise.evidence.methods.small_study import SMALL_STUDY
from equipoise.stats.method import Method

_ALL = (
    *PRINTED,
    *MEASURES,
    *HARMONISATION,
    *POOLING,
    *REGRESSION,
    *COUNTS,
    *MULTILEVEL,
    *SMALL_STUDY,
)

METHODS: dict[str, Method] = {method.id: method for method in _ALL}
"""All methods of this room by id."""
