"""What a script complained of before it ended without a measurement: the last lines of its standard error.

A verdict says that a script exited with 1; what helps its author is `ModuleNotFoundError`. So it is shown wherever such a
verdict is: on a terminal, in reports, and of a service's runs as of local ones, for which one log is fetched. The words are
a stranger's. They come as `cli.words.last_words` makes them, a few short lines of printable signs, and each format escapes
them further for its own reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.errors import ServiceError
from cli.words import BYTES_READ_MAX, last_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay_client import Client

SAID = "the script's own last words on stderr in"
RUNS_ASKED_MAX = 3  # of one verification: a script that said nothing once rarely says something the next time


def complaint(comparisons: Sequence[Any], runs: Sequence[Mapping[str, Any]]) -> tuple[str, list[str]] | None:
    """Return the key of the run that says most about why nothing was measured, and its last lines; None: nothing to say.

    Args:
        comparisons: of the verdict; where there are any, something was measured, and the number is what matters.
        runs: those that are over, in order, with `stderr` where it is known.

    """
    if comparisons:
        return None
    found = next((run for run in by_failure(runs) if run.get("stderr")), None)
    return None if found is None else (str(found["key"]), str(found["stderr"]).splitlines())


def by_failure(runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the runs that are over, those that did not end well first."""
    return sorted((run for run in runs if run.get("outcome") is not None), key=_ended_well)


def _ended_well(run: Mapping[str, Any]) -> bool:
    return (run["outcome"]["kind"], run["outcome"]["exit_code"]) == ("exited", 0)


def with_words(client: Client, verification: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a service's verification with the `stderr` of the run that says why nothing was measured.

    A log that cannot be had takes no verdict away: then there is none.
    """
    verdict = verification["verdict"]
    if verdict is None or verdict["comparisons"]:
        return verification
    for run in by_failure(verification["runs"])[:RUNS_ASKED_MAX]:
        try:
            words = last_words(client.log(run["id"], "stderr", -BYTES_READ_MAX))
        except ServiceError:
            return verification
        if words:
            runs = [{**item, "stderr": words} if item is run else item for item in verification["runs"]]
            return {**verification, "runs": runs}
    return verification
