"""Numbers too far apart are refused in words by every method for small-study effects."""

import pytest

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis import (
    StepWeights,
    egger_test,
    excess_significance,
    fail_safe_n,
    fit_multilevel,
    fit_selection_model,
    henmi_copas,
    limit_meta_analysis,
    pet_peese,
    rank_test,
    small_study_overview,
    trim_and_fill,
)

METHODS = [
    egger_test,
    excess_significance,
    fail_safe_n,
    henmi_copas,
    limit_meta_analysis,
    pet_peese,
    rank_test,
    small_study_overview,
    trim_and_fill,
    lambda y, v: fit_selection_model(y, v, StepWeights(steps=(0.025,))),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("yi", "vi"),
    [([0.1, 0.5, 0.3, 0.9], [1e-300, 1, 1, 1e300]), ([1e300, 1.0, 2.0], [1.0, 1.0, 1.0])],
)
def test_orders_of_magnitude_apart(method, yi, vi):
    with pytest.raises(EvidenceError, match="orders of magnitude"):
        method(yi, vi)


def test_identical_studies_have_a_q_of_zero():
    fit = fit_multilevel([0.3, 0.3], [0.1, 0.1], levels=([0, 1],))
    assert (fit.qe, fit.qe_p) == (0, 1)
