"""An invented dossier: small, complete, and hostile wherever text comes from outside."""

from __future__ import annotations

import pytest

from equipoise.dossier.shown import Facts, Shown
from equipoise.findings import model as m

HOSTILE = (
    '<script>alert("x")</script> & \' " {{ 7*7 }} ](javascript:alert(1)) '
    "<img src=x onerror=alert(1)>"
)
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
RIGHT_TO_LEFT = "نالتريكسون بجرعة منخفضة \u202e (reversed)"
EVIL_STUDY = "../../etc/CON.Study"


class Numbers:
    """Enters numbers and gives their ids back."""

    def __init__(self) -> None:
        self.made: dict[str, m.Number] = {}

    def __call__(
        self,
        number_id: str,
        value: float | None,
        display: str | None = None,
        *,
        label: str | None = None,
        kind: str = "computed",
        verified: bool = True,
        inputs: tuple[str, ...] = (),
        unit: str | None = None,
        printed_in: str | None = None,
    ) -> str:
        source = None
        if printed_in is not None:
            kind = "printed"
            source = m.SourceRef(
                work=printed_in, locator="table II, row “pain”", file="studies/alder.yaml", line=12
            )
        self.made[number_id] = m.Number(
            id=number_id,
            kind=kind,  # type: ignore[arg-type]
            label=label or number_id.rsplit("/", 1)[-1].replace("_", " "),
            value=value,
            display=display or f"{value:g}".replace("-", "−"),
            unit=unit,
            method="as-printed" if kind == "printed" else "reml",
            inputs=inputs,
            steps=(m.Step(quantity="y", formula="a − b < c & d", display="0.3"),) if inputs else (),
            assumptions=("count-from-percent",) if inputs else (),
            verified=verified,
            source=source,
            note=HOSTILE if number_id.endswith("hostile") else None,
        )
        return number_id


