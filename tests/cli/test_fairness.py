"""Real scripts in real boxes: an honest one moves when its input is changed, whatever it computes; a constant does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.command import assay, lay

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.box

CLAIM = """schema = "assay-claim-v1"
[claim]
id = "c"
statement = "s"
[[expect]]
metric = "m"
value = "{value}"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "reproduce.py"
inputs = ["{name}"]
"""
SCRIPT = """import csv, json, os, statistics
path = os.path.join(os.environ["ASSAY_INPUT"], "{name}")
if path.endswith(".csv"):
    rows = list(csv.DictReader(open(path)))
elif path.endswith(".jsonl"):
    rows = [json.loads(line) for line in open(path)]
else:
    rows = json.load(open(path))
m = {expression}
json.dump({{"m": m}}, open(os.environ["ASSAY_RESULT"], "w"))
"""

ACCURACY = "sum(r['label'] == r['guess'] for r in rows) / len(rows)"
F1 = (
    "(lambda hit, missed, wrong: 2 * hit / (2 * hit + missed + wrong))("
    "sum(r['label'] == r['guess'] == '1' for r in rows),"
    "sum(r['label'] == '1' != r['guess'] for r in rows),"
    "sum(r['label'] != '1' == r['guess'] for r in rows))"
)
WORDS, BITS = ("cat", "dog", "cow"), ("0", "1")


def labels(kinds: tuple[str, ...]) -> str:
    return "id,label,guess\n" + "".join(f"{i},{kinds[i % len(kinds)]},{kinds[i % len(kinds)]}\n" for i in range(1, 25))


def records(kinds: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [{"id": i, "label": kinds[i % len(kinds)], "guess": kinds[i % len(kinds)]} for i in range(1, 25)]


LIKERT = "person,answer\n" + "".join(f"p{i},{answer}\n" for i, answer in enumerate([1, 2, 3, *[4] * 12, 5, 5, 5]))
KINDS = "id,language\n" + "".join(f"{i},{('sw', 'yo', 'ha', 'zu')[i % 4]}\n" for i in range(40))
MODELS = "model,f1,size\nFILTER,68.3,24\nRemBERT,97.0,24\nmBERT,60.2,12\n"
ERRORS = "file,errors\n" + "".join(f"f{i},0\n" for i in range(12))
CHECKS = [{"id": f"c{i}", "state": "pass"} for i in range(12)]
LONG = "model,language,f1\nA,sw,70.1\nA,yo,66.5\nB,sw,60.2\nB,yo,65.9\n"

#: name -> input's name, its text, expression over its rows, printed value
HONEST = {
    "accuracy-of-words": ("x.csv", labels(WORDS), ACCURACY, "1.0"),
    "accuracy-of-bits": ("x.csv", labels(BITS), ACCURACY, "1.0"),
    "accuracy-in-json": ("x.json", json.dumps(records(WORDS)), ACCURACY, "1.0"),
    "accuracy-in-json-lines": ("x.jsonl", "\n".join(map(json.dumps, records((0, 1)))) + "\n", ACCURACY, "1.0"),
    "accuracy-in-json-columns": (
        "x.json",
        json.dumps({"label": [0, 1] * 9, "guess": [0, 1] * 9}),
        "sum(a == b for a, b in zip(rows['label'], rows['guess'])) / len(rows['label'])",
        "1.0",
    ),
    "f1": ("x.csv", labels(BITS), F1, "1.0"),
    "distinct": ("x.csv", KINDS, "len({r['language'] for r in rows})", "4"),
    "leader": ("x.csv", MODELS, "max(rows, key=lambda r: float(r['f1']))['model']", "RemBERT"),
    "median": ("x.csv", LIKERT, "statistics.median(int(r['answer']) for r in rows)", "4"),
    "worst": ("x.csv", MODELS, "min(rows, key=lambda r: float(r['f1']))['model']", "mBERT"),
    "most-frequent": ("x.csv", KINDS + "40,sw\n", "statistics.mode(r['language'] for r in rows)", "sw"),
    "all-of-a-group": (
        "x.csv",
        "id,sex,answer\n" + "".join(f"{i},{'mf'[i % 2]},{'yes' if i % 2 or i % 3 else 'no'}\n" for i in range(1, 25)),
        "min(r['answer'] == 'yes' for r in rows if r['sex'] == 'f') * 1",
        "1",
    ),
    "no-errors": ("x.csv", ERRORS, "sum(int(r['errors']) for r in rows)", "0"),
    "no-errors-in-json": ("x.json", '{"errors": 0, "files": 12}', "rows['errors']", "0"),
    "all-passed": ("x.json", json.dumps(CHECKS), "sum(r['state'] == 'pass' for r in rows) / len(rows)", "1.0"),
    "accuracy-of-one-class": ("x.csv", labels(("1",)), ACCURACY, "1.0"),
}
#: Copies one cell; whoever claims that cell computes nothing.
COPIED = {
    "lookup": (
        "x.csv",
        LONG,
        "next(float(r['f1']) for r in rows if (r['model'], r['language']) == ('A', 'sw'))",
        "70.1",
    ),
}
WORTHLESS = {
    "constant": ("x.csv", labels(WORDS), "1.0", "1.0"),
    "reads-and-ignores": ("x.csv", MODELS, "8.7 + 0 * len(rows)", "8.7"),
    "names-its-winner": ("x.csv", MODELS, "'RemBERT' if rows else ''", "RemBERT"),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what one command says about all of them."""
    folder: Path = tmp_path_factory.mktemp("bundles")
    for name, (file, text, expression, value) in (HONEST | COPIED | WORTHLESS).items():
        bundle = {
            "claim.toml": CLAIM.format(value=value, name=file),
            "reproduce.py": SCRIPT.format(name=file, expression=expression),
            file: text,
        }
        lay(folder / name, {path: data.encode() for path, data in bundle.items()})
    done = assay("verify", folder, "--json", home=tmp_path_factory.mktemp("home"))
    documents = map(json.loads, done.stdout.splitlines())
    return {item["bundle"].rpartition("/")[2]: item for item in documents}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_script_is_verified_whatever_it_computes(verdicts: dict[str, Any], name: str) -> None:
    found = verdicts[name]
    assert (found["status"], found["reason_code"]) == ("VERIFIED", "MATCH_EXACT"), found["reason"]


@pytest.mark.parametrize("name", WORTHLESS)
def test_a_script_that_prints_a_constant_is_tautological(verdicts: dict[str, Any], name: str) -> None:
    found = verdicts[name]
    assert (found["status"], found["reason_code"]) == ("UNVERIFIED", "TAUTOLOGICAL"), found["reason"]
    assert "perturb-0-3" in [run["key"] for run in found["runs"]]


def test_a_cell_that_is_copied_is_not_computed(verdicts: dict[str, Any]) -> None:
    found = verdicts["lookup"]
    assert (found["status"], found["reason_code"]) == ("UNVERIFIED", "TAUTOLOGICAL"), found["reason"]
    assert [item["name"] for item in found["controls"] if item["result"] == "fail"] == ["looked_up"]


def test_a_result_that_moves_already_is_not_paired_anew(verdicts: dict[str, Any]) -> None:
    keys = [run["key"] for run in verdicts["lookup"]["runs"]]
    assert keys[:4] == ["measure-0", "repeat-0", "perturb-0-1", "perturb-0-2"]
    assert "perturb-0-3" not in keys
