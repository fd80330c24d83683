"""Judgements and the bottom line for each condition."""

from __future__ import annotations

import re
from collections.abc import Iterable

from equipoise.case import Case
from equipoise.case.header import Condition
from equipoise.case.study import Study
from equipoise.findings.counting import NEEDED, Kinds, sort_studies, sum_people
from equipoise.findings.effects import Effect, NoEffect
from equipoise.findings.gaps import TREATMENT, condition_gaps
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import (
    Cell,
    ConditionFinding,
    DomainRating,
    Gap,
    OutcomeJudgement,
)
from equipoise.findings.pooling import Pooled
from equipoise.judgement import (
    Certainty,
    Evidence,
    Finding,
    no_controlled_evidence,
    rate_certainty,
    read_effect,
    state_bottom_line,
    state_headline,
)
from equipoise.judgement import Effect as Reading


def judge_conditions(
    case: Case,
    effects: tuple[Effect, ...],
    missing: tuple[NoEffect, ...],
    pooled: tuple[Pooled, ...],
    ledger: Ledger,
) -> tuple[tuple[ConditionFinding, ...], tuple[Gap, ...]]:
    """The bottom line for every condition that has a study, and the gaps of those in focus."""
    findings = []
    gaps: list[Gap] = []
    for condition in case.header.conditions:
        kinds = sort_studies(case, condition.id)
        mine = tuple(p for p in pooled if p.synthesis.condition == condition.id)
        if not any((kinds.randomised, kinds.registered, kinds.uncontrolled, kinds.other,
                    kinds.syntheses, kinds.laboratory)) and not condition.focus:  # fmt: skip
            continue
        judgements = tuple(
            _judge(case, condition, domain, mine, missing, ledger)
            for domain in _domains(case, condition, mine, missing)
        )
        findings.append(_finding(case, condition, kinds, judgements, effects, ledger))
        if condition.focus:
            gaps.extend(condition_gaps(case, condition, kinds, judgements, effects, ledger))
    return tuple(findings), tuple(gaps)


# --- one outcome ----------------------------------------------------------------------------------


def _domains(
    case: Case, condition: Condition, pooled: tuple[Pooled, ...], missing: tuple[NoEffect, ...]
) -> list[str]:
    """Outcomes to judge: those of the question, then whatever randomised trials measured."""
    asked = [o for q in case.header.questions if q.population == condition.id for o in q.outcomes]
    measured = [p.synthesis.domain for p in pooled]
    measured += [m.domain for m in missing if m.controlled and m.condition == condition.id]
    harms = {o.id for o in case.header.outcomes if o.harm}
    unjudged = {"mechanism", "pharmacokinetics", "pharmacodynamics", "predictor"}
    return [d for d in dict.fromkeys([*asked, *measured]) if d not in harms | unjudged]


def choose_synthesis(pooled: tuple[Pooled, ...], domain: str) -> Pooled | None:
    """The synthesis that carries the bottom line of an outcome.

    Natural units on a scale whose smallest difference that matters is known, when they hold at
    least half of the people; else the synthesis of the most trials. Comparisons with another active
    drug come only when there is nothing else, for they cannot show an effect.
    """
    here = [p for p in pooled if p.synthesis.domain == domain]
    here = [p for p in here if p.against_placebo] or here
    if not here:
        return None
    most = max(here, key=lambda p: (p.k, p.people))
    natural = [p for p in here if p.natural_units and p.people * 2 >= most.people]
    return max(natural, key=lambda p: (p.k, p.people)) if natural else most


