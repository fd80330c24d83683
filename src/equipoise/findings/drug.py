"""What the drug does at which dose: occupancy under rival hypotheses, and the potency gap."""

from __future__ import annotations

import math
from collections.abc import Iterable

from equipoise.case import Case
from equipoise.case.facts import Compound, Mechanism, Observation, Parameter
from equipoise.errors import PharmacologyError
from equipoise.findings.ledger import Ledger, resolve_local
from equipoise.findings.model import (
    Cell,
    CurvePoint,
    Drug,
    FactRow,
    OccupancyCurve,
    OccupancyModelRow,
    PotencyRow,
    Step,
)
from equipoise.findings.wording import decimal, significant, whole, with_unit
from equipoise.pharmacology import (
    BrainRetained,
    ConcentrationRange,
    HalfTimeObservation,
    Kinetics,
    MetaboliteKinetics,
    OccupancyFit,
    OccupancyModel,
    OccupancyObservation,
    ParentAndMetabolite,
    ParentPlasma,
    SlowDissociation,
    fit_models,
    occupancy_table,
    potency_gap,
    scale_peak,
    trough,
)

_SAYS = {
    "parent-plasma": (
        "Receptors follow the parent drug in plasma from minute to minute; when the drug has left "
        "the blood, the receptors are free."
    ),
    "metabolite": (
        "The long-lived metabolite in plasma carries the effect beside the parent drug."
    ),
    "brain-retained": (
        "The drug enters the brain fast and leaves it slowly, so receptors stay occupied after "
        "the blood is clear."
    ),
    "slow-dissociation": (
        "The drug binds as it arrives and lets go slowly, so occupancy outlasts the drug in plasma."
    ),
}


def describe_drug(case: Case, ledger: Ledger) -> Drug | None:
    """Everything about the compound that the case allows; `None` without `pharmacology.yaml`."""
    compound = case.compound
    if compound is None:
        return None
    fits, inputs = _fit(compound, ledger)
    plan = compound.occupancy
    models: tuple[OccupancyModelRow, ...] = ()
    curves: tuple[OccupancyCurve, ...] = ()
    if fits and plan is not None:
        models = tuple(_model_row(fit, inputs[fit.model_id], ledger) for fit in fits)
        curves = _curves(fits, plan.doses_mg, plan.hours, inputs, ledger)
    return Drug(
        statements=_statements(case, compound, fits),
        models=models,
        curves=curves,
        observed=tuple(_observed(o) for o in compound.observations),
        constants=tuple(
            Cell(label=p.name, number=f"pharmacology/parameters/{p.id}/value")
            for p in compound.parameters
            if p.value is not None
        ),
        potency=_potency(case, compound, ledger),
    )


# --- occupancy ------------------------------------------------------------------------------------


def _role(compound: Compound, role: str) -> Parameter | None:
    return next((p for p in compound.parameters if p.role == role and p.value is not None), None)


def _rate_per_h(parameter: Parameter) -> float | None:
    value = parameter.value.value if parameter.value else None
    if value is None:
        return None
    return value * 60 if parameter.unit == "1/min" else value


def kinetics_of(
    compound: Compound,
) -> tuple[Kinetics | None, tuple[str, ...], tuple[str, ...]]:
    """Kinetics from the parameters that carry a role; ids of the parent's and metabolite's."""
    used: list[str] = []
    of_metabolite: list[str] = []

    def take(role: str, into: list[str]) -> float | None:
        parameter = _role(compound, role)
        if parameter is None or parameter.value is None or parameter.value.value is None:
            return None
        into.append(f"pharmacology/parameters/{parameter.id}/value")
        return parameter.value.value

    clearance, half_life, mass = (
        take(r, used) for r in ("apparent-clearance", "half-life-parent", "molar-mass-parent")
    )
    absorption = _role(compound, "absorption-rate")
    rate = _rate_per_h(absorption) if absorption else None
    if clearance is None or half_life is None or mass is None or rate is None or not absorption:
        return None, (), ()
    used.append(f"pharmacology/parameters/{absorption.id}/value")
    metabolite = None
    peak = next((o for o in compound.observations if o.use == "peak-metabolite"), None)
    m_half = take("half-life-metabolite", of_metabolite)
    m_mass = take("molar-mass-metabolite", of_metabolite)
    if peak and m_half and m_mass and peak.value.value and peak.dose and peak.dose.value:
        metabolite = MetaboliteKinetics(
            half_life_h=m_half,
            peak_ng_ml=peak.value.value,
            peak_dose_mg=peak.dose.value,
            molar_mass_g_mol=m_mass,
        )
        of_metabolite.append(f"pharmacology/observations/{peak.id}/value")
    kinetics = Kinetics(
        clearance_over_f_l_h=clearance,
        half_life_h=half_life,
        absorption_rate_per_h=rate,
        molar_mass_g_mol=mass,
        metabolite=metabolite,
    )
    return kinetics, tuple(used), tuple(of_metabolite)


