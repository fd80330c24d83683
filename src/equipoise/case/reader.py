"""A case folder on disk → `Case`.

Everything that can be wrong with a case is found here, in one pass, and told with file, line and
column, so that no later room has to doubt what it is given.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from equipoise.case.facts import (
    Access,
    BiasPriors,
    ClaimGroup,
    Compound,
    ExperienceSample,
    Safety,
    SourceList,
)
from equipoise.case.header import CaseHeader, Plan
from equipoise.case.printed import ATC, DOI, PMID, SLUG, URL
from equipoise.case.prose import Reference, is_prose, split_prose
from equipoise.case.published import PublishedSyntheses
from equipoise.case.study import Study
from equipoise.case.yaml12 import Document, Mark, read_yaml_file, shown
from equipoise.errors import CaseError, CaseErrors, CaseNotFoundError

MAX_FILES = 20_000
MAX_ERRORS_SHOWN = 50

_Model = TypeVar("_Model", bound=BaseModel)

# What may stand in a case folder. A file that is none of these is refused, so that a misspelt
# folder cannot hide a study.
_SINGLE: dict[str, type[BaseModel]] = {
    "case.yaml": CaseHeader,
    "plan.yaml": Plan,
    "sources.yaml": SourceList,
    "pharmacology.yaml": Compound,
    "safety.yaml": Safety,
    "access.yaml": Access,
    "published.yaml": PublishedSyntheses,
}
_FOLDERS: dict[str, type[BaseModel]] = {
    "studies": Study,
    "claims": ClaimGroup,
    "experience": ExperienceSample,
}
_PRIORS = "experience/_priors.yaml"
_REQUIRED = ("case.yaml", "plan.yaml")
_FREE_SUFFIXES = {".md", ".txt"}  # notes that people keep beside the data


@dataclass(frozen=True, slots=True)
class Case:
    """All that people wrote down about one treatment. Frozen; knows where each line stands."""

    header: CaseHeader
    plan: Plan
    studies: tuple[Study, ...]
    claims: tuple[ClaimGroup, ...]
    experience: tuple[ExperienceSample, ...]
    priors: BiasPriors | None
    sources: SourceList
    compound: Compound | None
    safety: Safety | None
    access: Access | None
    published: PublishedSyntheses | None
    digest: str
    """SHA-256 over the names and bytes of every file that was read."""
    documents: MappingProxyType[str, Document] = field(repr=False, compare=False)

    def study(self, study_id: str) -> Study:
        """The study of that id. Raises `KeyError`."""
        for study in self.studies:
            if study.id == study_id:
                return study
        raise KeyError(study_id)

    def mark(self, file: str, path: tuple[str | int, ...]) -> Mark:
        """Where a value stands in a file of this case."""
        return self.documents[file].mark(path)


def shipped_cases() -> tuple[str, ...]:
    """Names of the cases that come with the program."""
    root = Path(str(files("equipoise"))) / "cases"
    if not root.is_dir():
        return ()
    return tuple(sorted(p.name for p in root.iterdir() if (p / "case.yaml").is_file()))


def find_case(name: str | os.PathLike[str]) -> Path:
    """A case folder as it is, else the shipped case of that name.

    A folder that merely has the name of a shipped case (a dossier, say) does not hide it.
    Raises `CaseNotFoundError`, naming the nearest shipped case.
    """
    path, text = Path(name), os.fspath(name)
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError):  # no file system has such a name
        is_folder = is_file = False
    shipped = text in shipped_cases()
    if is_folder and ((path / "case.yaml").is_file() or not shipped):
        if not (path / "case.yaml").exists() and (path / "findings.json").is_file():
            raise CaseNotFoundError(
                f"{shown(text)} is a dossier, not a case. Give the case folder that it was made "
                "from."
            )
        return path
    if shipped:
        return Path(str(files("equipoise"))) / "cases" / text
    if is_file:
        raise CaseNotFoundError(
            f"{shown(text)} is a file; a case is a folder with case.yaml in it. Give the folder."
        )
    near = difflib.get_close_matches(text[:100], shipped_cases(), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise CaseNotFoundError(
        f"no case folder {shown(text)}, and no shipped case of that name "
        f"(shipped: {', '.join(shipped_cases()) or 'none'}).{hint} "
        "Make a new one with: equipoise new NAME"
    )


def read_case(name: str | os.PathLike[str]) -> Case:
    """Read and check a case folder, or a shipped case by its name.

    Raises `CaseNotFoundError`, or `CaseErrors` with every mistake that was found.
    """
    root = find_case(name)
    errors: list[CaseError] = []
    documents: dict[str, Document] = {}
    for file in _case_files(root, errors):
        try:
            documents[file] = read_yaml_file(root / file, file=file)
        except CaseError as error:
            errors.append(error)
    for required in _REQUIRED:
        if required not in documents and not any(e.file in {required, "."} for e in errors):
            errors.append(
                CaseError(
                    "this file is missing",
                    file=required,
                    expected=f"a {required} in {root}",
                    advice="See a complete example with: equipoise new example",
                )
            )
    models: dict[str, BaseModel] = {}
    for file, document in documents.items():
        model = BiasPriors if file == _PRIORS else _SINGLE.get(file) or _FOLDERS[file.split("/")[0]]
        parsed = _validate(model, document, errors)
        if parsed is not None:
            models[file] = parsed
    _check_ids(models, documents, errors)
    if errors:
        raise CaseErrors(tuple(sorted(errors, key=lambda e: (e.file, e.line or 0, e.column or 0))))
    case = _assemble(models, documents)
    if errors := list(_cross_references(case)):
        raise CaseErrors(tuple(errors))
    return case


def _case_files(root: Path, errors: list[CaseError]) -> list[str]:
    """Files of the case, sorted; anything unexpected becomes an error. Links are not followed."""
    found: list[str] = []
    for path in _entries(root, "", errors):
        if path.is_symlink():
            errors.append(_refuse_entry(path.name, "is a link; links in a case are not followed"))
        elif path.is_dir():
            if path.name not in _FOLDERS:
                near = difflib.get_close_matches(path.name, _FOLDERS, n=1)
                errors.append(_refuse_entry(path.name, "is no folder of a case", near, _FOLDERS))
                continue
            for inner in _entries(path, path.name, errors):
                name = f"{path.name}/{inner.name}"
                if inner.suffix in _FREE_SUFFIXES:
                    continue
                if inner.is_symlink() or not stat.S_ISREG(inner.lstat().st_mode):
                    errors.append(_refuse_entry(name, "is not a plain file"))
                elif inner.suffix != ".yaml":
                    errors.append(_refuse_entry(name, "does not end in .yaml"))
                else:
                    found.append(name)
        elif path.name in _SINGLE and stat.S_ISREG(path.lstat().st_mode):
            found.append(path.name)
        elif path.suffix not in _FREE_SUFFIXES:
            near = difflib.get_close_matches(path.name, _SINGLE, n=1)
            errors.append(_refuse_entry(path.name, "is no file of a case", near, _SINGLE))
    return found


def _entries(folder: Path, name: str, errors: list[CaseError]) -> list[Path]:
    """What stands in a folder, sorted, hidden entries aside; too many are not even looked at."""
    entries: list[Path] = []
    try:
        for path in folder.iterdir():
            if not path.name.startswith("."):
                entries.append(path)
            if len(entries) > MAX_FILES:
                errors.append(_refuse_entry(name or ".", f"holds more than {MAX_FILES} files"))
                return []
    except OSError as error:
        errors.append(
            CaseError(
                f"this folder could not be read: {error.strerror}",
                file=name or str(folder),
                advice="Check its permissions.",
            )
        )
        return []
    return sorted(entries)


def _refuse_entry(
    name: str, what: str, near: list[str] | None = None, known: dict[str, Any] | None = None
) -> CaseError:
    advice = f"Did you mean {near[0]}?" if near else "Move it out of the case folder."
    return CaseError(
        what, file=name, expected=f"one of {', '.join(known)}" if known else None, advice=advice
    )


def _validate(model: type[_Model], document: Document, errors: list[CaseError]) -> _Model | None:
    try:
        return model.model_validate(document.data)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False)[:MAX_ERRORS_SHOWN]
        errors.extend(_explain(model, document, detail) for detail in details)
        return None


def _explain(model: type[BaseModel], document: Document, detail: Any) -> CaseError:
    """One pydantic error, in the words of the field and with its place in the file."""
    path = tuple(detail["loc"])
    where = ".".join(str(p) for p in path) or "the file"
    kind = detail["type"]
    mark = document.mark(path)
    expected: str | None = None
    advice: str | None = None
    if kind == "extra_forbidden":
        mark = document.key_mark(path)
        known = sorted(_fields_at(model, path[:-1]))
        near = difflib.get_close_matches(str(path[-1])[:100], known, n=1, cutoff=0.5)
        message = f"unknown key {shown(str(path[-1]))}"
        expected = f"one of {', '.join(known)}" if known else None
        advice = f"Did you mean {near[0]!r}?" if near else "Remove it, or move it into note:."
    elif kind == "missing":
        message = f"{path[-1]!r} is missing" if path else "a key is missing"
        advice = f"Add {path[-1]}: to this record." if path else None
    elif kind in {"enum", "literal_error"}:
        given = detail.get("input")
        message = f"{where} cannot be {_given(given)}"
        expected = str(detail["ctx"]["expected"])
        options = [o.strip(" '") for o in expected.replace(" or ", ", ").split(",")]
        near = difflib.get_close_matches(str(given)[:100], options, n=1, cutoff=0.5)
        advice = f"Did you mean {near[0]!r}?" if near else None
    elif kind == "string_pattern_mismatch" and detail["ctx"]["pattern"] in _PATTERNS:
        message = f"{where} cannot be {_given(detail.get('input'))}"
        expected = _PATTERNS[detail["ctx"]["pattern"]]
    elif kind in _SHAPES:
        message = f"{where} cannot be {_given(detail.get('input'))}"
        expected = _SHAPES[kind]
    elif kind == "value_error":
        message = f"{where}: {detail['ctx']['error']}"
    else:
        message = f"{where}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
    return CaseError(
        _short(message), file=document.file, line=mark.line, column=mark.column,
        expected=expected, advice=advice,
    )  # fmt: skip


# What a pattern of the schema asks for, in words.
_PATTERNS = {
    SLUG: "letters, digits, dots, dashes and underscores, beginning with a letter or a digit",
    DOI: 'a DOI alone, such as "10.1002/art.37734"',
    PMID: "a PubMed id: digits alone",
    URL: "an address that begins with https://",
    ATC: "a code of the ATC classification, such as N07BB04",
}
# What the shape of a value should have been, in the words of a case file.
_SHAPES = {
    "string_type": "text",
    "tuple_type": "a list: [one, two], or lines that begin with a dash",
    "model_type": "a record: lines of key: value",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
}


def _given(value: Any) -> str:
    """What stands in the file, short enough for a line."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a record"
    if isinstance(value, list | tuple):
        return "a list"
    return shown(str(getattr(value, "text", value)))


