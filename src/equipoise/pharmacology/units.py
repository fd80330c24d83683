"""Concentrations, as laboratories and labels write them, on one scale.

Laboratories write amounts (µM), labels write masses (ng/mL); only a molar mass joins the two, so
it is asked for exactly when it is needed. "Micro" is accepted in three spellings, because Unicode
has two of them and keyboards offer the third.
"""

from __future__ import annotations

import math
from typing import Final

from equipoise.errors import PharmacologyError

# How many nanomolar, or how many ng/mL, one of the unit is.
_MOLAR: Final = {"pM": 1e-3, "nM": 1.0, "uM": 1e3, "µM": 1e3, "μM": 1e3, "mM": 1e6}
_MASS: Final = {
    "pg/mL": 1e-3,
    "ng/mL": 1.0,
    "ug/L": 1.0,
    "µg/L": 1.0,
    "μg/L": 1.0,
    "ug/mL": 1e3,
    "µg/mL": 1e3,
    "μg/mL": 1e3,
    "mg/L": 1e3,
}

CONCENTRATION_UNITS: Final = (*_MOLAR, *_MASS)


def convert_concentration(
    value: float, from_unit: str, to_unit: str, *, molar_mass_g_mol: float | None = None
) -> float:
    """Give the same concentration in another unit.

    The molar mass is needed only to cross between amounts and masses: 1 nM of a compound of
    M g/mol is M/1000 ng/mL.
    """
    if not math.isfinite(value) or value < 0:
        raise PharmacologyError(f"A concentration is a number from zero upwards, not {value}.")
    from_molar, from_factor = _look_up(from_unit)
    to_molar, to_factor = _look_up(to_unit)
    if from_molar == to_molar:
        return value * (from_factor / to_factor)
    if molar_mass_g_mol is None or not molar_mass_g_mol > 0:
        raise PharmacologyError(
            f"Between {from_unit} and {to_unit} lies a molar mass in g/mol; give one above zero."
        )
    ng_ml_per_nm = molar_mass_g_mol / 1000.0
    factor = ng_ml_per_nm if from_molar else 1.0 / ng_ml_per_nm
    return value * from_factor * factor / to_factor


def _look_up(unit: str) -> tuple[bool, float]:
    if unit in _MOLAR:
        return True, _MOLAR[unit]
    if unit in _MASS:
        return False, _MASS[unit]
    raise PharmacologyError(
        f"Unknown unit of concentration {unit!r}; known are {', '.join(CONCENTRATION_UNITS)}."
    )
