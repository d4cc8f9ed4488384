"""Reading `[reproduce]` of the kind script: a program of the bundle over its inputs and parameters."""

from __future__ import annotations

import json
import math
import posixpath
from typing import TYPE_CHECKING, Any

from app.core.boxjob import CLAIM_FILES, PARAMETERS
from app.core.claim_assets import read_assets
from app.core.claim_formula import NAME
from app.core.claim_reader import near
from app.core.claim_seeds import read_seeds
from app.core.model import Script

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.core.claim import Policy
    from app.core.claim_reader import Table
    from app.core.model import Rule

PARAMETERS_MAX = 64
PARAMETERS_BYTES_MAX = 65_536


def read_script(table: Table, files: Collection[str] | None, policy: Policy, rules: Collection[Rule]) -> Script | None:
    """Return the script of a `[reproduce]` table.

    Args:
        table: the table.
        files: every path of the bundle; None for a JSON body, which has none.
        policy: the environments and assets that there are.
        rules: those of the claim's expectations, on which the seeds depend.

    """
    if files is None:
        table.report("kind", "needs-bundle", "a script comes in a bundle", "send the archive as the part `bundle`")
        return None
    entrypoint = table.text("entrypoint", required=True, longest=255)
    environment = read_environment(table, "python", policy.environments)
    inputs = table.texts("inputs")
    for key, paths in (("entrypoint", (entrypoint,) if entrypoint else ()), ("inputs", inputs)):
        for path in paths:
            check_path(table, key, path, files)
    if entrypoint is not None and entrypoint in inputs:
        table.report("inputs", "entrypoint-is-input", "the script cannot be its own input", "remove it from inputs")
    assets = read_assets(table, policy.assets)
    seeds, seeds_max = read_seeds(table, rules)
    parameters = _parameters(table)
    if PARAMETERS in inputs and parameters:
        table.report("inputs", "reserved-name", f"{PARAMETERS} is where parameters are put", "rename the input")
    if entrypoint is None:
        return None
    return Script(
        entrypoint=entrypoint,
        environment=environment,
        inputs=inputs,
        parameters=parameters,
        seeds=seeds,
        seeds_max=seeds_max,
        assets=assets,
    )


def read_environment(table: Table, usual: str, environments: Mapping[str, str]) -> str:
    """Return the environment that a `[reproduce]` table names, or the usual one; it must be there."""
    environment = table.text("environment", longest=64) or usual
    if environment not in environments:
        known = ", ".join(sorted(environments)) or "none"
        detail = f"there is no environment {environment!r} here"
        remedy = near(environment, environments) or f"Built by the operator: {known} (see `assay env list`)"
        table.report("environment", "unknown-environment", detail, remedy)
    return environment


def check_path(table: Table, key: str, path: str, files: Collection[str]) -> None:
    """Report a path that is not one of the bundle's files, or is the claim's own."""
    parts = path.split("/")
    inside = sorted(name for name in files if name.startswith(f"{path.strip('/')}/"))
    if inside:
        shown = ", ".join(f'"{name}"' for name in inside[:3]) + (", …" if len(inside) > 3 else "")
        table.report(key, "folder-named", f"{path[:80]!r} is a folder", f"name each of its files: {shown}")
    elif path.startswith("/") or ".." in parts or "." in parts or "" in parts or "\\" in path:
        table.report(key, "path-outside", f"{path[:80]!r} is not a path inside the bundle", _plainly(path, files))
    elif path in CLAIM_FILES:
        table.report(key, "claim-is-input", f"{path} never enters the box", "put what the script needs in its own file")
    elif path not in files:
        remedy = near(path, files) or "add it, or correct the name"
        table.report(key, "missing-file", f"the bundle has no file {path[:80]!r}", remedy)


def _plainly(path: str, files: Collection[str]) -> str:
    plain = posixpath.normpath(path.replace("\\", "/"))
    return f'write "{plain}"' if plain in files else "write it relative, with /"


def _parameters(table: Table) -> dict[str, Any]:
    found = table.table("parameters")
    if found is None:
        return {}
    for name, item in found.data.items():
        if not NAME.fullmatch(name):
            found.report(name, "bad-name", f"{name[:40]!r} cannot name a parameter", "use letters, digits and _")
        if not _is_json(item):
            found.report(name, "bad-parameter", f"{name!r} is no finite number, text, truth value or list", "change it")
    if len(found.data) > PARAMETERS_MAX or len(json.dumps(found.data, default=str)) > PARAMETERS_BYTES_MAX:
        detail = f"at most {PARAMETERS_MAX} parameters of {PARAMETERS_BYTES_MAX} bytes together"
        found.report(None, "too-many", detail, "put data in an input file")
    return dict(found.data)


def _is_json(value: Any, depth: int = 0) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):  # bool included
        return abs(value) < 2**63
    if isinstance(value, str):
        return True
    return isinstance(value, list) and depth < 4 and all(_is_json(item, depth + 1) for item in value)