def _fit(
    compound: Compound, ledger: Ledger
) -> tuple[tuple[OccupancyFit, ...], dict[str, tuple[str, ...]]]:
    """Fit every hypothesis that the case's numbers allow, with the inputs of each by model id."""
    plan = compound.occupancy
    kinetics, parent, metabolite = kinetics_of(compound)
    if plan is None or kinetics is None:
        return (), {}
    scans = [o for o in compound.observations if o.use == "occupancy" and o.verified]
    bands = [o for o in compound.observations if o.use == "half-time" and o.verified]
    occupancies = [
        OccupancyObservation(
            id=o.id,
            dose_mg=o.dose.value,
            time_h=o.time_h.value if o.time_h and o.time_h.value else plan.assumed_hour,
            occupancy=o.value.value / 100,
            sd=plan.occupancy_sd_points / 100,
        )
        for o in scans
        if o.dose and o.dose.value and o.value.value is not None
    ]
    half_times = [
        HalfTimeObservation(id=o.id, dose_mg=o.dose.value, low_h=o.value.low, high_h=o.value.high)
        for o in bands
        if o.dose and o.dose.value and o.value.low is not None and o.value.high is not None
    ]
    models: list[OccupancyModel] = [ParentPlasma(kinetics=kinetics)]
    if kinetics.metabolite is not None:
        models.append(ParentAndMetabolite(kinetics=kinetics))
    models += [BrainRetained(), SlowDissociation(kinetics=kinetics)]
    reference = half_times[0].dose_mg if half_times else max(plan.doses_mg)
    try:
        fits = fit_models(models, occupancies, half_times, reference_dose_mg=reference)
    except PharmacologyError:
        return (), {}
    observed = tuple(f"pharmacology/observations/{i}/value" for i in fits[0].used)
    used = {
        ParentPlasma.id: (*parent, *observed),
        ParentAndMetabolite.id: (*parent, *metabolite, *observed),
        BrainRetained.id: observed,
        SlowDissociation.id: (*parent, *observed),
    }
    ledger.assume(
        "occupancy-plan",
        "Scans that are timed only by a window are taken at one hour inside it, each with the same "
        "error; both are decisions of the case, given in its pharmacology file.",
    )
    return fits, used


def _model_row(fit: OccupancyFit, inputs: tuple[str, ...], ledger: Ledger) -> OccupancyModelRow:
    at = f"occupancy/{fit.model_id}"

    def enter(
        name: str, label: str, value: float, display: str, method: str, unit: str | None = None
    ) -> str:
        return ledger.add(
            f"{at}/{name}",
            kind="computed",
            label=f"{fit.name}: {label}",
            value=value,
            display=display,
            unit=unit,
            method=method,
            inputs=inputs,
            assumptions=("occupancy-plan",),
        )

    cells = [
        Cell(label="χ²", number=enter("chi2", "χ²", fit.chi2, decimal(fit.chi2, 1), fit.method_id)),
        Cell(label="AIC", number=enter("aic", "AIC", fit.aic, decimal(fit.aic, 1), "aic")),
    ]
    if math.isfinite(fit.half_time_h):  # a blockade that never halves has no half-time
        label = "half-time of blockade after the reference dose"
        hours = with_unit(decimal(fit.half_time_h, 0), "h")
        half_time = enter("half-time", label, fit.half_time_h, hours, fit.method_id, "h")
        cells.append(Cell(label=label, number=half_time))
    for name, (value, unit) in fit.parameters.items():
        slug = name.lower().replace("_", "-")
        cells.append(
            Cell(
                label=name.replace("_", " "),
                number=enter(
                    f"parameter/{slug}",
                    name.replace("_", " "),
                    value,
                    with_unit(significant(value, 3), None if unit == "1" else unit),
                    fit.method_id,
                    unit,
                ),
            )
        )
    weight = fit.akaike_weight or 0.0
    shown = f"{decimal(100 * weight, 0)}%" if weight >= 0.005 else "under 1%"
    return OccupancyModelRow(
        model=fit.model_id,
        name=fit.name,
        says=_SAYS.get(fit.model_id, "A hypothesis about what governs occupancy."),
        fit=tuple(cells),
        weight=enter("weight", "Akaike weight", weight, shown, "akaike-weights"),
    )


