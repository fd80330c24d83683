"""What trials whose numbers were not read would have to have shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from equipoise.evidence.synthesis import PublishedPool, Reading, imply_trial
from equipoise.findings.model import ImpliedRow
from equipoise.findings.readings import SOUND, TrialReadings
from equipoise.findings.road import Numbers, Trials
from equipoise.stats.distributions import critical_value


def imply_unseen(
    published: PublishedPool,
    trials: Trials,
    mine: Mapping[str, TrialReadings],
    numbers: Numbers,
) -> Iterator[ImpliedRow]:
    """What the trials of `mine` without a sound reading must show beside those with one."""
    first = trials.first
    sound: dict[str, Reading] = {}
    for study, trial in mine.items():
        reading = trial.least_strained(first.id)
        if reading is not None and reading.strain == SOUND:
            sound[study] = reading
    others = tuple(s for s in mine if s not in sound)
    if not sound or not others:
        return
    yi, vi = [r.yi for r in sound.values()], [r.vi for r in sound.values()]
    inputs = [*numbers.printed]
    for study, reading in sound.items():
        inputs += mine[study].inputs[reading.id]
        inputs += first.inputs if reading.setting else ()
    who = ", ".join(f"{{cite:{s}}}" for s in others)
    beside = ", ".join(f"{{cite:{s}}}" for s in sound)
    together = ", taken together" if len(others) > 1 else ""
    models = [("fixed effect", False)]
    if len(others) == 1:  # with random effects several cannot be taken as one
        models.append(("random effects", True))
    for name, random in models:
        made = imply_trial(published, yi, vi, random=random)
        if made is None:
            yield ImpliedRow(
                studies=others,
                says=(
                    f"Beside {beside} as read here, by a {name} model, nothing that {who} "
                    "could have shown gives the published result."
                ),
            )
            continue
        half = critical_value(published.level) * math.sqrt(made.vi)
        key = "random" if random else "fixed"
        ids = [
            numbers.effect(f"implied/{key}/{part}", f"implied, {part}", v, "implied-trial", inputs)
            for part, v in (
                ("estimate", made.yi),
                ("low", made.yi - half),
                ("high", made.yi + half),
            )
        ]
        yield ImpliedRow(
            studies=others,
            says=(
                f"Beside {beside} as read here, by a {name} model, {who} would have to "
                f"have shown this{together}, for the published result to come about:"
            ),
            estimate=ids[0],
            low=ids[1],
            high=ids[2],
        )
