"""The seal: everything that is fixed before anything runs, in one digest.

A seal is the canonical bytes of the checked claim, the digests of every file of its bundle, the environment, the seeds,
our own program in the box, and the versions of the rules that will plan and judge. What is stored and archived are those
bytes; whoever reads them hashes them again and must get the same digest, and re-spelling them must give the same bytes.
"""

from __future__ import annotations

import json
from itertools import count as numbers
from itertools import islice
from typing import TYPE_CHECKING

from app.core.canonical import canonical, digest
from app.core.errors import Fault
from app.core.model import Claim, Environment, Formula, Script, Seal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.core.model import ProofTerms

FORMULA_ENVIRONMENT = "python"

#: Versions of the rules that read, plan and judge a seal. A change that could change a verdict raises its number, a
#: claim that is no longer read as it was included.
VERSIONS = {"claim": 3, "compare": 2, "perturb": 3, "plan": 3}


def make_seal(
    claim: Claim, files: Mapping[str, str], environment: Environment, evaluator: str, proof: ProofTerms | None = None
) -> Seal:
    """Return the seal of a checked claim, as everybody reads it back.

    The order of keys in the claim's own file is gone: parameters and values come in the order of the canonical bytes,
    because runs are numbered by it.

    Args:
        claim: as parsed, limits filled in.
        files: path in the bundle -> digest, for every file.
        environment: the one that the claim names, as built.
        evaluator: digest of our own program in the box.
        proof: of a proof, what it is judged by beside its claim.

    """
    seeds, looks = schedule(claim)
    seal = Seal(
        claim=claim,
        files=dict(files),
        environment=environment,
        seeds=seeds,
        looks=looks,
        evaluator=evaluator,
        versions=VERSIONS,
        proof=proof,
    )
    return read_seal(seal_bytes(seal))


def environment_of(claim: Claim) -> str:
    """Return the name of the environment that a claim runs in; our own program for formulas needs the library alone."""
    return FORMULA_ENVIRONMENT if isinstance(claim.reproduce, Formula) else claim.reproduce.environment


def assets_of(claim: Claim) -> Mapping[str, str]:
    """Return the assets that a claim's runs need, name in the box -> digest."""
    return claim.reproduce.assets or {} if isinstance(claim.reproduce, Script) else {}


def schedule(claim: Claim) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return every seed that may be measured, and after how many of them statistical rules are asked.

    The claim's own seeds come first, then the least numbers that are not among them. Each look has twice as many seeds as
    the one before, so that looks stay few: they share the error that all of them together may make.
    """
    if isinstance(claim.reproduce, Formula):
        return (0,), (1,)
    own = claim.reproduce.seeds
    most = claim.reproduce.seeds_max or len(own)
    looks = [len(own)]
    while looks[-1] < most:
        looks.append(min(2 * looks[-1], most))
    return (*own, *unused(own, most - len(own))), tuple(looks)


def unused(seeds: Collection[int], count: int) -> tuple[int, ...]:
    """Return the least whole numbers from 0 that are not among some seeds."""
    return tuple(islice((number for number in numbers() if number not in seeds), count))


def seal_bytes(seal: Seal) -> bytes:
    """Return the canonical bytes of a seal."""
    return canonical(seal.model_dump(mode="json", by_alias=True, exclude_none=True))


def seal_digest(body: bytes) -> str:
    """Return the digest by which a seal is known."""
    return digest(body)


def read_seal(body: bytes) -> Seal:
    """Read sealed bytes back.

    Raises:
        Fault: they are not the canonical bytes of a seal of ours.

    """
    try:
        seal = Seal.model_validate(json.loads(body))
        spelled = seal_bytes(seal)  # which not everything has that can be read: half a surrogate, a value too deep
    except (ValueError, RecursionError) as error:
        raise Fault("seal-unreadable", "the sealed bytes are not a seal of this version") from error
    if spelled != body:
        raise Fault("seal-not-canonical", "the sealed bytes are not spelled as they were sealed")
    return seal


def check_versions(seal: Seal) -> None:
    """Refuse a seal that other rules than ours are to plan and judge: silently using ours would be another verdict.

    Raises:
        Fault: its versions are not this program's.

    """
    if seal.versions != VERSIONS:
        detail = f"the seal was made for the rules {_listed(seal.versions)}, and this version has {_listed(VERSIONS)}"
        raise Fault("seal-other-rules", detail, "submit the claim again, or use the program version that sealed it")


def _listed(versions: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) or "of no version"