def _curves(
    fits: tuple[OccupancyFit, ...],
    doses: tuple[float, ...],
    hours: tuple[float, ...],
    inputs: dict[str, tuple[str, ...]],
    ledger: Ledger,
) -> tuple[OccupancyCurve, ...]:
    for dose in doses:
        ledger.add(
            f"occupancy/dose/{dose:g}mg",
            kind="chosen",
            label="dose",
            value=dose,
            display=with_unit(f"{dose:g}", "mg"),
            unit="mg",
            method="case-plan",
        )
    for hour in hours:
        ledger.add(
            f"occupancy/hour/{hour:g}h",
            kind="chosen",
            label="hours after the dose",
            value=hour,
            display=with_unit(f"{hour:g}", "h"),
            unit="h",
            method="case-plan",
        )
    curves = []
    by_id = {fit.model_id: fit for fit in fits}
    for row in occupancy_table(fits, doses, hours):
        fit = by_id[row.model_id]
        at = f"occupancy/{row.model_id}/{row.dose_mg:g}mg"

        def enter(
            name: str, label: str, share: float, fit: OccupancyFit = fit, at: str = at
        ) -> str:
            return ledger.add(
                f"{at}/{name}",
                kind="computed",
                label=f"{fit.name}: {label}",
                value=100 * share,
                display=f"{whole(100 * share)}%",
                unit="%",
                method=fit.method_id,
                inputs=inputs[fit.model_id],
                assumptions=("occupancy-plan",),
            )

        points = tuple(
            CurvePoint(
                hour=f"occupancy/hour/{hour:g}h",
                occupancy=enter(
                    f"{hour:g}h", f"{row.dose_mg:g} mg, occupancy {hour:g} h after one dose", share
                ),
            )
            for hour, share in zip(row.times_h, row.occupancy, strict=True)
        )
        curves.append(
            OccupancyCurve(
                model=row.model_id,
                dose=f"occupancy/dose/{row.dose_mg:g}mg",
                points=points,
                trough=enter(
                    "trough",
                    f"{row.dose_mg:g} mg daily, occupancy just before the next dose",
                    trough(fit, row.dose_mg),
                ),
            )
        )
    return tuple(curves)


def _statements(case: Case, compound: Compound, fits: tuple[OccupancyFit, ...]) -> tuple[str, ...]:
    if not fits:
        return (
            "The case does not hold the observations that receptor occupancy could be worked out "
            "from.",
        )
    best, worst = fits[0], fits[-1]
    plan = compound.occupancy
    lines = [
        "Rival hypotheses of what governs receptor occupancy were fitted to the published "
        "observations and ranked; none of those observations follows a low dose through a day, so "
        "the hours below are predictions, not measurements.",
        f"Best supported: {best.name} (Akaike weight {{n:occupancy/{best.model_id}/weight}}); "
        f"least: {worst.name} ({{n:occupancy/{worst.model_id}/weight}}).",
    ]
    if plan is not None:
        usual = _usual_dose(case, plan.doses_mg)
        dose = f"{usual:g}mg"
        lines.append(
            f"At {{n:occupancy/dose/{dose}}} every day, the receptors occupied just before the "
            "next dose: "
            + ", ".join(
                f"{{n:occupancy/{fit.model_id}/{dose}/trough}} ({fit.name})" for fit in fits
            )
            + f". {_window([trough(fit, usual) for fit in fits])}"
        )
    return tuple(lines)


def _usual_dose(case: Case, doses: tuple[float, ...]) -> float:
    """The largest of the plan's doses that lies within the range that the case is about."""
    asked = case.header.intervention.dose_mg
    highest = asked.high or asked.value if asked is not None else None
    return max([d for d in doses if highest is None or d <= highest] or [min(doses)])


_FREE, _OCCUPIED = 0.10, 0.20
"""Below the one, receptors count as free at the trough; above the other, as occupied."""


def _window(troughs: list[float]) -> str:
    """What the hypotheses say about a daily window in which receptors are free."""
    if all(t < _FREE for t in troughs):
        return "Under every hypothesis the receptors are nearly free before the next dose."
    if all(t > _OCCUPIED for t in troughs):
        return "Under no hypothesis are the receptors free before the next dose."
    return (
        "Whether there is a daily window in which receptors are free depends on which hypothesis "
        "is true; it is not shown."
    )


