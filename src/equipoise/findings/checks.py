"""What the engine checks in the printed numbers, and what people have said about it.

A check that speaks is shown until a person has looked and written an acknowledgement, with the
reason, into the case; then it is shown together with that reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.case import Case
from equipoise.case.header import Instrument
from equipoise.case.study import Acknowledgement, Contrast, ContrastType, Outcome, Study
from equipoise.evidence.effects import (
    Guard,
    check_change_sd,
    check_ci_matches_p,
    check_ci_symmetry,
    check_difference_of_means,
    check_estimate_in_ci,
    check_mean_on_scale,
    check_n_grows,
    check_percent_fits_n,
    check_sd_on_scale,
)
from equipoise.findings.effects import Effect
from equipoise.findings.model import Attention, ClaimRow
from equipoise.findings.studies import arm_of

_LINEAR = {
    ContrastType.MEAN_DIFFERENCE,
    ContrastType.ADJUSTED_MEAN_DIFFERENCE,
    ContrastType.DIFFERENCE_IN_CHANGE,
    ContrastType.PAIRED_MEAN_DIFFERENCE,
    ContrastType.SMD,
    ContrastType.MEAN_CHANGE,
}
_RATIO = {ContrastType.RISK_RATIO, ContrastType.ODDS_RATIO}
_RECORDED_TOLERANCE = 0.02
"""How far a compiler's derivation may lie from ours, relatively: they rounded on the way."""


def find_attention(
    case: Case, effects: tuple[Effect, ...], claims: tuple[ClaimRow, ...]
) -> tuple[Attention, ...]:
    """Every check that spoke, in the order of the case; what it says of two arms it says once."""
    scales = {i.id: i for i in case.header.instruments}
    found = [a for study in case.studies for a in _study(study, effects, scales)]
    found += [_claim(row) for row in claims if _disagrees(row)]
    return tuple({a.id: a for a in found}.values())


def _disagrees(row: ClaimRow) -> bool:
    """A verdict that the engine's own comparisons do not bear out.

    A test says what would have to hold if the claim were true: all must, for `supported`; one must
    fail, for `contradicted`. Of a claim that holds in part, either may be so.
    """
    if not row.tests:
        return False
    holds = all(t.holds for t in row.tests)
    return (row.verdict == "supported" and not holds) or (row.verdict == "contradicted" and holds)


def _claim(row: ClaimRow) -> Attention:
    return Attention(
        id=f"check/claims/{row.id}",
        check="claim-test",
        where=f"claims/{row.group}.yaml",
        statement="The engine's own comparisons do not bear out the verdict on this claim.",
        acknowledged=None,
    )


def _study(
    study: Study, effects: tuple[Effect, ...], scales: dict[str, Instrument]
) -> Iterator[Attention]:
    acknowledged = tuple(a for outcome in study.outcomes for a in outcome.acknowledged)
    for guard in _flow(study):
        yield _attention(study.id, "people", guard, acknowledged)
    for outcome in study.outcomes:
        for guard in (
            *_outcome_guards(study, outcome),
            *_off_the_scale(study, outcome, scales),
            *_change_deviations(outcome),
        ):
            yield _attention(study.id, outcome.id, guard, outcome.acknowledged)
        for guard in _recorded(study, outcome, effects):
            yield _attention(study.id, outcome.id, guard, outcome.acknowledged)
    for event in study.adverse_events:
        for row in event.arms:
            n = row.total or arm_of(study, row.arm).n
            if row.percent is not None and row.events is None and n is not None and n.value:
                for spoken in _spoken(check_percent_fits_n(row.percent.printed, int(n.value))):
                    yield _attention(study.id, event.id, spoken, event.acknowledged)


def _outcome_guards(study: Study, outcome: Outcome) -> Iterator[Guard]:
    for row in outcome.arms:
        if row.percent is None or not row.percent.is_exact:
            continue
        n = row.total or row.n or arm_of(study, row.arm).n
        if n is not None and n.value and row.events is None:
            yield from _spoken(check_percent_fits_n(row.percent.printed, int(n.value)))
    contrast = outcome.contrast
    if contrast is None or contrast.estimate is None or not contrast.estimate.is_exact:
        return
    if contrast.type in _LINEAR | _RATIO:
        yield from _contrast_guards(contrast)
    if contrast.type is ContrastType.MEAN_DIFFERENCE and contrast.arms is not None:
        means = [
            next((r.mean.printed for r in outcome.arms if r.arm == arm and r.mean), None)
            for arm in contrast.arms
        ]
        if means[0] is not None and means[1] is not None:
            yield from _spoken(
                check_difference_of_means(contrast.estimate.printed, means[0], means[1])
            )


