"""What a script complained of before it ended without a measurement: the last lines of its standard error.

A verdict says that a script exited with 1; what helps its author is `ModuleNotFoundError`. So it is shown wherever such a
verdict is: on a terminal, in reports, on a commit. The words are a stranger's. They come as a few short lines of printable
signs, and each format escapes them further for its own reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SAID = "the script's own last words on stderr in"
RUNS_ASKED_MAX = 3  # of one verification: a script that said nothing once rarely says something the next time
BYTES_READ_MAX = 16_384
LINES_MAX = 20
LINE_CHARACTERS_MAX = 200


def last_words(stderr: bytes) -> str:
    """Return the last lines of a script's standard error; signs that could steer a terminal become question marks."""
    text = stderr[-BYTES_READ_MAX:].decode("utf-8", "replace").expandtabs(4)
    lines = [line for line in (plain(line) for line in text.split("\n")) if line]
    return "\n".join(lines[-LINES_MAX:])


def plain(line: str) -> str:
    """Return a line of a stranger's text, short and of printable signs."""
    found = "".join(sign if sign.isprintable() else "?" for sign in line.rstrip())
    return found if len(found) <= LINE_CHARACTERS_MAX else found[: LINE_CHARACTERS_MAX - 1] + "…"


def with_words(
    comparisons: Sequence[Any], runs: Sequence[Mapping[str, Any]], log: Callable[[str], bytes]
) -> list[Mapping[str, Any]]:
    """Return runs with the `stderr` of the one that says why nothing was measured.

    Args:
        comparisons: of the verdict; where there are any, something was measured, and no log is asked for.
        runs: in order, each with `id` and `outcome`.
        log: returns the end of a run's standard error, by its id; it may raise what its caller expects.

    """
    for run in [] if comparisons else by_failure(runs)[:RUNS_ASKED_MAX]:
        words = last_words(log(run["id"]))
        if words:
            return [{**item, "stderr": words} if item is run else item for item in runs]
    return list(runs)


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


def quoted(said: tuple[str, Sequence[str]] | None) -> list[str]:
    """Return a complaint behind bars, under a line that says whose words these are; nothing where there is none."""
    if said is None:
        return []
    run, lines = said
    return [f"{SAID[0].upper()}{SAID[1:]} {run}:", *(f"| {line}" for line in lines)]


def by_failure(runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the runs that are over, those that did not end well first."""
    return sorted((run for run in runs if run.get("outcome") is not None), key=_ended_well)


def _ended_well(run: Mapping[str, Any]) -> bool:
    return (run["outcome"]["kind"], run["outcome"]["exit_code"]) == ("exited", 0)