def _judge(
    case: Case,
    condition: Condition,
    domain: str,
    pooled: tuple[Pooled, ...],
    missing: tuple[NoEffect, ...],
    ledger: Ledger,
) -> OutcomeJudgement:
    chosen = choose_synthesis(pooled, domain)
    finding: Finding
    name = f"{{name:outcome/{domain}}}"
    where = f"{{name:condition/{condition.id}}}"
    outcome = next(o for o in case.header.outcomes if o.id == domain)
    if chosen is None:
        certainty, finding = no_controlled_evidence(), "unclear"
        line = state_bottom_line(
            level="none", finding="unclear", treatment=TREATMENT, outcome=name, condition=where
        )
        synthesis: str | None = None
        probabilities: tuple[Cell, ...] = ()
    else:
        certainty, finding, line = _state(case, chosen, name, where, ledger)
        line += _wider(chosen, pooled)
        synthesis = chosen.synthesis.id
        probabilities = chosen.synthesis.probabilities if chosen.k > 1 else ()
    heard = set(chosen.studies) if chosen else set()
    silent = dict.fromkeys(
        m.study
        for m in missing
        if m.controlled
        and m.condition == condition.id
        and m.domain == domain
        and m.study not in heard
    )
    if silent:
        cites = ", ".join(f"{{cite:{study}}}" for study in silent)
        line += (
            " Measured by a randomised trial, but what was read of it holds no number that an "
            f"estimate can be made from: {cites}."
        )
    return OutcomeJudgement(
        id=f"judgement/{condition.id}/{domain}",
        condition=condition.id,
        domain=domain,
        name=outcome.name,
        critical=outcome.critical,
        certainty=certainty.level,
        finding=finding,
        ratings=tuple(
            DomainRating(domain=r.domain, levels=r.levels, reason=r.reason)
            for r in certainty.ratings
        ),
        bottom_line=line,
        synthesis=synthesis,
        probabilities=probabilities,
    )


def _state(
    case: Case, pooled: Pooled, name: str, where: str, ledger: Ledger
) -> tuple[Certainty, Finding, str]:
    s = pooled.synthesis
    primary = next(m for m in s.models if m.primary)
    people = _people_number(case, pooled, ledger)
    judged = {r.study: r.judgement for r in case.plan.risk_of_bias}
    refs = {
        "low": f"{{n:{primary.low}}}",
        "high": f"{{n:{primary.high}}}",
        "people": f"{{n:{people}}}",
        "needed": f"{{n:{NEEDED}}}",
    }
    for cell in s.heterogeneity:
        if cell.label == "I²":
            refs["i2"] = f"{{n:{cell.number}}}"
    certainty = rate_certainty(
        Evidence(
            k=pooled.k,
            people=pooled.people,
            low=pooled.low,
            high=pooled.high,
            null=0.0,
            mid=pooled.mid,
            i2=pooled.i2,
            risk_of_bias=tuple(judged.get(study, "not-assessed") for study in pooled.studies),
            secondary_only=pooled.secondary_only,
            refs=refs,
        )
    )
    towards = -1.0 if pooled.better == "lower" else 1.0
    turned = sorted((towards * pooled.low, towards * pooled.high))
    finding = read_effect(Reading(low=turned[0], high=turned[1], mid=pooled.mid))
    line = state_bottom_line(
        level=certainty.level, finding=finding, treatment=TREATMENT, outcome=name, condition=where
    )
    amount = f"{s.axis[0].upper()}{s.axis[1:]}" if not re.search(r"\d", s.axis) else "Effect"
    line += f" {amount}: {{n:{primary.estimate}}} ({refs['low']} to {refs['high']}){_from(pooled)}."
    if not pooled.against_placebo:
        line += (
            " The comparison is not with placebo alone, so it cannot show whether the treatment "
            "works by itself."
        )
    benefit = next((c for c in s.probabilities if c.number.endswith("/benefit")), None)
    beyond = next((c for c in s.probabilities if c.number.endswith("/beyond-mid")), None)
    if benefit is not None and pooled.k > 1:  # of one trial, its own interval says it better
        line += f" Probability of any benefit on average: {{n:{benefit.number}}}"
        if beyond is not None and s.mid is not None:
            line += (
                f"; of one that matters (beyond {{n:{s.mid}}} on the scale): {{n:{beyond.number}}}"
            )
        line += "."
    return certainty, finding, line


