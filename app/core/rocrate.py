"""An archive as a Workflow Run RO-Crate: the same files, and metadata that other tools for research data understand.

What is written follows from the archive alone (RO-Crate 1.1; Process Run Crate and Workflow Run Crate 0.5): the bundle's own
program is the workflow, each run is an action with its inputs and its result, each metric is a formal parameter with
what the first measure run reported, and the verdict reviews the whole. Nothing is invented: the archive does not say
when a run began, under which licence the bundle is, or who wrote it, and so the crate does not either. The crate proves
nothing that the archive does not prove; its metadata is not signed, and `assay evidence verify` takes the archive.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.core.model import OutcomeKind, Script
from app.core.seal import read_seal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.model import Seal

METADATA = "ro-crate-metadata.json"
CONTEXT = ("https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context")
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_MEDIA = {
    "json": "application/json",
    "csv": "text/csv",
    "txt": "text/plain",
    "py": "text/x-python",
    "svg": "image/svg+xml",
}

Entity = dict[str, Any]


def metadata(members: Mapping[str, bytes]) -> Entity:
    """Return the metadata document of a crate that holds the members of an archive under their names.

    Args:
        members: of an archive that was checked and holds.

    """
    seal = read_seal(members["seal.json"])
    verdict = json.loads(members["verdict.json"])
    runs = {
        name.split("/")[1]: json.loads(data)
        for name, data in members.items()
        if name.startswith("runs/") and name.endswith("/run.json") and name.count("/") == 2
    }
    actions = [_action(key, run, seal, members) for key, run in runs.items()]
    graph = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": _ref("./"),
            "conformsTo": [
                _ref("https://w3id.org/ro/crate/1.1"),
                _ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0"),
            ],
        },
        _root(seal, verdict, members, actions),
        *(_profile(uri, name) for uri, name in PROFILES.items()),
        {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "not stated",
            "description": "The archive names no licence.",
        },
        *_parameters(seal, members),
        *actions,
        *(_file(name, data, seal, workflow_of(seal, members)) for name, data in members.items()),
        _review(verdict),
        {"@id": "#assay", "@type": "Organization", "name": verdict["publisher"] or "a judge on its own machine"},
        _language(seal),
    ]
    return {"@context": list(CONTEXT), "@graph": graph}


def workflow_of(seal: Seal, members: Mapping[str, bytes]) -> str:
    """Return the member that says what is computed: a script's entrypoint, or the claim with its formula."""
    if isinstance(seal.claim.reproduce, Script):
        return f"bundle/{seal.claim.reproduce.entrypoint}"
    return next(name for name in ("bundle/claim.toml", "bundle/claim.json") if name in members)


def _profile(uri: str, name: str) -> Entity:
    return {"@id": uri, "@type": "CreativeWork", "name": name, "version": uri.rpartition("/")[2]}


def _root(seal: Seal, verdict: Entity, members: Mapping[str, bytes], actions: list[Entity]) -> Entity:
    claim = seal.claim
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": claim.claim.statement,
        "description": f"Evidence of a verification. {verdict['judgement']['reason']}",
        "datePublished": verdict["evaluated_at"],
        "license": _ref("#licence"),
        "conformsTo": [_ref(uri) for uri in PROFILES],
        "mainEntity": _ref(_id(workflow_of(seal, members))),
        "mentions": [*(_ref(action["@id"]) for action in actions), _ref("#verdict")],
        "hasPart": [_ref(_id(name)) for name in members],
        **({"isBasedOn": f"https://doi.org/{claim.record.doi}"} if claim.record and claim.record.doi else {}),
    }


