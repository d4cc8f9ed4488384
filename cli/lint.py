"""`assay lint`: what intake would refuse, and what the controls will say that can be known without a run.

Nothing of the bundle is executed, and no box is needed: claim, sources and files are read. A problem is what intake
refuses, with file, line and remedy. A piece of advice is what a verdict will suffer from: a quote that no source holds, a
cell that prints another number, an input that no control can change, a printed value that stands in the script. It
foretells no verdict; what it finds is what Gate 1 and Gate 3 look for, by the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core import controls_citation as citation
from app.core import literals, toml_lines
from app.core.attacks import prints_of
from app.core.boxjob import CLAIM_FILES
from app.core.claim import parse_claim
from app.core.errors import Problem, Refusal
from app.core.grounding import check_sources, grounded, unreadable
from app.core.model import ControlResult, Derivation, Script
from app.core.perturb import BYTES_MAX, Underivable, derive
from app.intake import CLAIM_FILE, claim_of
from cli import imports
from cli.bundles import problems_of, read_bundle

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from app.core.claim import Policy
    from app.core.model import Claim, Control

SHARE = Decimal("0.1")  # by which a number is changed; only whether it is found matters here
WARNING, NOTE = "warning", "note"
ANY_SEAL = "sha256:" + "0" * 64  # which numbers are changed how is the seal's choice; whether any can be is not
LEVEL = {ControlResult.FAIL: WARNING, ControlResult.WARN: WARNING, ControlResult.UNDECIDED: NOTE}


@dataclass(frozen=True)
class Advice:
    """Something that intake accepts and a verdict will suffer from."""

    level: str  # `warning`, or `note` where something is only missing
    problem: Problem


@dataclass(frozen=True)
class Linted:
    """What was found in one bundle."""

    bundle: str
    claim: str | None  # its id; None when it is refused
    problems: tuple[Problem, ...]
    advice: tuple[Advice, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as it is printed with `--json`."""
        return {
            "bundle": self.bundle,
            "claim": self.claim,
            "claim_name": self.claim,  # the same word as in what other commands print
            "problems": problems_of(Refusal(self.problems)) if self.problems else [],
            "advice": [
                {"level": item.level, **found}
                for item in self.advice
                for found in problems_of(Refusal.of(item.problem))
            ],
        }


def lint(path: Path, policy: Policy, built: Mapping[str, Collection[str]] | None = None) -> Linted:
    """Return what there is to be said of a bundle folder or archive without running it.

    Args:
        path: of the bundle.
        policy: what intake may accept.
        built: environment -> the modules that it holds beside the standard library, of those that are known.

    """
    try:
        files = read_bundle(path)
        data = claim_of(files)
        claim = parse_claim(data, files, policy)
        check_sources(claim, lambda name: len(files[name]), lambda name: unreadable(name, files[name]))
    except Refusal as refusal:
        return Linted(str(path), None, refusal.problems, ())
    known = toml_lines.lines(data.decode("utf-8-sig"))
    found = [
        *_citations(claim, files),
        *_movement(claim, files),
        *_literals(claim, files),
        *_program(claim, files, built),
    ]
    return Linted(str(path), claim.claim.id, (), tuple(_placed(item, known) for item in found))


@dataclass(frozen=True)
class _Found:
    level: str
    code: str  # the control that will say it
    detail: str
    remedy: str
    path: toml_lines.Path = ()  # in the claim
    at: tuple[str, int] | None = None  # file and line elsewhere


def _placed(item: _Found, known: dict[toml_lines.Path, int]) -> Advice:
    file, line = item.at or (CLAIM_FILE, toml_lines.line_of(known, item.path))
    pointer = "" if item.at else "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in item.path)
    return Advice(item.level, Problem(file, line, pointer, item.code, item.detail, item.remedy))


