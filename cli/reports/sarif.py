"""SARIF 2.1.0, as code hosts read it: what is wrong with a claim, on the line that claims it.

A rule for every reason code, under the gate that it belongs to (`gate2/MISMATCH`), and for every kind of refusal
(`intake/unknown-key`). A result is a complaint: FALSIFIED an error, one for each value that contradicts; UNVERIFIED a
warning; a refusal an error at the line that is to be mended. A VERIFIED claim has no result: code hosts show results of the
kind `pass` as alerts all the same. A fault of ours says nothing about a claim, so it is a notification of the invocation.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from app import __version__
from app.core.errors import explained
from cli.reports.codes import KNOWN, gate_of
from cli.reports.endings import USAGE
from cli.reports.text import plain, worded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.reports.case import Case

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"  # what consumers replace with the checkout
RESULTS_MAX = 5_000  # of a report; code hosts show no more
MESSAGE_CHARACTERS_MAX = 1_000
ERROR, WARNING = "error", "warning"


def sarif(cases: Sequence[Case]) -> dict[str, Any]:
    """Return the log of these cases: one run."""
    results = [result for case in cases for result in _results(case)][:RESULTS_MAX]
    names = sorted({result["ruleId"] for result in results})
    places = {name: place for place, name in enumerate(names)}
    faults = [case for case in cases if case.status in _NO_VERDICT]
    driver = {"name": "Assay", "semanticVersion": __version__, "version": __version__}
    run = {
        "tool": {"driver": {**driver, "rules": [_rule(name, results) for name in names]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not faults, "toolExecutionNotifications": [_notification(case) for case in faults]}
        ],
        "results": [{**result, "ruleIndex": places[result["ruleId"]]} for result in results],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _results(case: Case) -> list[dict[str, Any]]:
    document = case.document
    match case.status:
        case "REFUSED":
            return [
                _result(
                    case,
                    f"intake/{item['code']}",
                    ERROR,
                    explained(item["detail"], item["remedy"]),
                    _place(case, item["line"] if item["file"] else None, item["file"]),
                    item["pointer"],
                )
                for item in document["problems"]
            ]
        case "FALSIFIED":
            # A table's cells stand in the [[expect]] of their table, which is compared itself.
            wrong = [item for item in document["comparisons"] if item["match"] is False and not item["table"]]
            return [_contradiction(case, item) for item in wrong] or [_whole(case, ERROR)]
        case "UNVERIFIED":
            return [_whole(case, WARNING)]
        case _:
            return []


def _contradiction(case: Case, item: dict[str, Any]) -> dict[str, Any]:
    line = case.lines.get(item["metric"], case.line)
    name = f"{gate_of(item['code'])}/{item['code']}"
    said = f"{item['metric']}: {case.document['reason']}"
    return _result(case, name, ERROR, said, _place(case, line), item["metric"])


def _whole(case: Case, level: str) -> dict[str, Any]:
    code = str(case.document["reason_code"])
    reason = str(case.document["reason"])
    room = MESSAGE_CHARACTERS_MAX - len(f"{case.name}: {reason}\n")
    said = "\n".join([reason, *worded(case, room)])
    return _result(case, f"{gate_of(code)}/{code}", level, said, _place(case, case.line), "")


def _result(  # noqa: PLR0913 - what a result consists of
    case: Case, rule: str, level: str, message: str, place: dict[str, Any], about: str
) -> dict[str, Any]:
    told = plain(f"{case.name}: {message}")
    if len(told) > MESSAGE_CHARACTERS_MAX:
        told = told[: MESSAGE_CHARACTERS_MAX - 1] + "…"
    # Not the line: an alert stays the same one when the claim moves within its file.
    same = hashlib.sha256("\0".join([case.file(), case.name, rule, plain(about)]).encode()).hexdigest()
    return {
        "ruleId": rule,
        "level": level,
        "kind": "fail",
        # Brackets would be links in a message of SARIF.
        "message": {"text": told.replace("[", "\\[").replace("]", "\\]")},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"assayClaim/v1": same},
        "properties": {
            "status": case.status,
            "reason_code": case.document["reason_code"],
            "blame": case.document["blame"],
            "seal": case.document["seal"],
        },
    }


def _place(case: Case, line: int | None, file: str | None = None) -> dict[str, Any]:
    uri = case.file(file) if file else case.file()
    artifact = {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": ROOT}
    region = {} if line is None or case.archived else {"region": {"startLine": line}}
    return {"artifactLocation": artifact, **region}


def _rule(name: str, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    gate, _, code = name.partition("/")
    level = next(result["level"] for result in results if result["ruleId"] == name)
    short = KNOWN.get(code, f"The bundle is refused at intake: {code.replace('-', ' ')}")
    if code == USAGE:
        short = "The command line or a setting is wrong, so nothing was verified"
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in code.replace("_", "-").lower().split("-")),
        "shortDescription": {"text": short},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["reproducibility", gate]},
    }


_NO_VERDICT = {
    "FAULTED": "The service failed, which says nothing about the claim: ",
    "CANCELLED": "Cancelled: ",
    "UNSENT": "The service let nobody in, so nothing was verified: ",
    "PENDING": "No verdict yet: ",
}


def _notification(case: Case) -> dict[str, Any]:
    text = plain(f"{case.name}: {_NO_VERDICT[case.status]}{case.document['reason']}")
    name = str(case.document["reason_code"] or case.status)
    return {"level": "error", "message": {"text": text}, "descriptor": {"id": name}}
