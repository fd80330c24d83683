"""Checks that speak: what is printed cannot all be true at once.

Each takes numbers as printed, because rounding decides what counts as a contradiction, and gives
`None` where everything agrees within that rounding. A guard's sentence holds no digits; the
numbers that made it speak are in `values`.
"""

from equipoise.evidence.effects.guards.deviations import (
    check_change_sd,
    check_difference_of_means,
    check_mean_on_scale,
    check_sd_on_scale,
    check_se_typed_as_sd,
    check_skewed_against_bound,
    check_spread_within_paper,
    check_undeclared_spread,
)
from equipoise.evidence.effects.guards.guard import (
    Guard,
)
from equipoise.evidence.effects.guards.intervals import (
    check_ci_matches_p,
    check_ci_symmetry,
    check_estimate_in_ci,
)
from equipoise.evidence.effects.guards.people import (
    check_events_fit_n,
    check_n_grows,
    check_percent_fits_n,
)
from equipoise.evidence.effects.guards.samples import (
    check_debit,
    check_grim,
    check_grimmer,
    check_sprite,
)
from equipoise.evidence.effects.guards.tests_in_print import (
    check_p_matches_statistic,
)

__all__ = [
    "Guard",
    "check_change_sd",
    "check_ci_matches_p",
    "check_ci_symmetry",
    "check_debit",
    "check_difference_of_means",
    "check_estimate_in_ci",
    "check_events_fit_n",
    "check_grim",
    "check_grimmer",
    "check_mean_on_scale",
    "check_n_grows",
    "check_p_matches_statistic",
    "check_percent_fits_n",
    "check_sd_on_scale",
    "check_se_typed_as_sd",
    "check_skewed_against_bound",
    "check_spread_within_paper",
    "check_sprite",
    "check_undeclared_spread",
]
