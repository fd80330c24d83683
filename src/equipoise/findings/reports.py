"""Patient reports held against like benchmarks. Unlike rates are refused, in words."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

from equipoise.case import Case
from equipoise.case.facts import ExperienceSample, Fact, ReportedRate
from equipoise.findings.ledger import Ledger, resolve_local
from equipoise.findings.model import (
    Experience,
    FactRow,
    RateRow,
    RateTable,
    SampleRow,
    SelectionRow,
    Step,
)
from equipoise.findings.wording import decimal, significant

_COUNTS = {
    "any-better": "Any improvement",
    "much-better": "Much improved",
    "strict-responder": "Strict responders",
    "symptom-better": "One symptom improved",
    "remission": "Remission",
    "recovered": "Recovered",
    "still-taking": "Still taking it",
    "no-response": "No response",
    "stopped-for-harm": "Stopped because of harm",
}
# Outcomes of improvement: what readers set side by side. Persistence and harm are not among them.
_IMPROVEMENT = ("any-better", "much-better", "strict-responder", "remission", "recovered")
_ORIGIN = (
    ("how_found", "how people were found"),
    ("who_could_answer", "who could answer"),
    ("denominator", "denominator"),
    ("stopping", "stopping"),
    ("timing", "timing"),
    ("co_treatment", "other treatment"),
)


def hold_reports(case: Case, ledger: Ledger) -> Experience:
    """Tables of like rates, refusals of unlike ones, and the selection that a gap would need."""
    rows: dict[str, list[tuple[ExperienceSample, ReportedRate, RateRow]]] = defaultdict(list)
    for sample in case.experience:
        for rate in sample.rates:
            rows[rate.counts].append((sample, rate, _rate_row(sample, rate, ledger)))
    tables = tuple(
        RateTable(counts=counts, title=title, rows=tuple(_ordered(rows[counts])))
        for counts, title in _COUNTS.items()
        if rows[counts]
    )
    return Experience(
        statements=_statements(case, rows),
        tables=tables,
        refused=_refusals(rows),
        selection=tuple(_selection(rows, ledger)),
        samples=tuple(_sample_row(s) for s in case.experience),
    )


def _ordered(rows: list[tuple[ExperienceSample, ReportedRate, RateRow]]) -> list[RateRow]:
    return [row for _, _, row in sorted(rows, key=lambda r: (r[0].role != "report", r[2].id))]


def _rate_row(sample: ExperienceSample, rate: ReportedRate, ledger: Ledger) -> RateRow:
    at = f"experience/{sample.id}/rates/{rate.id}"
    percent = f"{at}/percent"
    if rate.percent is None:
        events, total = ledger.value(f"{at}/events"), ledger.value(f"{at}/total")
        share = 100 * events / total if total else 0.0
        percent = ledger.add(
            f"{at}/share",
            kind="derived",
            label=f"{sample.title}: {rate.definition}",
            value=share,
            display=f"{decimal(share, 1)}%",
            method="share-of-people",
            inputs=(f"{at}/events", f"{at}/total"),
        )
    return RateRow(
        id=at,
        sample=sample.id,
        label=sample.title + (f", {rate.group}" if rate.group else ""),
        work=sample.source,
        role=sample.role,
        regime=sample.regime,
        conditions=sample.conditions,
        definition=rate.definition,
        percent=percent,
        low=f"{at}/low" if rate.low is not None else None,
        high=f"{at}/high" if rate.high is not None else None,
        total=f"{at}/total" if rate.total is not None else None,
        verified=ledger.numbers[percent].verified,
        note=" ".join(
            n for n in (f"Checked: {rate.verification.replace('_', ' ')}." if rate.verification
                        else None, rate.note) if n
        ) or None,
    )  # fmt: skip


def _statements(
    case: Case, rows: dict[str, list[tuple[ExperienceSample, ReportedRate, RateRow]]]
) -> tuple[str, ...]:
    lines = [
        "A rate means nothing without what it counts. Each table below holds one class of outcome, "
        "reports first, then benchmarks: other people, under usual care, on placebo, untreated, "
        "or, where the row says so, given something else. The definitions within a class still "
        "differ; they stand in each row.",
        "No number of uncontrolled reports can tell the drug from natural course, regression to "
        "the mean, expectation, stopping by those it did not help, and who chooses to answer.",
    ]
    for condition in case.header.conditions:
        reports = [
            r
            for r in rows["any-better"]
            if r[0].role == "report" and condition.id in r[0].conditions
        ]
        benchmarks = [
            r
            for r in rows["any-better"]
            if r[0].role == "benchmark" and condition.id in r[0].conditions
        ]
        if reports and benchmarks:
            lines.append(
                f"Any improvement in {{name:condition/{condition.id}}}, like for like. Reports: "
                f"{_listed(reports)}. Without the drug: {_listed(benchmarks)}."
            )
    elsewhere = [r for r in rows["any-better"] if r[0].regime == "open-label-benchmark"]
    if elsewhere:
        lines.append(
            "Any improvement among people openly treated with something else, for other "
            f"complaints: {_listed(elsewhere)}. Such rates are seen with other treatments too."
        )
    if not case.experience:
        lines.append("No patient reports were entered in this case.")
    return tuple(lines)


def _listed(rows: list[tuple[ExperienceSample, ReportedRate, RateRow]]) -> str:
    return ", ".join(f"{{n:{row.percent}}} ({{cite:{sample.source}}})" for sample, _, row in rows)


def _refusals(
    rows: dict[str, list[tuple[ExperienceSample, ReportedRate, RateRow]]],
) -> tuple[str, ...]:
    """For each report, the benchmarks that a reader might reach for and must not."""
    refused = []
    for counts in _IMPROVEMENT:
        for sample, _, row in rows[counts]:
            if sample.role != "report":
                continue
            unlike = [
                (other, other_sample, other_row)
                for other in _IMPROVEMENT
                if other != counts
                for other_sample, _, other_row in rows[other]
                if other_sample.role == "benchmark" and _shared(sample, other_sample)
            ]
            for other, group in groupby(unlike, key=lambda u: u[0]):
                listed = ", ".join(f"{{n:{r.percent}}} ({{cite:{s.source}}})" for _, s, r in group)
                refused.append(
                    f"{{n:{row.percent}}} in {{cite:{sample.source}}} counts "
                    f"{_COUNTS[counts].lower()}; {listed} counts {_COUNTS[other].lower()}. "
                    "Not set side by side."
                )
    return tuple(refused)


def _shared(a: ExperienceSample, b: ExperienceSample) -> bool:
    return bool(set(a.conditions) & set(b.conditions))


def _alike(report: ExperienceSample, benchmark: ExperienceSample) -> bool:
    """Whether a benchmark speaks to a report: the same condition, or open treatment of any kind."""
    return _shared(report, benchmark) or benchmark.regime == "open-label-benchmark"


def _selection(
    rows: dict[str, list[tuple[ExperienceSample, ReportedRate, RateRow]]], ledger: Ledger
) -> list[SelectionRow]:
    """Odds of the report over odds of the benchmark: the selection needed at no specific effect."""
    found = []
    for counts in _IMPROVEMENT:
        reports = [r for r in rows[counts] if r[0].role == "report" and r[0].regime != "trial-arm"]
        benchmarks = [r for r in rows[counts] if r[0].role == "benchmark"]
        for report_sample, _, report in reports:
            for bench_sample, _, bench in benchmarks:
                alike = _alike(report_sample, bench_sample)
                p = ledger.numbers[report.percent].value
                q = ledger.numbers[bench.percent].value
                if not alike or p is None or q is None or not (0 < p < 100 and 0 < q < 100):
                    continue
                ratio = (p / (100 - p)) / (q / (100 - q))
                number = ledger.add(
                    f"selection/{report.id.removeprefix('experience/')}"
                    f"/vs/{bench.id.removeprefix('experience/')}",
                    kind="computed",
                    label="selection odds ratio that would explain the report at no effect",
                    value=ratio,
                    display=significant(ratio, 3),
                    method="selection-odds-ratio",
                    inputs=(report.percent, bench.percent),
                    steps=(
                        Step(
                            quantity="SOR",
                            formula="odds(report) / odds(benchmark)",
                            display=significant(ratio, 3),
                        ),
                    ),
                )
                found.append(SelectionRow(report=report.id, benchmark=bench.id, odds_ratio=number))
    return found


def _sample_row(sample: ExperienceSample) -> SampleRow:
    at = f"experience/{sample.id}"
    return SampleRow(
        id=sample.id,
        title=sample.title,
        work=sample.source,
        role=sample.role,
        regime=sample.regime,
        conditions=sample.conditions,
        origin=tuple(
            (label, getattr(sample, name)) for name, label in _ORIGIN if getattr(sample, name)
        ),
        facts=tuple(fact_row(f, f"{at}/facts/{f.id}") for f in sample.facts),
        note=sample.note,
    )


def fact_row(fact: Fact, at: str) -> FactRow:
    """A fact as pages show it; its own numbers become references."""
    return FactRow(
        id=at,
        topic=fact.topic,
        statement=resolve_local(fact.statement, at),
        work=fact.source,
        verified=fact.verified,
        date=getattr(fact, "date", None),
        source_quality=getattr(fact, "source_quality", None),
        note=fact.note,
    )