def complete_findings() -> m.Findings:
    n = Numbers()
    cell = lambda label, i: m.Cell(label=label, number=i)  # noqa: E731
    n("studies/alder/n_randomised", 31, printed_in="alder")
    n("studies/alder/dose", 4.5, "4.5\u00a0mg", printed_in="alder", unit="mg")
    n("studies/alder/weeks", 12, "12\u00a0weeks", printed_in="alder")
    n(
        "studies/alder/pain/mean",
        -1.25,
        printed_in="alder",
        verified=False,
        label="mean change in pain",
    )
    n("studies/alder/hostile", 3, HOSTILE, printed_in=EVIL_STUDY, label=HOSTILE)
    n("A.b:C-d/e_f.g", 5, "5", label=LONG)
    n("a.b:c-d/e_f.g", 6, "6", label="the same letters in small")
    n("no-value", None, "not estimable")

    def trio(
        base: str, y: float, low: float, high: float, *, verified: bool = True
    ) -> dict[str, str]:
        used = ("studies/alder/pain/mean",)
        return {
            "estimate": n(
                f"{base}/y", y, verified=verified, inputs=used, label=f"estimate, {base}"
            ),
            "low": n(
                f"{base}/low", low, verified=verified, inputs=used, label=f"lower limit, {base}"
            ),
            "high": n(
                f"{base}/high", high, verified=verified, inputs=used, label=f"upper limit, {base}"
            ),
        }

    rows = tuple(
        m.ForestRow(
            effect=f"effects/{s}/pain",
            label=label,
            note="crossover" if s == "alder" else None,
            weight=n(f"effects/{s}/pain/weight", w, f"{w}%"),
            verified=v,
            **trio(f"effects/{s}/pain", y, lo, hi, verified=v),
        )
        for s, label, w, v, y, lo, hi in (
            ("alder", "Alder 2013", 44, True, -0.55, -1.0, -0.1),
            (
                "birch",
                "Birch 2024, a name that needs more than one line of a plot",
                50,
                False,
                -0.3,
                -0.7,
                0.1,
            ),
            (EVIL_STUDY, RIGHT_TO_LEFT, 6, True, 0.4, -3.9, 4.7),
        )
    )
    synthesis = m.Synthesis(
        id="fibromyalgia/pain",
        condition="fibromyalgia",
        domain="pain",
        title="Pain in fibromyalgia",
        measure="SMD",
        ratio=False,
        axis="standardised mean difference",
        better="lower",
        null=0.0,
        mid=n("plan/mid", -0.35, "−0.35"),
        rows=rows,
        models=(
            m.ModelResult(
                model="reml",
                name="Random effects (REML, Hartung-Knapp)",
                primary=True,
                prediction_low=n("s/reml/pl", -1.9),
                prediction_high=n("s/reml/ph", 1.1),
                **trio("s/reml", -0.4, -0.8, 0.02, verified=False),
            ),
            m.ModelResult(
                model="bayes",
                name="Bayesian",
                primary=False,
                note="With the prior that is shown below.",
                **trio("s/bayes", -0.36, -0.72, -0.02),
            ),
        ),
        heterogeneity=(cell("I²", n("s/i2", 18, "18%")),),
        probabilities=(cell("probability of any benefit", n("s/p", 0.97, "97%")),),
        prior="Half-normal, as in {cite:alder}.",
        notes=("Reports of one study count once.",),
        verified=False,
    )
    ratio = m.Synthesis(
        id="fibromyalgia/dreams",
        condition="fibromyalgia",
        domain="harm",
        title="Vivid dreams",
        measure="RR",
        ratio=True,
        axis="risk ratio",
        better="lower",
        null=1.0,
        mid=None,
        rows=(
            m.ForestRow(
                effect="effects/alder/dreams",
                label="Alder 2013",
                note=None,
                weight=None,
                verified=True,
                **trio("effects/alder/dreams", 2.4, 0.0, 9.0),
            ),
        ),
        models=(),
        heterogeneity=(),
        probabilities=(),
        prior=None,
        notes=(),
        verified=True,
    )
    effects = tuple(
        m.EffectRow(
            id=f"effects/{study}/pain",
            study=study,
            outcome="pain",
            outcome_name="pain",
            condition=condition,
            domain="pain",
            measure="SMD",
            comparator="placebo",
            controlled=controlled,
            co_interventions=("duloxetine",) if study == "birch" else (),
            estimate=f"effects/{study}/pain/y",
            low=f"effects/{study}/pain/low",
            high=f"effects/{study}/pain/high",
            better="lower",
            verified=study != "birch",
            pooled_in=("fibromyalgia/pain",) if controlled else (),
            why_not_pooled=None if controlled else "There is no control group in {cite:birch}.",
        )
        for study, condition, controlled in (
            ("alder", "fibromyalgia", True),
            ("birch", "fibromyalgia", False),
            (EVIL_STUDY, "elsewhere", True),
        )
    )

    def study(study_id: str, **more: object) -> m.StudyRow:
        given: dict[str, object] = {
            "id": study_id,
            "kind": "trial",
            "conditions": ("fibromyalgia",),
            "condition_text": "fibromyalgia",
            "title": "A trial of something against nothing",
            "design": "randomised, double-blind crossover",
            "randomised": True,
            "blinding": "double",
            "comparator": "placebo",
            "population": (cell("randomised", "studies/alder/n_randomised"),),
            "doses": (cell("LDN", "studies/alder/dose"),),
            "duration": "studies/alder/weeks",
            "registry_state": None,
            "registry_status": None,
            "risk_of_bias": "some concerns",
            "risk_of_bias_reason": "The order of periods was not balanced.",
            "outcomes": (
                m.OutcomeRow(
                    id="pain",
                    name="pain",
                    domain="pain",
                    measured_by="VAS",
                    primary=True,
                    cells=(
                        cell("mean", "studies/alder/pain/mean"),
                        cell(HOSTILE, "studies/alder/hostile"),
                    ),
                    direction="better",
                    verified=False,
                    note=HOSTILE,
                ),
                m.OutcomeRow(
                    id="fatigue",
                    name=RIGHT_TO_LEFT,
                    domain="fatigue",
                    measured_by=None,
                    primary=False,
                    cells=(),
                    direction=None,
                    verified=True,
                    note=None,
                ),
            ),
            "harms": (),
            "verified": True,
            "note": None,
        }
        return m.StudyRow.model_validate(given | more)

    works = (
        m.Work(
            id="alder",
            short="Alder 2013",
            citation="Alder A. 2013. A trial.",
            doi="10.1002/art.37734",
            pmid="23359310",
            registry="NCT00568555",
            url="https://example.org/a?b=c&d=e",
            is_study=True,
            read_level="full-text",
            unverified_fields=("pages", "pmid"),
            verified=True,
        ),
        m.Work(
            id="birch",
            short="Birch 2024",
            citation=f"Birch B. {LONG}",
            doi='10.1/"><script>',
            pmid="javascript:alert(1)",
            url="javascript:alert(1)",
            is_study=True,
            verified=False,
            note=HOSTILE,
        ),
        m.Work(
            id=EVIL_STUDY,
            short=RIGHT_TO_LEFT,
            citation=HOSTILE,
            url="https://user:pw@evil.example/",
            is_study=True,
            verified=True,
        ),
        m.Work(
            id="label",
            short="Label 2013",
            citation="A label. 2013.",
            is_study=False,
            verified=False,
        ),
    )
    judgement = m.OutcomeJudgement(
        id="fibromyalgia/pain",
        condition="fibromyalgia",
        domain="pain",
        name="pain",
        critical=True,
        certainty="very low",
        finding="unclear",
        ratings=(
            m.DomainRating(
                domain="imprecision", levels=-2, reason="The interval {n:s/reml/low} holds both."
            ),
            m.DomainRating(domain="inconsistency", levels=0, reason="Studies agree."),
        ),
        bottom_line="LDN may reduce pain by {n:s/reml/y}, but this is very uncertain.",
        synthesis="fibromyalgia/pain",
        probabilities=(cell("probability of a benefit that matters", n("s/pmid", 0.6, "60%")),),
    )
    twin = judgement.model_copy(
        update={"id": "fibromyalgia/fatigue", "name": "fatigue", "certainty": "low"}
    )
    conditions = (
        m.ConditionFinding(
            id="Crohn's disease",
            name="Crohn’s disease",
            focus=False,
            headline="Nothing direct.",
            statements=(),
            counts=(),
            judgements=(),
            randomised=(),
            registered=(),
            uncontrolled=(),
            other=(),
        ),
        m.ConditionFinding(
            id="fibromyalgia",
            name="Fibromyalgia",
            focus=True,
            headline=(
                "Trials in {name:condition/fibromyalgia} are few, and whether "
                "{name:intervention} helps is uncertain ({cite:alder})."
            ),
            statements=(
                "One trial randomised {n:studies/alder/n_randomised} people.",
                "<b>Not bold.</b>",
            ),
            counts=(
                cell("randomised trials", n("count/r", 3, kind="count")),
                cell("registered trials", n("count/g", 1, kind="count")),
                cell("uncontrolled studies", n("count/u", 12, kind="count", verified=False)),
            ),
            judgements=(judgement, twin),
            randomised=("alder", EVIL_STUDY),
            registered=("cedar",),
            uncontrolled=("birch",),
            other=(),
        ),
        m.ConditionFinding(
            id="me-cfs",
            name="ME/CFS",
            focus=True,
            headline="There is no randomised trial.",
            statements=(),
            counts=(),
            judgements=(
                m.OutcomeJudgement(
                    id="me-cfs/fatigue",
                    condition="me-cfs",
                    domain="fatigue",
                    name="fatigue",
                    critical=True,
                    certainty="none",
                    finding="unclear",
                    ratings=(),
                    bottom_line="Nobody knows.",
                    synthesis=None,
                    probabilities=(),
                ),
            ),
            randomised=(),
            registered=(),
            uncontrolled=(),
            other=(),
        ),
    )
    fact = m.FactRow(
        id="F1",
        topic="half-life",
        statement="The half-time was {n:studies/alder/weeks}.",
        work="label",
        verified=False,
        date="2024-05-01",
        source_quality="primary",
        note=HOSTILE,
    )
    curves = tuple(
        m.OccupancyCurve(
            model=model,
            dose=n(f"pharmacology/dose/{dose}", dose, f"{dose:g}\u00a0mg"),
            points=tuple(
                m.CurvePoint(
                    hour=n(f"pharmacology/hour/{h}", h, f"{h}\u00a0h"),
                    occupancy=n(
                        f"pharmacology/curve/{model}/{dose}/{h}",
                        round(100 * dose / (dose + 1) * rate**h, 1),
                        unit="%",
                        verified=model != "retained",
                    ),
                )
                for h in range(0, 25, 3)
            ),
            trough=n(
                f"pharmacology/trough/{model}/{dose}", 100 * dose / (dose + 1) * rate**24, "low"
            ),
        )
        for dose in (1.5, 4.5, 50.0)
        for model, rate in (
            ("parent", 0.7),
            ("metabolite", 0.94),
            ("retained", 0.95),
            ("slow", 0.99),
        )
    )
    drug = m.Drug(
        statements=("Occupancy after a dose depends on which hypothesis is right.",),
        models=tuple(
            m.OccupancyModelRow(
                model=i,
                name=name,
                says="Receptors follow plasma, as {cite:label} has it.",
                fit=(cell("misfit", n(f"fit/{i}", 0.2)),),
                weight=n(f"weight/{i}", 0.25, "25%"),
            )
            for i, name in (
                ("parent", "Parent in plasma"),
                ("metabolite", "Metabolite in plasma too"),
                ("retained", "Retained in the brain"),
                ("slow", "Slow dissociation"),
            )
        ),
        curves=curves,
        observed=(fact,),
        constants=(cell("molar mass", n("c/mass", 341.4, "341.4\u00a0g/mol")),),
        potency=(
            m.PotencyRow(
                id="tlr4",
                target="TLR4 on microglia, blocked by (+)-naltrexone",
                finding="It blocks TLR4 in a dish.",
                system="mouse cells",
                concentration=n("p/tlr4", 200, "200\u00a0µM", printed_in="label"),
                in_person=(n("p/low", 2), n("p/high", 8)),
                gap=(n("g/low", 25000, "25,000"), n("g/high", 100000, "100,000")),
                works=("label",),
                verified=False,
                note=None,
            ),
            m.PotencyRow(
                id="mor",
                target="µ-opioid receptor",
                finding="It binds.",
                system=None,
                concentration=n("p/mor", 0.3, "0.3\u00a0nM"),
                in_person=("p/low", "p/high"),
                gap=(n("g/mor", 0.1), "g/mor"),
                works=("label",),
                verified=True,
                note=None,
            ),
            m.PotencyRow(
                id="none",
                target="nothing known",
                finding="Unknown.",
                system=None,
                concentration=None,
                in_person=None,
                gap=None,
                works=(),
                verified=True,
                note=HOSTILE,
            ),
        ),
    )
    rate = lambda i, role, v, pct: m.RateRow(  # noqa: E731
        id=i,
        sample="survey",
        label=f"people in {i}",
        work="birch",
        role=role,
        regime="self-selected",
        conditions=("fibromyalgia",),
        definition="any improvement",
        percent=n(f"r/{i}", pct, f"{pct}%"),
        low=n(f"r/{i}/low", pct - 8, f"{pct - 8}%"),
        high=n(f"r/{i}/high", pct + 9, f"{pct + 9}%"),
        total=n(f"r/{i}/n", 218) if v else None,
        verified=v,
        note=None if v else RIGHT_TO_LEFT,
    )
    experience = m.Experience(
        statements=("Reports are higher than benchmarks.",),
        tables=(
            m.RateTable(
                counts="any-improvement",
                title="Any improvement",
                rows=(
                    rate("survey", "report", True, 73.9),
                    rate("clinic", "report", False, 61.0),
                    rate("placebo-arms", "benchmark", True, 19.6),
                ),
            ),
        ),
        refused=("Strict responders were not set beside any improvement.",),
        selection=(
            m.SelectionRow(report="survey", benchmark="placebo-arms", odds_ratio=n("sel/or", 11.6)),
        ),
        samples=(
            m.SampleRow(
                id="survey",
                title="An open survey",
                work="birch",
                role="report",
                regime="self-selected",
                conditions=("fibromyalgia",),
                origin=(("how found", HOSTILE), ("asked", "once")),
                facts=(fact,),
                note=None,
            ),
        ),
    )
    item = m.ItemRow(
        id="liver",
        title="Acute hepatitis",
        kind="contraindication",
        detail=HOSTILE,
        statement="The label says so ({cite:label}).",
        cells=(cell("dose", "studies/alder/dose"),),
        work="label",
        verified=False,
        note=None,
    )
    road = tuple(
        m.PoolStep(label=label, says=says, **trio(f"road/{i}", y, y - 0.5, y + 0.5))
        for i, (label, says, y) in enumerate(
            (
                ("As read here", "Every trial that is sound.", -0.1),
                ("Without {cite:birch} and {n:plan/mid}", "Without {cite:birch}.", -0.6),
            )
        )
    )
    disagreement = m.DisagreementRow(
        id="published/pain",
        title=HOSTILE,
        condition="fibromyalgia",
        statements=("Not on one scale.",),
        published=(
            m.PublishedRow(
                id="published/pain/birch",
                work="birch",
                measure="MD",
                axis="mean difference",
                i2=None,
                other_scale=tuple(
                    cell(label, n(f"other/{index}", y))
                    for index, (label, y) in enumerate(
                        (("in points", -0.9), ("lower", -1.4), ("upper", -0.4))
                    )
                ),
                because="It names {cite:alder}.",
                statements=("Combinations: {n:s/i2}.",),
                reconstructions=(
                    m.ReconstructionRow(
                        id="published/pain/birch/nearest",
                        role="nearest",
                        title="the nearest of all",
                        i2="s/i2",
                        misses=n("road/misses", 9, "9%"),
                        matches=True,
                        model="fixed effect",
                        crossovers="Crossovers are paired.",
                        readings=(
                            m.ReadingRow(
                                study="alder",
                                says="As printed.",
                                standing="mistake",
                                **trio("road/alder", -0.5, -1, 0),
                            ),
                            m.ReadingRow(study=EVIL_STUDY, says="Left out.", standing="left out"),
                        ),
                        path=road,
                        driver="By {n:road/misses}.",
                        **trio("road/end", -0.6, -1.1, -0.1),
                    ),
                ),
                implied=(
                    m.ImpliedRow(
                        studies=("alder",), says="To show this:", **trio("implied", -1, -2, 0)
                    ),
                    m.ImpliedRow(studies=("alder",), says="Nothing could."),
                ),
                verified=False,
                **trio("published", -0.8, -1.3, -0.3, verified=False),
            ),
        ),
    )
    rare = m.HarmSynthesis(
        id="harms/pooled/dreams",
        condition="fibromyalgia",
        title=HOSTILE,
        tables=(
            m.HarmTable(
                study="alder",
                treated=("studies/alder/n_randomised", "studies/alder/n_randomised"),
                control=("studies/alder/n_randomised", "studies/alder/n_randomised"),
                zero="both arms",
                note="The arm is the denominator.",
            ),
        ),
        models=(
            m.HarmModelRow(
                model="Peto",
                measure="odds ratio",
                p=n("rare/p", 0.4),
                silent=("alder", EVIL_STUDY),
                remark=HOSTILE,
                **trio("rare", 1.5, 0.4, 5.0),
            ),
            m.HarmModelRow(
                model="mixed",
                measure="odds ratio",
                estimate=None,
                low=None,
                high=None,
                p=None,
                silent=(),
                remark="No answer.",
            ),
        ),
        apart=(m.HarmApart(study="birch", reason="A crossover."),),
        notes=("One trial.",),
        verified=False,
    )
    safety = m.SafetyFindings(
        syntheses=(rare, rare.model_copy(update={"id": "harms/pooled/x", "tables": ()})),
        disclaimer="An aid to screening, not advice.",
        warning="Must never meet an opioid.",
        statements=("Vivid dreams were reported.",),
        harms=(
            m.HarmRow(
                id="dreams",
                label="vivid dreams",
                measure="people with the event",
                treated=(
                    cell("people", n("h/t", 11)),
                    cell("out of", "studies/alder/n_randomised"),
                ),
                control=(),
                estimate=(cell("rate", n("h/r", 35, "35%", verified=False)),),
                work="alder",
                verified=False,
                note=None,
            ),
        ),
        interactions=tuple(
            m.InteractionRow(
                id=i,
                substance=i,
                names=("Brand One", HOSTILE, LONG),
                names_verified=False,
                drug_class="full agonist",
                severity=severity,
                washout=n(f"w/{i}", None, "7 to 10\u00a0days"),
                washout_basis="the label’s rule",
                rationale="It is blocked.",
                works=("label",),
                verified=i != "opium",
            )
            for i, severity in (
                ("codeine", "contraindicated"),
                ("opium", "contraindicated"),
                ("thioridazine", "review"),
            )
        ),
        contraindications=(item,),
        titration=(item.model_copy(update={"id": "slow-start"}),),
        free_intervals=(),
    )
    access = m.AccessFindings(
        jurisdictions=(
            m.Jurisdiction(name="United Kingdom", facts=(fact.model_copy(update={"id": "A1"}),)),
            m.Jurisdiction(name=RIGHT_TO_LEFT, facts=()),
        ),
        gaps=("No price was found for Norway.",),
    )
    claims = tuple(
        m.ClaimRow(
            id=f"claim-{verdict}",
            group="effect",
            group_title="Does it work?",
            kind="efficacy",
            says="It helps <i>everyone</i>.",
            conditions=("fibromyalgia",),
            verdict=verdict,
            because="The trial {cite:alder} found {n:s/reml/y}.",
            rests_on=("alder", "s/reml/y"),
            tests=(
                m.ClaimTestRow(
                    left="s/reml/y", relation="<", right="plan/mid", right_text=None, holds=False
                ),
                m.ClaimTestRow(
                    left="s/reml/y", relation="<", right=None, right_text="none", holds=True
                ),
            ),
            verified=verdict != "partly",
            note=HOSTILE,
        )
        for verdict in ("supported", "partly", "contradicted", "not-found", "could-not-check")
    )
    return m.Findings(
        program="equipoise 0.1.0",
        case=m.CaseSummary(
            id="toy",
            title="Low-dose naltrexone for contested conditions",
            intervention="low-dose naltrexone",
            short="LDN",
            description="What trials found, and what they did not.",
            as_of="2026-01-31",
            licence="CC-BY-4.0",
            origin=None,
            digest="sha256:" + "0123456789abcdef" * 4,
            questions=(
                m.Question(
                    id="q1",
                    population="adults",
                    intervention="LDN",
                    comparator="placebo",
                    outcomes=("pain", "fatigue"),
                ),
            ),
            searched=(m.Search(where="PubMed", date="2026-01-15", how=HOSTILE),),
        ),
        not_estimated=(
            m.NotEstimated(
                study="birch",
                outcome="words",
                outcome_name=HOSTILE,
                condition="fibromyalgia",
                domain="pain",
                controlled=True,
                reason="Only a direction was printed.",
            ),
        ),
        conditions=conditions,
        names=(
            m.Named(id="intervention", name="LDN"),
            m.Named(id="condition/fibromyalgia", name="fibromyalgia (FM-1990)"),
        ),
        studies=(
            study("alder"),
            study(
                "birch",
                randomised=False,
                title=HOSTILE,
                verified=False,
                comparator=LONG,
                note=HOSTILE,
            ),
            study(
                "cedar",
                kind="registered-trial",
                outcomes=(),
                registry_status="recruiting",
                risk_of_bias=None,
            ),
            study(
                EVIL_STUDY,
                title=RIGHT_TO_LEFT,
                harms=(
                    m.OutcomeRow(
                        id="x",
                        name="nausea",
                        domain="harm",
                        measured_by=None,
                        primary=False,
                        cells=(cell("people", "h/t"),),
                        direction=None,
                        verified=True,
                        note=None,
                    ),
                ),
            ),
        ),
        effects=effects,
        syntheses=(synthesis, ratio),
        unverified=(
            ratio.model_copy(
                update={"id": "unverified/dreams", "title": "Dreams, recalled", "verified": False}
            ),
        ),
        disagreements=(disagreement,),
        gaps=(
            m.Gap(
                id="no-phase-three",
                kind="no-large-trial",
                condition="me-cfs",
                title="No large trial",
                statement="Nobody has run one.",
            ),
        ),
        claims=claims,
        experience=experience,
        drug=drug,
        safety=safety,
        access=access,
        attention=(
            m.Attention(
                id="a1",
                check="grim",
                where="studies/birch.yaml",
                statement="A mean cannot be.",
                acknowledged=None,
            ),
            m.Attention(
                id="a2",
                check="se",
                where="studies/alder.yaml",
                statement="SE or SD?",
                acknowledged=HOSTILE,
            ),
        ),
        assumptions=(
            m.Assumption(
                id="count-from-percent", text="The count is the only whole number that fits."
            ),
        ),
        methods=(
            m.Method(id="as-printed", name="As printed", formula="", citation="the source itself"),
            m.Method(
                id="reml",
                name="REML",
                formula="τ² = argmax ℓ(τ²)",
                citation="Viechtbauer 2005",
                doi="10.3102/10769986030003261",
            ),
        ),
        works=works,
        numbers=tuple(n.made.values()),
    )


def minimal_findings() -> m.Findings:
    """A case that holds next to nothing."""
    return m.Findings(
        program="equipoise 0.1.0",
        case=m.CaseSummary(
            id="empty",
            title="Nothing yet",
            intervention="something",
            short="it",
            description=None,
            as_of="2026-01-31",
            licence="CC0-1.0",
            origin=None,
            digest="0",
            questions=(),
            searched=(),
        ),
        conditions=(),
        names=(),
        studies=(),
        effects=(),
        syntheses=(),
        gaps=(),
        claims=(),
        experience=m.Experience(statements=(), tables=(), refused=(), selection=(), samples=()),
        drug=None,
        safety=None,
        access=None,
        attention=(),
        assumptions=(),
        methods=(),
        works=(),
        numbers=(),
    )


@pytest.fixture(scope="session")
def complete() -> m.Findings:
    return complete_findings()


@pytest.fixture(scope="session")
def minimal() -> m.Findings:
    return minimal_findings()


@pytest.fixture(scope="session")
def site(complete: m.Findings) -> dict[str, bytes]:
    from equipoise.dossier import render_site

    return render_site(complete)


@pytest.fixture(scope="session")
def shown(complete: m.Findings) -> Shown:
    return Shown(Facts(complete), "")
