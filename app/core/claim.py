"""From the bytes of a `claim.toml`, or a JSON body that mirrors it, to a checked claim.

Everything that can be wrong is found here, before anything is stored, and all of it is reported at once: file, line,
pointer, reason and remedy. Unknown keys are refused, because a misspelt tolerance must not silently become a default.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core import toml_lines
from app.core.checkers import CHECKERS
from app.core.claim_expect import read_expectations, refuse_expectations
from app.core.claim_reader import Path, Reader, Table, near
from app.core.claim_reproduce import read_reproduce
from app.core.errors import Problem, Refusal
from app.core.model import Claim, Formula, Limits, Proof, RecordRef, Script, Source, Statement
from app.core.quantity import milliseconds, size_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

SCHEMA = "assay-claim-v1"
CLAIM_BYTES_MAX = 1 << 20
IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SERVICE_PREFIX = "rec_"  # of the ids that the service gives to records
SOURCES_MAX = 64
SOURCE_SUFFIXES = (".txt", ".md", ".csv")

#: Isolation levels from weakest to strongest.
LEVELS = ("C", "B1", "B", "A")

_MIB = 1 << 20


@dataclass(frozen=True)
class Policy:
    """What the operator lets a claim ask for."""

    default_limits: Limits
    maximum_limits: Limits
    environments: Mapping[str, str]  # name -> digest
    isolation: str = "C"  # least level for every run; a claim may only raise it
    assets: Mapping[str, str] | None = None  # digest -> what the operator calls it; None: any digest is accepted
    proof_limits: Limits | None = None  # instead of the default ones, of proofs


def parse_claim(data: bytes, files: Collection[str], policy: Policy, filename: str = "claim.toml") -> Claim:
    """Return the claim that a `claim.toml` states.

    Args:
        data: the file's bytes.
        files: every path of the bundle.
        policy: the operator's limits and environments.
        filename: how problems name the file.

    Raises:
        Refusal: with every problem found.

    """
    check_size(len(data), filename)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _whole(filename, line, "not-utf8", "the file is not UTF-8", "save it as UTF-8") from error
    deep = toml_lines.too_deep(text)
    if deep is not None:
        detail = f"a key has more than {toml_lines.DEPTH_MAX} parts"
        raise _whole(filename, deep, "too-deep", detail, "no key of a claim needs more than a few: correct the line")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        detail = "the file is not TOML: " + str(error).partition(" (at ")[0]
        line = toml_lines.error_line(error, text)
        raise _whole(filename, line, "not-toml", detail, toml_lines.remedy(text, line)) from error
    except (RecursionError, ValueError) as error:  # the latter for numbers of thousands of digits
        detail = "the file holds something too deep or too long to read"
        raise _whole(filename, 1, "not-toml", detail, "flatten and shorten it") from error
    # Lines are only needed for complaints, and most claims have none.
    cache: dict[Path, int] = {}

    def line_of(path: Path) -> int:
        if not cache:
            cache.update(toml_lines.lines(text))
        return toml_lines.line_of(cache, path)

    return _read(document, files, policy, Reader(filename, line_of))


def check_size(size: int, filename: str = "claim.toml") -> None:
    """Refuse a `claim.toml` of so many bytes, which nobody need have read, if it is too large.

    Raises:
        Refusal: it is.

    """
    if size > CLAIM_BYTES_MAX:
        raise _whole(filename, 1, "claim-too-large", f"{filename} has more than {CLAIM_BYTES_MAX} bytes", "shorten it")


def claim_from_json(document: Any, policy: Policy) -> Claim:
    """Return the formula claim that a JSON body states, with the same keys as `claim.toml`.

    Raises:
        Refusal: with every problem found, each with its JSON pointer.

    """
    if not isinstance(document, dict):
        raise Refusal.of(Problem(None, None, "", "not-an-object", "the body must be a JSON object", "send one"))
    return _read(document, None, policy, Reader(None, lambda _: None))


def _read(document: dict[str, Any], files: Collection[str] | None, policy: Policy, reader: Reader) -> Claim:
    root = Table(reader, (), document)
    schema = root.text("schema", required=True, longest=40)
    if schema not in (None, SCHEMA):
        root.report("schema", "unknown-schema", f"this is not {SCHEMA}", f'write schema = "{SCHEMA}"')
    record = _record(root)
    statement = _statement(root)
    told = document.get("reproduce")
    kind = told.get("kind") if isinstance(told, dict) else None
    proof = isinstance(kind, str) and kind in CHECKERS
    expect = refuse_expectations(root) if proof else read_expectations(root)
    reproduce = read_reproduce(root, files, policy, expect)
    limits = _limits(root, policy, (policy.proof_limits if proof else None) or policy.default_limits)
    sources = _sources(root, files or ())
    _check_sources(root, reproduce, {item.file for item in sources})
    if isinstance(reproduce, Formula):
        _check_cells(root, reproduce, {item.id for item in sources})
    root.close()
    reader.finish()
    # Without problems all of its parts are there; validation says so if that is ever wrong.
    parts = {"record": record, "claim": statement, "expect": expect, "reproduce": reproduce, "limits": limits}
    return Claim.model_validate({**parts, "source": sources})


def _check_sources(root: Table, reproduce: Formula | Script | Proof | None, files: Collection[str]) -> None:
    """Report a source that is what the box executes."""
    remedy = "a source stays out of the box: name another file"
    if isinstance(reproduce, Script) and reproduce.entrypoint in files:
        root.report("source", "entrypoint-is-source", "the script cannot be a source", remedy)
    if isinstance(reproduce, Proof) and {reproduce.challenge, reproduce.solution} & set(files):
        root.report("source", "entrypoint-is-source", "neither statement nor proof can be a source", remedy)


def _record(root: Table) -> RecordRef | None:
    table = root.table("record")
    if table is None:
        return None
    found = RecordRef(id=table.text("id", longest=64), title=table.text("title"), doi=table.text("doi", longest=200))
    table.close()
    if found.id is not None and not IDENTIFIER.fullmatch(found.id):
        table.report("id", "bad-id", "a record's id is lower case: letters, digits, . _ -", "rename it")
    if found.id is not None and found.id.startswith(SERVICE_PREFIX):
        detail = f"ids that begin with {SERVICE_PREFIX} are given by the service"
        table.report("id", "reserved-id", detail, "choose another id; the service shows its own beside it")
    if found.id is None and found.doi is None and found.title is None:
        table.report(None, "empty-record", "the record has neither id, title nor doi", "name it, or remove [record]")
    return found


def _statement(root: Table) -> Statement | None:
    table = root.table("claim", required=True)
    if table is None:
        return None
    name = table.text("id", required=True, longest=64)
    if name is not None and not IDENTIFIER.fullmatch(name):
        table.report("id", "bad-id", "an id is lower case: letters, digits, . _ -", "rename it")
    text = table.text("statement", required=True)
    quote, section = table.text("quote"), table.text("section", longest=400)
    table.close()
    if name is None or text is None:
        return None
    return Statement(id=name, statement=text, quote=quote, section=section)


def _limits(root: Table, policy: Policy, base: Limits) -> Limits:
    table = root.table("limits")
    found = base.model_dump() | {"isolation": policy.isolation}
    if table is None:
        return Limits.model_validate(found)
    readers: dict[str, tuple[str, Callable[[str], int]]] = {
        "wall": ("wall_ms", milliseconds),
        "cpu": ("cpu_ms", milliseconds),
        "memory": ("memory_bytes", size_bytes),
        "scratch": ("scratch_bytes", size_bytes),
    }
    least = {"memory": 16 * _MIB, "scratch": _MIB}
    for key, (field, read) in readers.items():
        amount = table.parsed(key, read)
        if amount is None:
            continue
        found[field] = amount
        if amount < least.get(key, 1):
            table.report(key, "limit-too-low", f"{key} must be at least {least[key] // _MIB}MiB", "raise it")
        if amount > getattr(policy.maximum_limits, field):
            _above(table, key, _spell(field, getattr(policy.maximum_limits, field)))
    for key, low in (("cpus", 1), ("processes", 1), ("gpus", 0)):
        count = table.integer(key, low, 1 << 20)
        if count is None:
            continue
        found[key] = count
        if count > getattr(policy.maximum_limits, key):
            _above(table, key, str(getattr(policy.maximum_limits, key)))
    if "wall" in table.data and "cpu" not in table.data:
        # One clock given: the other follows, so that "wall = 2s" does not keep a CPU limit of a minute for show.
        found["cpu_ms"] = min(found["wall_ms"] * found["cpus"], policy.maximum_limits.cpu_ms)
    level = table.text("isolation", longest=4)
    if level is not None and level not in LEVELS:
        table.report("isolation", "unknown-level", f"there is no isolation level {level!r}", f"use {', '.join(LEVELS)}")
    elif level is not None and LEVELS.index(level) > LEVELS.index(policy.isolation):
        found["isolation"] = level
    table.close()
    return Limits.model_validate(found)


def _above(table: Table, key: str, most: str) -> None:
    closed = (key, most) == ("gpus", "0")
    remedy = "leave it out, or have the operator open GPUs by ASSAY_MAXIMUM_LIMITS" if closed else f"at most {most}"
    table.report(key, "limit-above-policy", f"{key} is above what the operator allows", remedy)


def _spell(field: str, amount: int) -> str:
    return f"{amount / 1000:g}s" if field.endswith("_ms") else f"{amount // _MIB}MiB"


def _sources(root: Table, files: Collection[str]) -> tuple[Source, ...]:
    found: list[Source] = []
    tables = list(root.tables("source"))
    if len(tables) > SOURCES_MAX:
        root.report("source", "too-many", f"at most {SOURCES_MAX} sources", "leave out what no quote or cell needs")
        return ()
    for table in tables:
        name, title = table.text("id", required=True, longest=64), table.text("title", required=True)
        file = table.text("file", required=True, longest=255)
        table.close()
        if file is not None and file not in files:
            remedy = near(file, files) or "add it, or correct the name"
            table.report("file", "missing-file", f"the bundle has no file {file[:80]!r}", remedy)
        elif file is not None and not file.endswith(SOURCE_SUFFIXES):
            table.report("file", "bad-source", "a source is text, Markdown or CSV", f"use {', '.join(SOURCE_SUFFIXES)}")
        if name is not None and any(name == other.id for other in found):
            table.report("id", "duplicate-item", f"the source {name!r} is named twice", "name each once")
        if name is not None and title is not None and file is not None:
            found.append(Source(id=name, title=title, file=file))
    return tuple(found)


def _check_cells(root: Table, claimed: Formula, known: Collection[str]) -> None:
    """Report cells of sources that the claim does not have; what is in them is the judge's to look up."""
    for name, item in claimed.values.items():
        if item.cell is not None and item.cell.source not in known:
            remedy = near(item.cell.source, known) or "add a [[source]] with that id and its file"
            path = ("reproduce", "values", name, "cell", "source")
            root.reader.report(path, "unknown-source", f"no [[source]] has the id {item.cell.source!r}", remedy)


def _whole(file: str, line: int, code: str, detail: str, remedy: str) -> Refusal:
    return Refusal.of(Problem(file, line, "", code, detail, remedy))
