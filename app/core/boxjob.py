"""What enters the box for a run: files, arguments, environment. Pure, so that a test can prove what does not.

The expected values never enter: not `claim.toml` (nor its JSON twin), not the sources in which quotes are located unless
they are declared inputs. Inputs lie below /in under the path they have in the bundle, the rest of the bundle below /job.
A formula's box holds our evaluator, the formulas and the printed inputs, and nothing of the submitter's. What the boxes of a
proof hold stands in `proof_job`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Literal

from app.core.attacks import attacked
from app.core.attacks_parts import Attacked, Contents
from app.core.canonical import canonical, digest
from app.core.caps import (
    FORMULA_RESULT_BYTES_MAX,
    OUTPUT_BYTES_MAX,
    RESULT_BYTES_MAX,
    STDERR_BYTES_MAX,
    STDOUT_BYTES_MAX,
)
from app.core.checkers import checker_of
from app.core.early import Importing, importing
from app.core.errors import Fault
from app.core.formula import Ratio, decimal_text, printed
from app.core.model import Claim, Formula, Proof, Purpose, Script
from app.core.perturb import Underivable, derive, derive_parameter
from app.core.perturb_ordered import VARIANTS as ORDERED
from app.core.perturb_ordered import ordered
from app.core.perturb_spared import VARIANT as SPARED
from app.core.perturb_spared import spared
from app.core.proof_job import EXPORTS, proof_argv, proof_files
from app.core.seal import FORMULA_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.model import Derivation, RunSpec, Seal

CLAIM_FILES = frozenset({"claim.toml", "claim.json"})
PARAMETERS = "parameters.json"
UNDERIVABLE = "underivable"  # the limit that a perturb run's outcome names when its input cannot be changed

#: How a formula's values are shifted: far down, to the end of the printed rounding, to its other end, far up.
SHIFTS = ("--", "-", "+", "++")

#: What `[reproduce]` scripts are run by: the digest in the seal names this protocol version, not a file of ours.
SCRIPT_PROTOCOL = digest(b"assay-script-protocol-v1")


@dataclass(frozen=True)
class BoxFile:
    """One file to be staged read-only."""

    target: str  # path in the box
    data: bytes
    digest: str


@dataclass(frozen=True)
class BoxJob:
    """Everything a run needs that is not a limit."""

    mode: Literal["script", "evaluator"]
    argv: tuple[str, ...]  # program and its arguments, as paths in the box
    files: tuple[BoxFile, ...]
    env: Mapping[str, str]
    derived: Mapping[str, str]  # path in the box -> digest of a file that differs from the bundle's
    summary: str  # what a derivation changed, "" when nothing
    replaced: tuple[tuple[str, str], ...] = ()  # numbers of the script's own files, and what took their place
    stdout_cap: int = STDOUT_BYTES_MAX
    stderr_cap: int = STDERR_BYTES_MAX
    result_cap: int = RESULT_BYTES_MAX
    output_cap: int = OUTPUT_BYTES_MAX
    plain: bool = False  # whether its box must have imported nothing before it begins
    imported: frozenset[str] = frozenset()  # packages that its text imports; a box may have imported no others


def formula_source() -> bytes:
    """Return the evaluator's own source, the program of a formula's box."""
    return resources.files("app.core").joinpath("formula.py").read_bytes()


def evaluator_digest(claim: Claim) -> str:
    """Return the digest of our own program in the box, for the seal."""
    match claim.reproduce:
        case Formula():
            return digest(formula_source())
        case Proof() as proof:
            return checker_of(proof).evaluator()
        case _:
            return SCRIPT_PROTOCOL


def check_evaluator(seal: Seal) -> None:
    """Refuse a seal whose program in the box is not the one that this version would put there.

    Raises:
        Fault: it is another.

    """
    ours = evaluator_digest(seal.claim)
    if seal.evaluator != ours:
        named = f"the seal names {seal.evaluator} for its box, and this version has {ours}"
        detail = f"this version's evaluator is not the sealed one: {named}"
        raise Fault("seal-other-rules", detail, "submit the claim again, or use the program version that sealed it")


def nothing_left(_key: str, _name: str) -> bytes:
    """Return the artifact of an earlier run where there is none."""
    return b""


def box_job(
    seal: Seal,
    seal_digest: str,
    spec: RunSpec,
    read: Callable[[str], bytes],
    left: Callable[[str, str], bytes] = nothing_left,
) -> BoxJob | Underivable:
    """Return what enters the box for one run, or why its derivation is not possible.

    Args:
        seal: what was sealed.
        seal_digest: its digest, which fixes the derivation.
        spec: which run.
        read: path in the bundle -> its sealed bytes.
        left: (key of an earlier run, name of an artifact) -> its bytes, empty when it left none.

    Raises:
        Fault: the seal names another program for its box than ours.

    """
    check_evaluator(seal)
    match seal.claim.reproduce:
        case Formula() as formula:
            return _formula_job(formula, spec)
        case Proof() as proof:
            return _proof_job(proof, spec, read, left)
        case script:
            return _script_job(seal, script, seal_digest, spec, read)


def _proof_job(proof: Proof, spec: RunSpec, read: Callable[[str], bytes], left: Callable[[str, str], bytes]) -> BoxJob:
    files = tuple(
        BoxFile(path, data, digest(data)) for path, data in sorted(proof_files(proof, spec, read, left).items())
    )
    exports = {item.target: item.digest for item in files if item.target in EXPORTS}
    return BoxJob("script", proof_argv(spec), files, {}, exports, "")


def _formula_job(formula: Formula, spec: RunSpec) -> BoxJob:
    source = formula_source()
    variants: list[dict[str, object]] = [{"name": "base", "values": {}}]
    if spec.purpose is Purpose.PERTURB:
        variants += [
            {"name": f"{name}{shift}", "values": {name: shifted}}
            for name in formula.values
            for shift, shifted in zip(SHIFTS, shifts(formula.values[name].value), strict=True)
        ]
    job = canonical(
        {
            "formulas": formula.formulas,
            "values": {name: item.value for name, item in formula.values.items()},
            "variants": variants,
        }
    )
    files = (BoxFile("/job/formula.py", source, digest(source)), BoxFile("/in/formula.json", job, digest(job)))
    summary = f"each of {len(formula.values)} printed values shifted up and down" if len(variants) > 1 else ""
    argv = ("/job/formula.py", "/in/formula.json")
    return BoxJob("evaluator", argv, files, {}, {}, summary, result_cap=FORMULA_RESULT_BYTES_MAX)


def shifts(text: str) -> tuple[str, ...]:
    """Return a printed value shifted as SHIFTS says; far is a tenth of itself and one unit of its last printed place.

    Far shifts move what does not react to small ones; near ones stay where the formula is known to be defined.
    """
    value, half_unit = printed(text)
    far = abs(value) * Ratio(1, 10) + half_unit + half_unit
    return tuple(decimal_text(value + step) for step in (-far, -half_unit, half_unit, far))


def _script_job(
    seal: Seal, script: Script, seal_digest: str, spec: RunSpec, read: Callable[[str], bytes]
) -> BoxJob | Underivable:
    sealed = _contents(seal, script, read)
    found = _changed(seal, seal_digest, spec.derivation, sealed) if spec.derivation else Attacked(sealed, "")
    if isinstance(found, Underivable):
        return found
    files: list[BoxFile] = []
    derived: dict[str, str] = {}
    both = ((sealed.inputs, found.contents.inputs, "/in"), (sealed.others, found.contents.others, "/job"))
    for before, after, root in both:
        for path, data in sorted(after.items()):
            known = seal.files[path] if data == before[path] else digest(data)
            files.append(BoxFile(f"{root}/{path}", data, known))
            if known != seal.files[path]:
                derived[f"{root}/{path}"] = known
    if found.contents.parameters:
        data = json.dumps(found.contents.parameters, ensure_ascii=False).encode()
        files.append(BoxFile(f"/in/{PARAMETERS}", data, digest(data)))
        if found.contents.parameters != sealed.parameters:
            derived[f"/in/{PARAMETERS}"] = digest(data)
    said = Importing(decides=False, packages=frozenset())  # the library alone is never imported ahead
    if script.environment != FORMULA_ENVIRONMENT:
        said = importing(found.contents.others, script.entrypoint)
    return BoxJob(
        "script",
        (f"/job/{script.entrypoint}",),
        tuple(files),
        {"ASSAY_SEED": str(spec.seed)},
        derived,
        found.summary,
        found.replaced,
        plain=said.decides,
        imported=said.packages,
    )


def _contents(seal: Seal, script: Script, read: Callable[[str], bytes]) -> Contents:
    """Return what the box of a script holds as sealed; claim and sources stay out."""
    sources = {item.file for item in seal.claim.source}
    claims = CLAIM_FILES | {path for path, sealed in seal.files.items() if sealed in _claim_digests(seal)}
    inputs = {path: read(path) for path in sorted(seal.files) if path in script.inputs and path not in claims}
    others = {path: read(path) for path in sorted(seal.files.keys() - inputs.keys() - claims - sources)}
    return Contents(inputs, others, dict(script.parameters) or None)


def _changed(seal: Seal, seal_digest: str, derivation: Derivation, contents: Contents) -> Attacked | Underivable:
    target = derivation.target
    if derivation.attack is not None:
        return attacked(seal_digest, derivation, seal.claim, contents)
    if target in contents.inputs:
        way = ordered if derivation.variant in ORDERED else spared if derivation.variant == SPARED else derive
        changed = way(seal_digest, derivation, contents.inputs[target])
        if isinstance(changed, Underivable):
            return changed
        return Attacked(replace(contents, inputs={**contents.inputs, target: changed.data}), changed.summary)
    name = target.removeprefix("parameters.")
    if target == name or contents.parameters is None:
        return Underivable(f"{target} never enters the box")
    value = derive_parameter(seal_digest, derivation, contents.parameters[name])
    if isinstance(value, Underivable):
        return value
    summary = f"{target}: {contents.parameters[name]!r} became {value!r}"
    return Attacked(replace(contents, parameters={**contents.parameters, name: value}), summary)


def _claim_digests(seal: Seal) -> set[str]:
    """Return the digests of the claim's own files; a copy under another name stays out of the box too."""
    return {seal.files[path] for path in CLAIM_FILES & seal.files.keys()}


def targets(claim: Claim) -> tuple[str, ...]:
    """Return what a perturb run may change: declared inputs and parameters, or a formula's values taken together."""
    if isinstance(claim.reproduce, Formula):
        return ("values",)
    return (*claim.reproduce.inputs, *(f"parameters.{name}" for name in claim.reproduce.parameters))