def _short(message: str, most: int = 400) -> str:
    return message if len(message) <= most else f"{message[:most]}…"


def _fields_at(model: type[BaseModel], path: tuple[Any, ...]) -> set[str]:
    """Keys that the record at a path may have, found by walking the model's annotations."""
    current: set[type[BaseModel]] = {model}
    for step in path:
        if isinstance(step, int):
            continue
        following: set[type[BaseModel]] = set()
        for candidate in current:
            if step in candidate.model_fields:
                following |= set(_models_in(candidate.model_fields[step].annotation))
        current = following
    return {name for candidate in current for name in candidate.model_fields}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


def _check_ids(
    models: dict[str, BaseModel], documents: dict[str, Document], errors: list[CaseError]
) -> None:
    """A file is named after the record in it, so that nothing can hide or clash."""
    for file, model in models.items():
        folder, _, name = file.partition("/")
        if folder not in _FOLDERS or file == _PRIORS:
            continue
        record_id = getattr(model, "id", "")
        if f"{record_id}.yaml" != name:
            mark = documents[file].mark(("id",))
            errors.append(
                CaseError(
                    f"the id is {record_id!r}, but the file is called {name}",
                    file=file,
                    line=mark.line,
                    column=mark.column,
                    expected=f"the file to be called {record_id}.yaml",
                    advice="Rename the file or mend the id.",
                )
            )
    for file, document in documents.items():
        errors.extend(_repeated_ids(document.data, (), file, document))


