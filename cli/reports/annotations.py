"""Annotations of GitHub's runner: a line for each complaint, which shows on the changed line of a pull request.

The runner reads them from what a step prints, and needs no permission for it. It reads any line as a command that begins
with two colons, so a stranger's text may begin none: `%`, line ends and, in properties, `:` and `,` are escaped as the
runner decodes them. Nothing else of a report is fit to be printed there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cli.reports.sarif import sarif
from cli.reports.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.reports.case import Case

LINES_MAX = 10  # of each level; the runner shows no more of one step
_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _MESSAGE | {":": "%3A", ",": "%2C"}


def workflow_commands(cases: Sequence[Case]) -> str:
    """Return the commands for these cases, one a line; what is verified needs none."""
    (run,) = sarif(cases)["runs"]
    found = [_command(item["level"], _place(item), item["ruleId"], item["message"]["text"]) for item in run["results"]]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    found += [_command("error", {}, "service", item["message"]["text"]) for item in notes]
    kept: dict[str, list[str]] = {}
    for level, line in found:
        kept.setdefault(level, []).append(line)
    return "".join(f"{line}\n" for lines in kept.values() for line in lines[:LINES_MAX])


def _place(result: dict[str, Any]) -> dict[str, str]:
    """Return file and line of a result; nothing for the checkout as a whole and for what lies outside of it."""
    (location,) = result["locations"]
    place = location["physicalLocation"]
    if "uriBaseId" not in place["artifactLocation"] or place["artifactLocation"]["uri"] == ".":
        return {}
    line = place.get("region", {}).get("startLine")
    return {"file": unquote(place["artifactLocation"]["uri"])} | ({} if line is None else {"line": str(line)})


def _command(level: str, place: dict[str, str], title: str, message: str) -> tuple[str, str]:
    told = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in {**place, "title": title}.items())
    # Brackets are escaped for SARIF, where they would be links.
    text = message.replace("\\[", "[").replace("\\]", "]")
    return level, f"::{level} {told}::{_escaped(text, _MESSAGE)}"


def _escaped(text: str, signs: dict[str, str]) -> str:
    """Return a text as the runner decodes it; signs that end a line elsewhere become blanks."""
    one = "".join(sign if sign.isprintable() or sign in signs else " " for sign in plain(text))
    return "".join(signs.get(sign, sign) for sign in one)
