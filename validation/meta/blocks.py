"""Which block of a reference file is checked by what."""

from __future__ import annotations

from equipoise.errors import EvidenceError
from validation.agreement import Agreement
from validation.meta import counts, effects, multilevel, pooling, regression, small_study
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.reference import File, analyses

BLOCKS: dict[str, BlockCheck] = {
    **pooling.BLOCKS,
    **regression.BLOCKS,
    **counts.BLOCKS,
    **multilevel.BLOCKS,
    **small_study.BLOCKS,
}
"""By key of an entry of `cases` of a `uni-` file."""

_NOT_RESULTS = ("table", "used_rows")


def check_file(file: File, agreement: Agreement) -> None:
    """Hold everything in a file against the engine; what is not known is counted as such."""
    if file.kind == "uni":
        _check_uni(file, agreement)
    elif file.kind == "mv":
        multilevel.check_multivariate(file, agreement)
    elif file.kind == "net":
        agreement.skip("network meta-analysis", file.content["cases"])
    else:
        for name, group in file.content["groups"].items():
            if name == "random_effects_edge":
                pooling.check_awkward(group, agreement)
            else:
                effects.check_group(name, group, agreement)


def _check_uni(file: File, agreement: Agreement) -> None:
    effects.check_tables(file, agreement)
    for analysis in analyses(file):
        for key, block in analysis.reference.items():
            if key in _NOT_RESULTS:
                continue
            check = BLOCKS.get(key)
            if check is None:
                agreement.skip(key, block)
                continue
            try:
                check(analysis, block, agreement)
            except (EvidenceError, ArithmeticError, ValueError) as error:
                # A run over many files tells what went wrong, and goes on.
                agreement.fail(key, analysis.place, block, f"{type(error).__name__}: {error}")
