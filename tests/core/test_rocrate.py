"""The RO-Crate of an archive: every reference leads somewhere, every file is there, nothing is said that is not known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.evidence_archive import unpack
from app.core.model import RecordRef
from app.core.rocrate import CONTEXT, METADATA, PROFILES, metadata
from tests.core.builders import (
    a_bundle,
    a_claim,
    a_formula_seal,
    a_script,
    a_seal,
    an_archive,
    an_expectation,
    an_outcome,
)
from tests.core.test_verdict import scripted

RECORDED = a_claim(an_expectation(unit="points"), record=RecordRef(id="x", doi="10.5281/zenodo.1"))
SPACED = a_claim(reproduce=a_script(inputs=("a table.csv",)))
ARCHIVES = {
    "script": an_archive(),
    "formula": an_archive(a_formula_seal()),
    "record": an_archive(a_seal(RECORDED)),
    "twice": an_archive(a_seal(a_claim((an_expectation(), an_expectation(rule="exact", value="8.7"))))),
    "confusing": an_archive(a_seal(files=a_bundle() | {"x/run.json": b"7"}), a_bundle() | {"x/run.json": b"7"}),
    "timeout": an_archive(program=scripted(an_outcome("timeout", clock="wall"))),
    "failed": an_archive(program=scripted(an_outcome(exit_code=3))),
    "spaced": an_archive(
        a_seal(SPACED, {**a_bundle(SPACED), "a table.csv": b"x,1\n"}),
        {**a_bundle(SPACED), "a table.csv": b"x,1\n"},
        scripted(8.7),
    ),
}


def graph(name: str) -> dict[str, dict[str, Any]]:
    """Return the entities of a crate by their ids, each of which is there once."""
    document = metadata(unpack(ARCHIVES[name]))
    assert document["@context"] == list(CONTEXT)
    found = {item["@id"]: item for item in document["@graph"]}
    assert len(found) == len(document["@graph"])
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_reference_leads_to_an_entity_or_out_into_the_world(name: str) -> None:
    entities = graph(name)
    wanted = set(references(list(entities.values())))
    assert {item for item in wanted if item not in entities and not item.startswith(("http://", "https://"))} == set()
    assert json.dumps(metadata(unpack(ARCHIVES[name])))


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_crate_has_what_its_profiles_demand(name: str) -> None:
    entities = graph(name)
    root, descriptor = entities["./"], entities[METADATA]
    assert descriptor["about"] == {"@id": "./"}
    assert {"@id": "https://w3id.org/ro/crate/1.1"} in descriptor["conformsTo"]
    assert {item["@id"] for item in root["conformsTo"]} == PROFILES.keys() <= entities.keys()
    assert {"name", "description", "datePublished", "license", "hasPart"} <= root.keys()
    workflow = entities[root["mainEntity"]["@id"]]
    assert workflow["@type"] == ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    assert workflow["programmingLanguage"]["@id"] in entities
    actions = [item for item in entities.values() if item["@type"] == "CreateAction"]
    assert actions
    for action in actions:
        assert action["instrument"] == root["mainEntity"]
        assert {"@id": action["@id"]} in root["mentions"]
    for item in entities.values():
        if "exampleOfWork" in item:
            assert entities[item["exampleOfWork"]["@id"]]["@type"] == "FormalParameter"


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_member_is_a_file_with_its_digest(name: str) -> None:
    members = unpack(ARCHIVES[name])
    files = {item["name"]: item for item in graph(name).values() if "File" in item["@type"] and "sha256" in item}
    assert {name: item["sha256"] for name, item in files.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in members.items()
    }
    assert {item["@id"] for item in graph(name)["./"]["hasPart"]} == {item["@id"] for item in files.values()}


def test_a_script_s_inputs_and_metrics_are_parameters_with_their_values() -> None:
    entities = graph("script")
    workflow = entities["bundle/reproduce.py"]
    assert workflow["input"] == [{"@id": "#input-scores.csv"}]
    assert workflow["output"] == [{"@id": "#output-score"}]
    assert entities["bundle/scores.csv"]["exampleOfWork"] == {"@id": "#input-scores.csv"}
    assert entities["#output-score-value"]["value"] == "8.7"
    assert entities["#run-measure-0"]["object"] == [{"@id": "bundle/scores.csv"}]
    assert {"@id": "runs/measure-0/result.json"} in entities["#run-measure-0"]["result"]
    assert "with scores.csv changed (variant 1)" in entities["#run-perturb-0-1"]["description"]
    assert entities["#language"]["name"] == "Python"


def test_a_formula_s_workflow_is_its_claim() -> None:
    entities = graph("formula")
    assert entities["./"]["mainEntity"] == {"@id": "bundle/claim.toml"}
    assert entities["bundle/claim.toml"]["input"] == []
    assert entities["#language"]["name"] == "Assay formula"


@pytest.mark.parametrize(("name", "error"), [("timeout", "timeout"), ("failed", "exited 3")])
def test_a_run_that_measured_nothing_is_a_failed_action(name: str, error: str) -> None:
    run = graph(name)["#run-measure-0"]
    assert run["actionStatus"] == {"@id": "http://schema.org/FailedActionStatus"}
    assert run["error"] == error
    assert "#output-score-value" not in graph(name)


def test_what_is_known_of_the_publication_is_said() -> None:
    entities = graph("record")
    assert entities["./"]["isBasedOn"] == "https://doi.org/10.5281/zenodo.1"
    assert entities["#output-score"]["unitText"] == "points"
    assert "isBasedOn" not in graph("script")["./"]
    assert entities["#verdict"]["name"].startswith("VERIFIED ")
    assert (
        entities["#verdict"]["reviewBody"]
        == json.loads(unpack(ARCHIVES["record"])["verdict.json"])["judgement"]["reason"]
    )


def test_names_become_addresses() -> None:
    entities = graph("spaced")
    assert entities["bundle/a%20table.csv"]["name"] == "bundle/a table.csv"
    assert entities["bundle/a%20table.csv"]["exampleOfWork"] == {"@id": "#input-a%20table.csv"}