def _wider(chosen: Pooled, pooled: tuple[Pooled, ...]) -> str:
    """The standardised answer of more trials, where the natural units left some out."""
    domain = chosen.synthesis.domain
    more = [
        p for p in pooled if p.synthesis.domain == domain and p.k > chosen.k and p.against_placebo
    ]
    if not more:
        return ""
    widest = max(more, key=lambda p: (p.k, p.people))
    model = next(m for m in widest.synthesis.models if m.primary)
    return (
        f" All trials that can be put on one standardised scale: {{n:{model.estimate}}} "
        f"({{n:{model.low}}} to {{n:{model.high}}}){_from(widest)}."
    )


def _from(pooled: Pooled) -> str:
    cites = [f"{{cite:{study}}}" for study in pooled.studies]
    if len(cites) == 1:
        return f", one trial, {cites[0]}"
    return ", " + ", ".join(cites[:-1]) + f" and {cites[-1]}"


def _people_number(case: Case, pooled: Pooled, ledger: Ledger) -> str:
    number_id = f"pooled/{pooled.synthesis.id}/people"
    if not ledger.has(number_id):
        studies = [case.study(s) for s in pooled.studies]
        sum_people(ledger, number_id, "people", studies, ("n_analysed", "n_randomised"))
    return number_id


# --- one condition --------------------------------------------------------------------------------


def _finding(
    case: Case,
    condition: Condition,
    kinds: Kinds,
    judgements: tuple[OutcomeJudgement, ...],
    effects: tuple[Effect, ...],
    ledger: Ledger,
) -> ConditionFinding:
    at = f"count/{condition.id}"
    name = f"{{name:condition/{condition.id}}}"
    statements = list(_what_exists(kinds, at, name))
    statements += _for_and_against(condition, effects)
    statements += _registered(kinds)
    return ConditionFinding(
        id=condition.id,
        name=condition.name,
        focus=condition.focus,
        headline=_headline(kinds, judgements, at, name, focus=condition.focus),
        statements=tuple(statements),
        counts=(
            Cell(label="completed randomised trials", number=f"{at}/randomised-trials"),
            Cell(label="people randomised", number=f"{at}/randomised-people"),
            Cell(label="registered trials without results", number=f"{at}/registered-trials"),
            Cell(
                label="studies without a randomised comparison", number=f"{at}/uncontrolled-studies"
            ),
        ),
        judgements=judgements,
        randomised=_ids(kinds.randomised),
        registered=_ids(kinds.registered),
        uncontrolled=_ids(kinds.uncontrolled),
        other=_ids((*kinds.syntheses, *kinds.laboratory, *kinds.other)),
    )


def _ids(studies: Iterable[Study]) -> tuple[str, ...]:
    return tuple(s.id for s in studies)


def _headline(
    kinds: Kinds,
    judgements: tuple[OutcomeJudgement, ...],
    at: str,
    name: str,
    *,
    focus: bool,
) -> str:
    if not kinds.randomised and not focus and not kinds.registered:
        return (
            f"Records of the case that speak of {name} hold no completed randomised trial; they "
            "are indirect evidence."
        )
    if not kinds.randomised:
        return (
            f"No completed randomised trial of {TREATMENT} in {name} was found. Whether it works "
            "there is not known."
        )
    critical = [j for j in judgements if j.critical and j.synthesis is not None]
    trials = (
        "{n:"
        + at
        + "/randomised-trials} completed randomised "
        + ("trial" if len(kinds.randomised) == 1 else "trials")
    )
    if not critical:
        return (
            f"{trials} of {TREATMENT} in {name}, but no verified estimate for an outcome that "
            "decides."
        )
    best = critical[0]
    outcome = f"{{name:outcome/{best.domain}}}"
    sentence = state_headline(level=best.certainty, finding=best.finding, outcome=outcome)
    return f"{trials} of {TREATMENT} in {name}. {sentence}"