def _flow(study: Study) -> Iterator[Guard]:
    """Speak where more people come out of a stage of the study than went in."""
    entered = {"screened": study.n_screened, "randomised": study.n_randomised}
    for later in (
        {"started": study.n_started, "completed": study.n_completed},
        {"analysed": study.n_analysed},
    ):
        stages = {
            name: float(count.value)
            for name, count in (*entered.items(), *later.items())
            if count is not None and count.is_exact and count.value is not None
        }
        yield from _spoken(check_n_grows(stages))


def _off_the_scale(
    study: Study, outcome: Outcome, scales: dict[str, Instrument]
) -> Iterator[Guard]:
    """Speak where scores lie outside their instrument's range, or spread wider than it."""
    scale = scales.get(outcome.instrument or "")
    if scale is None or scale.low is None or scale.high is None or outcome.kind == "change":
        return
    for row in outcome.arms:
        if row.time == "change" or row.mean is None or not row.mean.is_exact:
            continue
        mean = row.mean.printed
        yield from _spoken(check_mean_on_scale(mean, scale.low, scale.high))
        n = row.n or arm_of(study, row.arm).n
        if row.sd is not None and row.sd.is_exact and n is not None and n.value and n.value > 1:
            yield from _spoken(
                check_sd_on_scale(mean, row.sd.printed, int(n.value), scale.low, scale.high)
            )


def _change_deviations(outcome: Outcome) -> Iterator[Guard]:
    """Speak where an arm's SD of change fits no correlation of its scores before and after."""
    for arm in dict.fromkeys(row.arm for row in outcome.arms):
        rows = {row.time: row for row in outcome.arms if row.arm == arm}
        sds = [rows[t].sd if t in rows else None for t in ("baseline", "end", "change")]
        if len({rows[t].n for t in rows}) > 1:  # other people
            continue
        texts = [sd.printed for sd in sds if sd is not None and sd.is_exact and sd.value]
        if len(texts) == len(sds):
            yield from _spoken(check_change_sd(*texts))


def _contrast_guards(contrast: Contrast) -> Iterator[Guard]:
    ratio = contrast.type in _RATIO
    estimate = contrast.estimate
    if estimate is None or contrast.ci is None:
        return
    if not (contrast.ci.low.is_exact and contrast.ci.high.is_exact):
        return
    e, low, high = estimate.printed, contrast.ci.low.printed, contrast.ci.high.printed
    yield from _spoken(check_estimate_in_ci(e, low, high))
    yield from _spoken(check_ci_symmetry(e, low, high, ratio=ratio))
    if contrast.p is not None and not ratio:
        yield from _spoken(
            check_ci_matches_p(e, low, high, contrast.p.printed, level=contrast.ci.level)
        )


def _spoken(guard: Guard | None) -> Iterator[Guard]:
    if guard is not None:
        yield guard


def _recorded(study: Study, outcome: Outcome, effects: tuple[Effect, ...]) -> Iterator[Guard]:
    """Hold the compiler's own derivations against ours."""
    effect = next(
        (e for e in effects if e.study.id == study.id and e.outcome.id == outcome.id), None
    )
    if effect is None or effect.estimate is None:
        return
    natural = effect.estimate.on_natural_scale()
    ours = {
        "se": effect.estimate.sei,
        "ci-low": natural.low,
        "ci-high": natural.high,
        "rr": natural.value,
        "rr-ci-low": natural.low,
        "rr-ci-high": natural.high,
    }
    for recorded in outcome.derived:
        mine = ours.get(recorded.quantity)
        if mine is None:
            continue
        rounding = 0.5 * 10.0 ** -_decimals(recorded.value)
        if abs(mine - recorded.value) > rounding + _RECORDED_TOLERANCE * abs(mine):
            yield Guard(
                id="recorded-derivation",
                sentence="A number that the compilers derived differs from the engine's own.",
                values={"recorded": recorded.value, "engine": mine},
            )


def _decimals(value: float) -> int:
    text = repr(value)
    return len(text.split(".")[1]) if "." in text and "e" not in text else 0


def _attention(
    study: str, record: str, guard: Guard, acknowledged: tuple[Acknowledgement, ...]
) -> Attention:
    reason = next((a.reason for a in acknowledged if a.check == guard.id), None)
    return Attention(
        id=f"check/{study}/{record}/{guard.id}",
        check=guard.id,
        where=f"studies/{study}.yaml, {record}",
        statement=f"{{cite:{study}}}: {guard.sentence}",
        acknowledged=reason,
    )
