"""Effect sizes against metafor's escalc() (R 4.2.2, metafor 5.1-12); see data/README.md.

Closed forms on both sides: everything agrees to 1e-12 relative.
"""

import json
from pathlib import Path

import pytest

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef

GROUPS = json.loads((Path(__file__).parent / "data" / "metafor-escalc.json").read_text())["groups"]
CLOSED_FORM = 1e-12


def rows(group, measure):
    inputs, result = GROUPS[group]["inputs"], GROUPS[group]["results"][measure]
    columns = [
        dict(zip(inputs, values, strict=True)) for values in zip(*inputs.values(), strict=True)
    ]
    return zip(columns, result["yi"], result["vi"], strict=True)


def check(estimate, yi, vi):
    assert estimate.yi == pytest.approx(yi, rel=CLOSED_FORM, abs=1e-14)
    assert estimate.vi == pytest.approx(vi, rel=CLOSED_FORM)


@pytest.mark.parametrize(
    ("measure", "estimate", "refused"),
    [("RR", ef.estimate_rr, 1), ("OR", ef.estimate_or, 2), ("RD_none", ef.estimate_rd, 3)],
)
def test_two_by_two(measure, estimate, refused):
    """Tables without information (metafor gives them a number all the same) are refused."""
    seen = 0
    for x, yi, vi in rows("two_by_two", measure):
        try:
            result = estimate(x["ai"], x["n1i"], x["ci"], x["n2i"])
        except EvidenceError:
            seen += 1
            continue
        check(result, yi, vi)
        half = min(x["ai"], x["n1i"] - x["ai"], x["ci"], x["n2i"] - x["ci"]) == 0
        flagged = [a.id for a in result.assumptions] == ["half-added-to-zero-cells"]
        assert flagged == (half and measure != "RD_none")
    assert seen == refused


@pytest.mark.parametrize(
    ("measure", "estimate"),
    [("MD", ef.estimate_md_from_means), ("SMD", ef.estimate_smd_from_means)],
)
def test_two_groups(measure, estimate):
    for x, yi, vi in rows("two_group_means", measure):
        check(estimate(*(x[c] for c in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"))), yi, vi)


def test_smd_from_md_agrees_with_smd_from_means_where_deviations_are_equal():
    for x, _, _ in rows("two_group_means", "MD"):
        args = (x["m1i"], x["sd1i"], x["n1i"], x["m2i"], x["sd1i"], x["n2i"])
        md, smd = ef.estimate_md_from_means(*args), ef.estimate_smd_from_means(*args)
        back = ef.estimate_smd_from_md(md.yi, md.sei, x["n1i"], x["n2i"])
        check(back, smd.yi, smd.vi)
        assert "sd-from-se" in {a.id for a in back.assumptions}
        given = ef.estimate_smd_from_md(md.yi, md.sei, x["n1i"], x["n2i"], sd=x["sd1i"])
        check(given, smd.yi, smd.vi)


def test_smd_from_p():
    for x, yi, vi in rows("smd_from_signed_p", "SMD"):
        sign = 1 if x["pi"] > 0 else -1
        check(ef.estimate_smd_from_p(sign, abs(x["pi"]), x["n1i"], x["n2i"]), yi, vi)


def test_within_people():
    group = "paired_means_crossover_prepost"
    for x, yi, vi in rows(group, "MC"):
        n, r = x["ni"], x["ri"]
        first, second = (x["m1i"], x["sd1i"]), (x["m2i"], x["sd2i"])
        check(ef.estimate_mc(*second, *first, n, r), yi, vi)
        check(ef.estimate_md_crossover_from_arms(*first, *second, n, r), yi, vi)
    for x, yi, vi in rows(group, "SMCC"):
        sd = (x["sd1i"] ** 2 + x["sd2i"] ** 2 - 2 * x["ri"] * x["sd1i"] * x["sd2i"]) ** 0.5
        check(ef.estimate_smcc(x["m1i"] - x["m2i"], sd, x["ni"]), yi, vi)
    for x, yi, vi in rows(group, "SMCR"):
        check(ef.estimate_prepost_smcr(x["m2i"], x["sd1i"], x["m1i"], x["ni"], x["ri"]), yi, vi)


@pytest.mark.parametrize(
    ("measure", "estimate"), [("PR", ef.estimate_pr), ("PLO", ef.estimate_plo)]
)
def test_one_arm(measure, estimate):
    for x, yi, vi in rows("proportions", measure):
        check(estimate(x["xi"], x["ni"]), yi, vi)
