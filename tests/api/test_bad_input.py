"""One table of bad input, sent through both doors: the service refuses it with 422, `assay verify` with exit 2.

Both say the same, with file, line, reason and remedy, and nothing of it is stored. (An archive's files that were streamed
before the refusal may stay as blobs that no row refers to; the sweeper removes those.)
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cli.main import run
from tests.api.bundles import CLAIM, SCRIPT_CLAIM, formula_bundle, formula_document, script_bundle, tarred
from tests.api.hostile import ARCHIVES
from tests.api.service import TARGET

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.api.service import Service


def changed(old: str, new: str, claim: str = SCRIPT_CLAIM) -> dict[str, bytes]:
    """Return a bundle whose claim has one line changed."""
    assert old in claim
    return {**script_bundle(), "claim.toml": claim.replace(old, new).encode()}


#: what is wrong -> (bundle, code, line of claim.toml)
CLAIMS: dict[str, tuple[Mapping[str, bytes], str, int]] = {
    "an unknown key": (changed('rule = "exact"', 'rule = "exact"\ntolerence = "5%"'), "unknown-key", 9),
    "an unknown table": (changed("[reproduce]", "[reproduction]\n[reproduce]"), "unknown-key", 9),
    "a missing input": (changed('"scores.csv"', '"scores.csv", "more.csv"'), "missing-file", 12),
    "a missing entrypoint": (changed('"reproduce.py"', '"main.py"'), "missing-file", 11),
    "an input outside the bundle": (changed('"scores.csv"', '"../scores.csv"'), "path-outside", 12),
    "an absolute input": (changed('"scores.csv"', '"/etc/passwd"'), "path-outside", 12),
    "an entrypoint outside the bundle": (changed('"reproduce.py"', '"x/../../y.py"'), "path-outside", 11),
    "the claim as an input": (changed('"scores.csv"', '"claim.toml"'), "claim-is-input", 12),
    "an unreadable number": (changed('value = "8.7"', 'value = "8,7"', CLAIM), "unreadable-number", 7),
    "a number with its unit": (changed('value = "8.7"', 'value = "8.7%"', CLAIM), "unreadable-number", 7),
    "a number that is no string": (changed('value = "8.7"', "value = 8.7", CLAIM), "not-a-string", 7),
    "an unreadable input of a formula": (changed('value = "77.0"', 'value = "~77"', CLAIM), "unreadable-number", 14),
    "a relative rule on zero": (
        changed('value = "8.7"', 'value = "0.0"\ntolerance = "5%"', CLAIM.replace('"rounding"', '"relative"')),
        "relative-to-zero",
        7,
    ),
    "an unreadable tolerance": (
        changed('value = "8.7"', 'value = "8.7"\ntolerance = "some"', CLAIM.replace('"rounding"', '"relative"')),
        "unreadable-number",
        8,
    ),
    "an unknown rule": (changed('rule = "exact"', 'rule = "roughly"'), "unknown-rule", 8),
    "an unknown kind": (changed('kind = "script"', 'kind = "oracle"'), "unknown-kind", 10),
    "an unknown environment": (changed("inputs =", 'environment = "matlab"\ninputs ='), "unknown-environment", 12),
    "more time than the operator allows": (
        changed("[reproduce]", '[limits]\nwall = "300h"\n[reproduce]'),
        "limit-above-policy",
        10,
    ),
    "more memory than the operator allows": (
        changed("[reproduce]", '[limits]\nmemory = "1TiB"\n[reproduce]'),
        "limit-above-policy",
        10,
    ),
    "more cores than the operator allows": (
        changed("[reproduce]", "[limits]\ncpus = 500\n[reproduce]"),
        "limit-above-policy",
        10,
    ),
    "a graphics card that is not there": (
        changed("[reproduce]", "[limits]\ngpus = 1\n[reproduce]"),
        "limit-above-policy",
        10,
    ),
    "an unreadable limit": (changed("[reproduce]", '[limits]\nwall = "soon"\n[reproduce]'), "unreadable-value", 10),
    "a metric twice": (
        changed("[reproduce]", '[[expect]]\nmetric = "total"\nvalue = "7"\nrule = "exact"\n[reproduce]'),
        "duplicate-metric",
        10,
    ),
    "nothing expected": (changed("[[expect]]", "[expect]"), "not-a-table", 5),
    "a formula with an unknown name": (changed('"a - b"', '"a - c"', CLAIM), "undefined-value", 12),
    "a formula that is no formula": (changed('"a - b"', '"a -"', CLAIM), "bad-formula", 12),
    "a formula that is a program": (changed('"a - b"', "\"__import__('os')\"", CLAIM), "bad-formula", 12),
    "TOML that is none": (changed("[[expect]]", "[[expect"), "not-toml", 5),
    "a key twice": (changed('metric = "total"', 'metric = "total"\nmetric = "total"'), "not-toml", 7),
    "TOML that is not UTF-8": ({**script_bundle(), "claim.toml": b'schema = "x"\n# caf\xe9\n'}, "not-utf8", 2),
    "an empty claim": ({**script_bundle(), "claim.toml": b""}, "missing-key", 1),
    "a claim of a megabyte": (
        {**script_bundle(), "claim.toml": os.urandom(600_000).hex().encode()},
        "claim-too-large",
        1,
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home for the command, shared so that the interpreter is hashed once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def local(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return `assay verify PATH --json` as a function of the path: exit code and document."""
    monkeypatch.setenv("ASSAY_HOME", str(home))

    def verify(path: Path) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr(sys, "argv", ["assay", "verify", str(path), "--json"])
        code = run()
        return code, json.loads(capsys.readouterr().out)

    return verify


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def check_refused(code: int, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the problems of a refusal by the command."""
    assert code == 2
    assert document["status"] is None
    assert document["outcome"] is None
    assert document["seal"] is None
    assert document["runs"] == []
    assert document["problems"]
    problems: list[dict[str, Any]] = document["problems"]
    return problems


@pytest.mark.parametrize("name", CLAIMS)
def test_a_bad_claim_is_refused_alike_by_both_doors(
    house: Service, local: Any, home: Path, tmp_path: Path, name: str
) -> None:
    files, code, line = CLAIMS[name]
    rows = house.rows()
    answer = house.submit(files)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bundle-refused")
    sent = [{"file" if key == "in" else key: value for key, value in item.items()} for item in answer.json()["errors"]]
    assert (code, line) in [(item["code"], item["line"]) for item in sent]
    assert all(item["file"] == "claim.toml" and item["detail"] for item in sent)
    assert all(item["remedy"] for item in sent)
    assert house.rows() == rows
    assert check_refused(*local(lay(tmp_path / "bundle", files))) == sent
    assert {item.name for item in home.iterdir()} <= {"cache"}


#: Two thousand blobs, each synced to the disk, take seconds; `test_archives` reads that one too.
SLOW = {"too many files (tar)"}


@pytest.mark.parametrize("name", [name for name in ARCHIVES if name not in SLOW])
def test_a_bad_archive_is_refused_alike_by_both_doors(house: Service, local: Any, tmp_path: Path, name: str) -> None:
    archive, code = ARCHIVES[name]
    rows = house.rows()
    answer = house.send(archive)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bundle-refused")
    (sent,) = answer.json()["errors"]
    assert sent["code"] == code
    assert sent["remedy"]
    assert house.rows() == rows
    (tmp_path / "bundle").write_bytes(archive)
    (said,) = check_refused(*local(tmp_path / "bundle"))
    assert said["code"] == code
    assert (said["detail"], said["remedy"]) == (sent["detail"], sent["remedy"])


@pytest.mark.parametrize("kind", ["link", "FIFO"])
def test_a_folder_with_something_that_is_no_file_is_refused(local: Any, tmp_path: Path, kind: str) -> None:
    folder = lay(tmp_path / "bundle", formula_bundle())
    if kind == "link":
        (folder / "odd").symlink_to("/etc/passwd")
    else:
        os.mkfifo(folder / "odd")
    (said,) = check_refused(*local(folder))
    assert (said["code"], said["file"]) == ("not-a-file", "odd")
    assert said["remedy"]


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"schema": "assay-claim-v9"}, "unknown-schema", "/schema"),
        ({"unknown": 1}, "unknown-key", "/unknown"),
        (
            {"expect": [{"metric": "gain", "value": "0", "rule": "relative", "tolerance": "5%"}]},
            "relative-to-zero",
            "/expect/0/value",
        ),
        ({"expect": [{"metric": "gain", "value": "x", "rule": "rounding"}]}, "unreadable-number", "/expect/0/value"),
        ({"limits": {"memory": "1TiB"}}, "limit-above-policy", "/limits/memory"),
        ({"reproduce": {"kind": "script", "entrypoint": "x.py"}}, "needs-bundle", "/reproduce/kind"),
        ({"source": [{"id": "t", "title": "T", "file": "t.csv"}]}, "missing-file", "/source/0/file"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_bad_formula_as_json_is_refused_with_its_pointer(
    service: Service, changes: dict[str, Any], code: str, pointer: str
) -> None:
    rows = service.rows()
    answer = service.client.post(TARGET, json=formula_document(**changes))
    assert answer.status_code == 422
    found = [(item["code"], item["pointer"], item["in"], item["line"]) for item in answer.json()["errors"]]
    assert (code, pointer, "body", None) in found
    assert all(item["remedy"] for item in answer.json()["errors"])
    assert service.rows() == rows
    assert not list(service.parts.blobs.folder.glob("*/*"))


def test_blobs_of_a_refused_archive_are_orphans_that_the_sweeper_removes(service: Service) -> None:
    refused = service.submit({**script_bundle(), "claim.toml": b"nonsense"})
    assert refused.status_code == 422
    kept = {path.name for path in service.parts.blobs.folder.glob("*/*")}
    for orphan in list(service.parts.blobs.stale(-1)):
        service.parts.blobs.remove_stale(orphan, -1)
    assert kept
    assert not list(service.parts.blobs.folder.glob("*/*"))


def test_an_archive_that_breaks_off_leaves_no_half_written_blob(service: Service) -> None:
    archive = tarred({**script_bundle(), "data.bin": b"\0" * 500_000}, "w")
    assert service.send(archive[:300_000]).status_code == 422
    assert not list(service.parts.blobs.folder.glob("new-*"))
