"""JUnit's XML, as build servers read it: one test case a claim.

FALSIFIED is a failure: the claim was tested and does not hold. UNVERIFIED is an error, not a failure: the test could not
say. Refused, no box, no verdict in time: errors too, because a board that reads nothing else would take a skipped test for
a good one. Skipped is only what somebody cancelled before its first run.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from cli.reports.text import plain, worded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.reports.case import Case

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'


def junit(cases: Sequence[Case]) -> bytes:
    """Return the report of these cases."""
    results = [_result(case) for case in cases]
    counts = {
        "tests": str(len(cases)),
        "failures": str(results.count("failure")),
        "errors": str(results.count("error")),
        "skipped": str(results.count("skipped")),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }
    root = ET.Element("testsuites", {"name": "assay", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "assay", **counts})
    for case, result in zip(cases, results, strict=True):
        _add(suite, case, result)
    return DECLARATION + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _result(case: Case) -> str:
    """Return the element that a case gets, `pass` for none."""
    match case.status:
        case "VERIFIED":
            return "pass"
        case "FALSIFIED":
            return "failure"
        case _:
            return "skipped" if case.status == "CANCELLED" and not case.attempted else "error"


def _add(suite: ET.Element, case: Case, result: str) -> None:
    attributes = {"classname": case.record or "assay", "name": case.name, "time": f"{case.seconds:.3f}"}
    if not case.archived:
        attributes |= {"file": case.file()} | ({"line": str(case.line)} if case.line else {})
    element = ET.SubElement(suite, "testcase", {name: plain(value) for name, value in attributes.items()})
    reason = str(case.document["reason"])
    code = str(case.document["reason_code"] or case.status)
    if result != "pass":
        words = case.status if code == case.status else f"{case.status} {code}"
        first = reason.partition("\n")[0]
        if case.complaint is not None:  # boards show the message first, and some nothing else
            first, reason = f"{first} {case.complaint[1][-1]}", "\n".join([reason, *worded(case)])
        said = {"message": plain(f"{words}: {first}"), "type": plain(code)}
        ET.SubElement(element, result, said).text = plain(reason)
    ET.SubElement(element, "system-out").text = plain("\n".join([case.statement, *_details(case)]))
    if case.complaint is not None:
        ET.SubElement(element, "system-err").text = plain("\n".join(case.complaint[1]))


def _details(case: Case) -> list[str]:
    found = [
        f"{item['metric']}: computed {item['computed']}, expected {item['expected']} ({item['rule']}): {item['code']}"
        for item in case.document["comparisons"]
    ]
    found += [f"{item['name']}: {item['result']}: {item['detail']}" for item in case.document["controls"]]
    return [*found, f"seal {case.document['seal']}"] if case.document["seal"] else found