def _file(name: str, data: bytes, seal: Seal, workflow: str) -> Entity:
    found: Entity = {
        "@id": _id(name),
        "@type": "File",
        "name": name,
        "contentSize": str(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
        "encodingFormat": _MEDIA.get(name.rpartition(".")[2], "application/octet-stream"),
    }
    if name in {f"bundle/{path}" for path in _inputs(seal)}:
        found["exampleOfWork"] = _ref(_parameter("input", name.removeprefix("bundle/")))
    if name == workflow:
        found |= {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "programmingLanguage": _ref("#language"),
            "input": [_ref(_parameter("input", path)) for path in _inputs(seal)],
            "output": [_ref(_parameter("output", metric)) for metric in _metrics(seal)],
        }
    return found


def _inputs(seal: Seal) -> tuple[str, ...]:
    return seal.claim.reproduce.inputs if isinstance(seal.claim.reproduce, Script) else ()


def _metrics(seal: Seal) -> dict[str, str | None]:
    """Return each expected metric once, with its unit."""
    return {item.metric: item.unit for item in seal.claim.expect}


def _parameters(seal: Seal, members: Mapping[str, bytes]) -> list[Entity]:
    """Return the formal parameters: the declared inputs, and each metric with what was measured first."""
    values = {
        item["metric"]: item["computed"] for item in json.loads(members["verdict.json"])["judgement"]["comparisons"]
    }
    found: list[Entity] = [
        {
            "@id": _parameter("input", path),
            "@type": "FormalParameter",
            "name": path,
            "additionalType": "File",
            "valueRequired": True,
            "conformsTo": _ref("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"),
        }
        for path in _inputs(seal)
    ]
    for metric, unit in _metrics(seal).items():
        named = _parameter("output", metric)
        found.append(
            {
                "@id": named,
                "@type": "FormalParameter",
                "name": metric,
                "additionalType": "PropertyValue",
                "conformsTo": _ref("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"),
                **({"unitText": unit} if unit is not None else {}),
            }
        )
        if values.get(metric) is not None:
            value = {
                "@id": f"{named}-value",
                "@type": "PropertyValue",
                "name": metric,
                "value": values[metric],
            }
            found.append({**value, "exampleOfWork": _ref(named)})
    return found


def _action(key: str, run: Entity, seal: Seal, members: Mapping[str, bytes]) -> Entity:
    outcome, spec = run["outcome"], run["spec"]
    measured = outcome["kind"] == OutcomeKind.EXITED and outcome["exit_code"] == 0
    results = [
        name for name in members if name == f"runs/{key}/result.json" or name.startswith(f"runs/{key}/artifacts/")
    ]
    said = f"A {spec['purpose']} run with the seed {spec['seed']}"
    if spec["derivation"] is not None:
        said += f", with {spec['derivation']['target']} changed (variant {spec['derivation']['variant']})"
    found = {
        "@id": f"#run-{quote(key)}",
        "@type": "CreateAction",
        "name": key,
        "description": f"{said}. It ended: {outcome['kind']}.",
        "instrument": _ref(_id(workflow_of(seal, members))),
        "object": [_ref(_id(f"bundle/{path}")) for path in _inputs(seal)],
        "result": [_ref(_id(name)) for name in results],
        "actionStatus": _ref(f"http://schema.org/{'Completed' if measured else 'Failed'}ActionStatus"),
    }
    return (
        found
        if measured
        else {**found, "error": f"{outcome['kind']} {outcome['exit_code'] or outcome['limit'] or ''}".strip()}
    )


def _review(verdict: Entity) -> Entity:
    judgement = verdict["judgement"]
    return {
        "@id": "#verdict",
        "@type": "Review",
        "name": f"{judgement['status']} {judgement['reason_code']}",
        "reviewBody": judgement["reason"],
        "dateCreated": verdict["evaluated_at"],
        "itemReviewed": _ref("./"),
        "author": _ref("#assay"),
    }


def _language(seal: Seal) -> Entity:
    name = "Python" if isinstance(seal.claim.reproduce, Script) else "Assay formula"
    return {"@id": "#language", "@type": "ComputerLanguage", "name": name, "identifier": seal.evaluator}


def _parameter(kind: str, name: str) -> str:
    return f"#{kind}-{quote(name, safe='')}"


def _id(member: str) -> str:
    return quote(member)


def _ref(identifier: str) -> dict[str, str]:
    return {"@id": identifier}