def _what_exists(kinds: Kinds, at: str, name: str) -> Iterable[str]:
    if kinds.randomised:
        yield (
            f"Randomised: {{n:{at}/randomised-trials}} completed, with "
            f"{{n:{at}/randomised-people}} people: {_cites(kinds.randomised)}."
        )
    else:
        yield (
            "Looked through for this: {n:count/case/studies} records of the case; what was "
            "searched, and when, stands under methods. A trial outside those records would not "
            "have been seen."
        )
    if kinds.uncontrolled:
        yield (
            f"Without a randomised comparison, studies: {{n:{at}/uncontrolled-studies}}, with "
            f"{{n:{at}/uncontrolled-people}} people: {_cites(kinds.uncontrolled)}. Such studies "
            "cannot tell the drug from natural course, regression to the mean, expectation and "
            "selection."
        )
    if kinds.syntheses:
        yield f"Published syntheses: {_cites(kinds.syntheses)}."
    if kinds.laboratory:
        yield (
            f"In the laboratory or without the drug: {_cites(kinds.laboratory)}; none of these "
            f"shows what happens to a person with {name} who takes it."
        )


def _registered(kinds: Kinds) -> list[str]:
    lines = []
    for study in kinds.registered:
        planned = (
            f", planned for {{n:studies/{study.id}/n_planned}} people" if study.n_planned else ""
        )
        state = study.registry.state.replace("-", " ") if study.registry else "unknown"
        results = (
            "no results were found"
            if study.registry is None or study.registry.results != "posted"
            else "results are posted"
        )
        lines.append(
            f"Registered: {{cite:{study.id}}}{planned}; when last seen: {state}; {results}."
        )
    return lines


def _for_and_against(condition: Condition, effects: tuple[Effect, ...]) -> list[str]:
    """Trials that found an effect beside those that did not, so that neither stands alone."""
    by_domain: dict[str, list[Effect]] = {}
    for effect in effects:
        row = effect.row
        plain = row.controlled and row.comparator == "placebo" and row.verified
        if row.condition == condition.id and plain and effect.primary:
            by_domain.setdefault(row.domain, []).append(effect)
    lines = []
    for domain, found in by_domain.items():
        if len(found) < 2:
            continue
        benefit = [e for e in found if _direction(e) > 0]
        harm = [e for e in found if _direction(e) < 0]
        null = [e for e in found if _direction(e) == 0]
        parts = []
        if benefit:
            parts.append(f"in favour of {TREATMENT}: {_sized(benefit)}")
        if harm:
            parts.append(f"against it: {_sized(harm)}")
        if null:
            parts.append(f"no difference shown: {_sized(null)}")
        lines.append(
            f"Randomised comparisons with placebo on {{name:outcome/{domain}}}, by what their own "
            f"interval shows: {'; '.join(parts)}."
        )
    return lines


def _direction(effect: Effect) -> int:
    """Whether an effect's own interval lies on the side of benefit, of harm, or on both."""
    if effect.estimate is None:
        return 0
    low, high = effect.estimate.ci()
    if low <= 0 <= high:
        return 0
    towards = -1 if effect.outcome.better == "lower" else 1
    return towards if low > 0 else -towards


def _sized(effects: list[Effect]) -> str:
    parts = []
    for effect in effects:
        study = effect.study
        field = "n_randomised" if study.n_randomised else "n_analysed"
        size = f" ({{n:studies/{study.id}/{field}}} people)" if getattr(study, field) else ""
        parts.append(f"{{cite:{study.id}}}{size}")
    return ", ".join(parts)


def _cites(studies: Iterable[Study]) -> str:
    return ", ".join(f"{{cite:{s.id}}}" for s in studies)