def _repeated_ids(
    node: Any, path: tuple[str | int, ...], file: str, document: Document
) -> Iterator[CaseError]:
    """Two records of one list with the same id would share one number's name."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _repeated_ids(value, (*path, key), file, document)
    elif isinstance(node, list):
        seen: set[str] = set()
        for index, value in enumerate(node):
            key, name = _called(value)
            if name in seen:
                mark = document.mark((*path, index, key))
                yield CaseError(
                    f"the {key} {shown(name)} is used twice in {'.'.join(map(str, path))}",
                    file=file, line=mark.line, column=mark.column,
                    expected=f"each {key} once", advice="Give one of them another name.",
                )  # fmt: skip
            if name:
                seen.add(name)
            yield from _repeated_ids(value, (*path, index), file, document)


def _called(record: Any) -> tuple[str, str]:
    """What names a record of a list in the ids of its numbers: its id, else its arm and time."""
    if not isinstance(record, dict):
        return "", ""
    if isinstance(record_id := record.get("id"), str):
        return "id", record_id
    if isinstance(arm := record.get("arm"), str):
        return "arm", f"{arm}.{time}" if isinstance(time := record.get("time"), str) else arm
    return "", ""


def _assemble(models: dict[str, BaseModel], documents: dict[str, Document]) -> Case:
    def all_of(model: type[_Model]) -> tuple[_Model, ...]:
        return tuple(m for _, m in sorted(models.items()) if isinstance(m, model))

    def one_of(model: type[_Model]) -> _Model | None:
        found = all_of(model)
        return found[0] if found else None

    digest = hashlib.sha256()
    for file, document in sorted(documents.items()):
        digest.update(f"{file}\0{document.text_sha256}\n".encode())
    header, plan = one_of(CaseHeader), one_of(Plan)
    if header is None or plan is None:  # read_case has already refused a case without them
        raise AssertionError
    return Case(
        header=header,
        plan=plan,
        studies=all_of(Study),
        claims=tuple(sorted(all_of(ClaimGroup), key=lambda g: (g.order, g.id))),
        experience=all_of(ExperienceSample),
        priors=one_of(BiasPriors),
        sources=one_of(SourceList) or SourceList(sources=()),
        compound=one_of(Compound),
        safety=one_of(Safety),
        access=one_of(Access),
        published=one_of(PublishedSyntheses),
        digest=digest.hexdigest(),
        documents=MappingProxyType(documents),
    )


def _cross_references(case: Case) -> Iterator[CaseError]:
    """References between files: conditions, outcomes, instruments, sources, studies."""
    header = case.header
    conditions = [c.id for c in header.conditions]
    domains = [o.id for o in header.outcomes]
    instruments = [i.id for i in header.instruments]
    studies = [s.id for s in case.studies]
    sources = [s.id for s in case.sources.sources]
    works = [*studies, *sources]

    def need(
        file: str, path: tuple[str | int, ...], what: str, value: str, known: list[str]
    ) -> Iterator[CaseError]:
        if value in known:
            return
        near = difflib.get_close_matches(value, known, n=1)
        mark = case.documents[file].mark(path)
        yield CaseError(
            f"no {what} {value!r} in this {_WITHIN.get(what, 'case')}",
            file=file, line=mark.line, column=mark.column,
            expected=f"one of {', '.join(known[:12])}{'…' if len(known) > 12 else ''}"
            if known else f"a {what} to be defined",
            advice=f"Did you mean {near[0]!r}?" if near else None,
        )  # fmt: skip

    names = [
        "intervention",
        *(f"condition/{c}" for c in conditions),
        *(f"outcome/{o}" for o in domains),
        *(f"instrument/{i}" for i in instruments),
    ]
    for file, path, record, part in prose_references(case):
        if part.kind == "cite":
            yield from need(file, path, "study or source", part.id, works)
        elif part.kind == "name":
            yield from need(file, path, "name", part.id, names)
        elif part.kind == "local":
            numbers = [n.id for n in getattr(record, "numbers", ())]
            yield from need(file, path, "number", part.id, numbers)

    for i, question in enumerate(header.questions):
        at: tuple[str | int, ...] = ("questions", i)
        where = (*at, "population")
        yield from need("case.yaml", where, "condition", question.population, conditions)
        for j, outcome_id in enumerate(question.outcomes):
            yield from need("case.yaml", (*at, "outcomes", j), "outcome", outcome_id, domains)
    for i, source in enumerate(case.sources.sources):
        if source.study is not None:
            path = ("sources", i, "study")
            yield from need("sources.yaml", path, "study", source.study, studies)
        if source.id in studies:
            mark = case.documents["sources.yaml"].mark(("sources", i, "id"))
            yield CaseError(
                f"{source.id!r} is already the id of a study",
                file="sources.yaml", line=mark.line, column=mark.column,
                expected="an id of its own", advice="Refer to the study directly.",
            )  # fmt: skip
    for i, instrument in enumerate(header.instruments):
        path = ("instruments", i, "domain")
        yield from need("case.yaml", path, "outcome", instrument.domain, domains)
        for j, source_id in enumerate(instrument.sources):
            path = ("instruments", i, "sources", j)
            yield from need("case.yaml", path, "source", source_id, works)
    for i, judged in enumerate(case.plan.risk_of_bias):
        yield from need("plan.yaml", ("risk_of_bias", i, "study"), "study", judged.study, studies)
    for study in case.studies:
        file = f"studies/{study.id}.yaml"
        arms = [arm.id for arm in study.arms]
        yield from need(file, ("group",), "condition", study.group, conditions)
        for i, group in enumerate(study.also_groups):
            yield from need(file, ("also_groups", i), "condition", group, conditions)
        if study.secondary_of is not None:
            yield from need(file, ("secondary_of",), "study", study.secondary_of, studies)
        for i, outcome in enumerate(study.outcomes):
            at = ("outcomes", i)
            for j, row in enumerate(outcome.arms):
                yield from need(file, (*at, "arms", j, "arm"), "arm", row.arm, arms)
            compared = outcome.contrast.arms if outcome.contrast else None
            for j, arm in enumerate(compared or ()):
                yield from need(file, (*at, "contrast", "arms", j), "arm", arm, arms)
            yield from need(file, (*at, "domain"), "outcome", outcome.domain, domains)
            if outcome.instrument is not None:
                path = (*at, "instrument")
                yield from need(file, path, "instrument", outcome.instrument, instruments)
        for i, event in enumerate(study.adverse_events):
            for j, people in enumerate(event.arms):
                path = ("adverse_events", i, "arms", j, "arm")
                yield from need(file, path, "arm", people.arm, arms)
    for sample in case.experience:
        file = f"experience/{sample.id}.yaml"
        yield from need(file, ("source",), "source", sample.source, works)
        for i, condition in enumerate(sample.conditions):
            yield from need(file, ("conditions", i), "condition", condition, conditions)
        for i, fact in enumerate(sample.facts):
            yield from need(file, ("facts", i, "source"), "source", fact.source, works)
    if case.priors is not None:
        for i, prior in enumerate(case.priors.priors):
            for j, source_id in enumerate(prior.sources):
                path = ("priors", i, "sources", j)
                yield from need(_PRIORS, path, "source", source_id, works)
    if case.compound is not None:
        for name in ("parameters", "observations"):
            for i, record in enumerate(getattr(case.compound, name)):
                path = (name, i, "source")
                yield from need("pharmacology.yaml", path, "source", record.source, works)
        for i, mechanism in enumerate(case.compound.mechanisms):
            for j, source_id in enumerate(mechanism.sources):
                path = ("mechanisms", i, "sources", j)
                yield from need("pharmacology.yaml", path, "source", source_id, works)
    if case.safety is not None:
        for i, interaction in enumerate(case.safety.interactions):
            for j, source_id in enumerate(interaction.sources):
                path = ("interactions", i, "sources", j)
                yield from need("safety.yaml", path, "source", source_id, works)
        for name in ("contraindications", "adverse_events", "titration", "free_intervals"):
            for i, record in enumerate(getattr(case.safety, name)):
                yield from need("safety.yaml", (name, i, "source"), "source", record.source, works)
                if study_id := getattr(record, "study", None):
                    yield from need("safety.yaml", (name, i, "study"), "study", study_id, studies)
    if case.access is not None:
        for i, record in enumerate(case.access.facts):
            yield from need("access.yaml", ("facts", i, "source"), "source", record.source, works)
    for i, apart in enumerate(case.published.disagreements if case.published else ()):
        file, at = "published.yaml", ("disagreements", i)
        yield from need(file, (*at, "condition"), "condition", apart.condition, conditions)
        for kind in ("candidates", "published"):
            for j, entry in enumerate(getattr(apart, kind)):
                path = (*at, kind, j)
                yield from need(file, (*path, "study"), "study", entry.study, studies)
                for study in (s for s in case.studies if s.id == entry.study):
                    known = [o.id for o in study.outcomes]
                    yield from need(file, (*path, "outcome"), "outcome", entry.outcome, known)
                    known = [a.id for a in study.arms]
                    for k, arm in enumerate(getattr(entry, "arms", None) or ()):
                        yield from need(file, (*path, "arms", k), "arm", arm, known)
    for claims in case.claims:
        for i, claim in enumerate(claims.claims):
            for j, condition in enumerate(claim.conditions):
                path = ("claims", i, "conditions", j)
                file = f"claims/{claims.id}.yaml"
                yield from need(file, path, "condition", condition, conditions)


_WITHIN = {"arm": "study", "number": "record"}
"""What a name belongs to, where that is not the whole case."""


def prose_references(
    case: Case,
) -> Iterator[tuple[str, tuple[str | int, ...], BaseModel, Reference]]:
    """Every reference in prose, with its file, its place and the record that it stands in."""

    def walk(
        file: str, path: tuple[str | int, ...], node: Any
    ) -> Iterator[tuple[str, tuple[str | int, ...], BaseModel, Reference]]:
        if isinstance(node, tuple):
            for index, item in enumerate(node):
                yield from walk(file, (*path, index), item)
        elif isinstance(node, BaseModel):
            for name, field_info in type(node).model_fields.items():
                value = getattr(node, name)
                if not is_prose(field_info):
                    yield from walk(file, (*path, name), value)
                    continue
                texts = value if isinstance(value, tuple) else (value,)
                for index, text in enumerate(t for t in texts if t is not None):
                    place = (*path, name, index) if isinstance(value, tuple) else (*path, name)
                    for part in split_prose(text):
                        if isinstance(part, Reference):
                            yield file, place, node, part

    for file, record in _records(case):
        yield from walk(file, (), record)


def _records(case: Case) -> Iterator[tuple[str, BaseModel]]:
    """Each file of the case with what was read from it."""
    for file in case.documents:
        folder, _, name = file.partition("/")
        if file == _PRIORS:
            record: BaseModel | None = case.priors
        elif name:
            listed = getattr(case, folder)
            record = next(r for r in listed if f"{r.id}.yaml" == name)
        else:
            record = {
                "case.yaml": case.header,
                "plan.yaml": case.plan,
                "sources.yaml": case.sources,
                "pharmacology.yaml": case.compound,
                "safety.yaml": case.safety,
                "access.yaml": case.access,
                "published.yaml": case.published,
            }[file]
        if record is not None:
            yield file, record