def _observed(o: Observation) -> FactRow:
    """An observation as a row of facts: its measure and its printed result."""
    at = f"pharmacology/observations/{o.id}"
    parts = [f"{{n:{at}/value}}"]
    if o.dose is not None:
        parts.append(f"dose {{n:{at}/dose}}")
    if o.time_h is not None:
        parts.append(f"time {{n:{at}/time_h}}")
    elif o.window_h is not None:
        parts.append(f"within {{n:{at}/window_h}}")
    if o.n is not None:
        parts.append(f"{{n:{at}/n}} {'people' if o.species == 'human' else 'animals'}")
    where = ", ".join(x for x in (o.species, o.route, o.population) if x)
    return FactRow(
        id=at,
        topic=f"{o.measure} ({where})",
        statement="; ".join(parts) + ".",
        work=o.source,
        verified=o.verified,
        note=o.note,
    )


# --- potency gap ----------------------------------------------------------------------------------


def _potency(case: Case, compound: Compound, ledger: Ledger) -> tuple[PotencyRow, ...]:
    peak = _peak(case, compound, ledger)
    return tuple(_potency_row(m, compound, peak, ledger) for m in compound.mechanisms)


def _peak(
    case: Case, compound: Compound, ledger: Ledger
) -> tuple[ConcentrationRange, float, tuple[str, str], tuple[str, ...]] | None:
    """Peak of the parent at the case's usual dose, scaled from every measured peak."""
    mass = _role(compound, "molar-mass-parent")
    plan = compound.occupancy
    if mass is None or mass.value is None or mass.value.value is None or plan is None:
        return None
    dose = _usual_dose(case, plan.doses_mg)
    peaks, inputs = [], [f"pharmacology/parameters/{mass.id}/value"]
    for o in compound.observations:
        if o.use == "peak-parent" and o.verified and o.value.value and o.dose and o.dose.value:
            peaks.append(scale_peak(o.value.value, o.dose.value, dose).peak_ng_ml)
            inputs += [f"pharmacology/observations/{o.id}/{f}" for f in ("value", "dose")]
    if not peaks:
        return None
    molar = ConcentrationRange(low=min(peaks), high=max(peaks), unit="ng/mL").converted(
        "nM", molar_mass_g_mol=mass.value.value
    )
    ledger.assume(
        "linear-dose-scaling",
        "The peak is proportional to the dose, down to doses at which nobody measured it.",
    )
    low, high = (
        ledger.add(
            f"potency/peak-{name}",
            kind="computed",
            label=f"peak of the parent in plasma at {dose:g} mg, {name}est estimate",
            value=value,
            display=with_unit(significant(value, 3), "nM"),
            unit="nM",
            method="linear-dose-scaling",
            inputs=inputs,
            assumptions=("linear-dose-scaling",),
        )
        for name, value in (("low", molar.low), ("high", molar.high))
    )
    return molar, mass.value.value, (low, high), tuple(inputs)


def _potency_row(
    m: Mechanism,
    compound: Compound,
    peak: tuple[ConcentrationRange, float, tuple[str, str], tuple[str, ...]] | None,
    ledger: Ledger,
) -> PotencyRow:
    at = f"pharmacology/mechanisms/{m.id}"
    concentration = f"{at}/concentration" if m.concentration is not None else None
    gap: tuple[str, str] | None = None
    dish = _dish(m)
    if peak is not None and dish is not None and concentration is not None:
        molar, mass, ids, _ = peak
        result = potency_gap(dish, molar, molar_mass_g_mol=mass)
        ends: Iterable[tuple[str, float]] = (
            ("gap-low", result.total_low),
            ("gap-high", result.total_high),
        )
        low, high = (
            ledger.add(
                f"potency/{m.id}/{name}",
                kind="computed",
                label=f"{m.target}: concentration in the laboratory over the peak in a person",
                value=value,
                display=f"{_fold(value)}×",
                method="potency-gap",
                inputs=(concentration, *ids),
                steps=(
                    Step(
                        quantity="gap",
                        formula="concentration in vitro / peak in a person, both in nM",
                        display=_fold(value),
                    ),
                ),
                assumptions=("linear-dose-scaling",),
            )
            for name, value in ends
        )
        gap = (low, high)
    return PotencyRow(
        id=at,
        target=m.target,
        finding=resolve_local(m.finding, at),
        system=m.system,
        concentration=concentration,
        in_person=peak[2] if peak is not None else None,
        gap=gap,
        works=m.sources,
        verified=m.verified,
        note=m.note,
    )


def _dish(m: Mechanism) -> ConcentrationRange | None:
    c = m.concentration
    if c is None or m.unit is None:
        return None
    low = c.low if c.low is not None else c.value
    high = c.high if c.high is not None else c.value
    if not low or not high:
        return None
    return ConcentrationRange(low=low, high=high, unit=m.unit)


def _fold(value: float) -> str:
    """Two significant digits, grouped: nobody knows such a ratio better."""
    if value >= 100:
        digits = len(str(int(value))) - 2
        return whole(round(value, -digits))
    return significant(value, 2)
