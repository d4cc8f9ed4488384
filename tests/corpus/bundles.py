"""The corpus: one script a file, with what it is given and what it is said to show in a header of comments.

    # /// assay
    # inputs = { "scores.csv" = "scores" }      declared inputs: path -> data set of `data`
    # files = { "notes.txt" = "text…" }         further files; "@scores" is a data set
    # parameters = { n = 1000 }
    # seeds = [0]
    # digits = 2                                the print: what it gives for the sealed inputs, to so many places
    # rule = "rounding"                         and tolerance; metric `value`, or `metrics = ["a", "b"]`
    # name = "reproduce.py"
    # ///

The header is no part of the script. `{{sha256 scores.csv}}`, `{{size …}}`, `{{sum …}}`, `{{hex …}}` and
`{{line scores.csv 1}}` in a script stand for what a cheat would have looked up.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.corpus.data import DATA

FOLDER = Path(__file__).parent
_HEADER = re.compile(r"\A# /// assay\n((?:#.*\n)*?)# ///\n")
_MARK = re.compile(r"\{\{(\w+) ([\w./-]+)(?: (\d+))?\}\}")


@dataclass(frozen=True)
class Case:
    """One script of the corpus with its bundle."""

    name: str
    honest: bool
    about: str  # what it does, in a few words
    entrypoint: str
    script: str
    inputs: dict[str, bytes]
    files: dict[str, bytes]
    header: dict[str, Any]


def cases() -> list[Case]:
    """Return the corpus, honest scripts first."""
    return [
        read_case(path, honest=honest)
        for honest, folder in ((True, "honest"), (False, "cheating"))
        for path in sorted((FOLDER / folder).glob("*.py"))
    ]


def read_case(path: Path, *, honest: bool) -> Case:
    """Read one file of the corpus."""
    text = path.read_text(encoding="utf-8")
    match = _HEADER.match(text)
    if match is None:
        raise ValueError(f"{path} has no header")
    header = tomllib.loads(
        "".join(line.removeprefix("#").removeprefix(" ") for line in match[1].splitlines(keepends=True))
    )
    inputs = {name: DATA[kind]() for name, kind in header.get("inputs", {}).items()}
    files = {
        name: DATA[said[1:]]() if said.startswith("@") else said.encode()
        for name, said in header.get("files", {}).items()
    }
    script = _MARK.sub(lambda mark: _looked_up(mark, inputs), text[match.end() :])
    return Case(path.stem, honest, header["about"], header.get("name", "reproduce.py"), script, inputs, files, header)


def _looked_up(mark: re.Match[str], inputs: dict[str, bytes]) -> str:
    data = inputs[mark[2]]
    match mark[1]:
        case "sha256":
            return hashlib.sha256(data).hexdigest()
        case "sum":
            return str(sum(map(int, data.split())))
        case "hex":
            return data.hex()
        case "size":
            return str(len(data))
        case _:
            return data.decode().splitlines()[int(mark[3])]


def claim_toml(case: Case, prints: dict[str, str], salt: int) -> bytes:
    """Return the claim that a case makes, given the print of each metric; another salt makes another seal."""
    header = case.header
    expect = ""
    for metric, value in prints.items():
        tolerance = f'tolerance = "{header["tolerance"]}"\n' if "tolerance" in header else ""
        bounds = "".join(f'{end} = "{header[end]}"\n' for end in ("low", "high") if end in header)
        said = f'value = "{value}"\n' if not bounds else ""
        expect += (
            f'[[expect]]\nmetric = "{metric}"\n{said}{bounds}rule = "{header.get("rule", "rounding")}"\n{tolerance}\n'
        )
    parameters = ", ".join(f"{name} = {_toml(value)}" for name, value in header.get("parameters", {}).items())
    return f"""schema = "assay-claim-v1"
[claim]
id = "case"
statement = "a figure, {salt}"
{expect}
[reproduce]
kind = "script"
entrypoint = "{case.entrypoint}"
inputs = [{", ".join(f'"{name}"' for name in case.inputs)}]
parameters = {{ {parameters} }}
seeds = {header.get("seeds", [0])}
[limits]
wall = "20s"
cpu = "20s"
""".encode()


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("'", '"')