def _citations(claim: Claim, files: Mapping[str, bytes]) -> Iterator[_Found]:
    """Yield what Gate 1 will say of quote, cells and printed arithmetic."""
    found = grounded(claim, {item.file: files[item.file] for item in claim.source})
    yield from _said(
        citation.quote(claim, found),
        "quote the source as it is, bring the source, and print the value in the quote",
        ("claim", "quote") if claim.claim.quote else ("claim",),
    )
    named = [item.name for item in found.cells if not item.located or len(item.places) > 1]
    place = ("reproduce", "values", named[0]) if named else ("reproduce",)
    yield from _said(citation.cells(claim, found), "name the source, row and column in which each value stands", place)
    remedy = "check the numbers of quote and statement against the print"
    yield from _said(citation.printed_arithmetic(claim), remedy, ("claim",))


def _said(control: Control, remedy: str, path: toml_lines.Path) -> Iterator[_Found]:
    if control.result in LEVEL:
        yield _Found(LEVEL[control.result], control.name, control.detail, remedy, path)


def _movement(claim: Claim, files: Mapping[str, bytes]) -> Iterator[_Found]:
    """Yield why no control could change what a script reads."""
    script = claim.reproduce
    if not isinstance(script, Script):
        return
    if not script.inputs and not script.parameters:
        detail = "the script declares neither inputs nor parameters, so that nothing shows what its result depends on"
        remedy = "name the files or numbers that the result must depend on; without them it stays UNVERIFIED"
        yield _Found(WARNING, "input_response", detail, remedy, ("reproduce",))
    for name in script.inputs:
        changed = derive(ANY_SEAL, Derivation(target=name, variant=1), files[name])
        if isinstance(changed, Underivable):
            kinds = "smaller" if len(files[name]) > BYTES_MAX else "as text, a table or JSON"
            remedy = f"give it {kinds}, or declare beside it what can be changed"
            yield _Found(WARNING, "input_response", changed.reason, remedy, ("reproduce", "inputs"))


def _program(claim: Claim, files: Mapping[str, bytes], built: Mapping[str, Collection[str]] | None) -> Iterator[_Found]:
    """Yield what a script asks for that its box does not have, and what it lets lie there."""
    script = claim.reproduce
    if not isinstance(script, Script):
        return
    sources = {name: data for name, data in files.items() if name.endswith(".py") and name not in script.inputs}
    if sources and not any(word in data for data in sources.values() for word in (b"ASSAY_INPUT", b"ASSAY_RESULT")):
        detail = "no program here names ASSAY_INPUT or ASSAY_RESULT, where it finds its inputs and leaves its result"
        remedy = 'read below os.environ["ASSAY_INPUT"], and write JSON to os.environ["ASSAY_RESULT"]'
        yield _Found(WARNING, "result", detail, remedy, at=(script.entrypoint, 1))
    if built is None or script.environment not in built:
        return
    held = built[script.environment]
    own = {part for name in files for part in (name.partition("/")[0].removesuffix(".py"), *_modules(name))}
    for name, data in sorted(sources.items()):
        for module, line in imports.of(data):
            if module not in {*held, *own} and module not in imports.STANDARD:
                detail = f"`{module}` is not in the environment `{script.environment}`"
                others = ", ".join(sorted(one for one, inside in built.items() if module in inside))
                remedy = f"name the environment {others}" if others else "bring it with the bundle, or do without it"
                remedy += "; `assay env list` shows what there is"
                yield _Found(WARNING, "environment", detail, remedy, at=(name, line))


def _modules(path: str) -> tuple[str, ...]:
    """Return what a file of the bundle may be imported as, wherever its folder is put on the path."""
    return (path.rpartition("/")[2].removesuffix(".py"), *path.split("/")[:-1])


def _literals(claim: Claim, files: Mapping[str, bytes]) -> Iterator[_Found]:
    """Yield where a printed value stands in a file of the script that is no input."""
    script = claim.reproduce
    if not isinstance(script, Script):
        return
    apart = {*script.inputs, *CLAIM_FILES, *(item.file for item in claim.source)}
    wanted = literals.sought(prints_of(claim), ())
    for name in sorted(files.keys() - apart):
        for hit in literals.find(name, files[name], wanted, SHARE):
            detail = f"{hit.old[: literals.CHARACTERS_MAX]} spells a printed value"
            remedy = "compute it from the inputs; a run with another number in its place will show whether it decides"
            yield _Found(WARNING, "hardcoded", detail, remedy, at=(name, hit.line))
