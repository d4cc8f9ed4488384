"""The format of lean4export, read as data of a stranger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.recipes.lean4.assay_prover.ndjson import read, read_with_meta
from sandbox.recipes.lean4.assay_prover.terms import Declaration, Inductive, Table
from sandbox.recipes.lean4.assay_prover.text import ExportError

META = {
    "meta": {
        "exporter": {"name": "lean4export", "version": "3.1.0"},
        "format": {"version": "3.1.0"},
        "lean": {"githash": "f" * 40, "version": "4.34.0"},
    }
}
NAMES = [
    {"in": 1, "str": {"pre": 0, "str": "a"}},
    {"in": 2, "num": {"pre": 1, "i": 7}},
    {"in": 3, "str": {"pre": 0, "str": "u"}},
]
LEVELS = [{"il": 1, "succ": 0}, {"il": 2, "param": 3}, {"il": 3, "max": [1, 2]}, {"il": 4, "imax": [2, 0]}]
TERMS = [
    {"ie": 0, "sort": 0},
    {"ie": 1, "bvar": 0},
    {"ie": 2, "const": {"name": 2, "us": [2, 3]}},
    {"ie": 3, "app": {"fn": 2, "arg": 1}},
    {"ie": 4, "lam": {"name": 1, "type": 0, "body": 1, "binderInfo": "implicit"}},
    {"ie": 5, "forallE": {"name": 3, "type": 0, "body": 0, "binderInfo": "default"}},
    {"ie": 6, "letE": {"name": 1, "type": 0, "value": 0, "body": 1, "nondep": True}},
    {"ie": 7, "proj": {"typeName": 1, "idx": 2, "struct": 3}},
    {"ie": 8, "natVal": "340282366920938463463374607431768211456"},
    {"ie": 9, "strVal": "\u00e9"},
    {"ie": 10, "mdata": {"expr": 3, "data": {}}},
    {"ie": 11, "sort": 4},
]
HEAD = {"name": 1, "levelParams": [3], "type": 5}
DEFINED = {"def": {**HEAD, "value": 4, "hints": {"regular": 3}, "safety": "safe", "all": [1]}}
INDUCTIVE = {
    "inductive": {
        "types": [{**HEAD, "numParams": 1, "ctors": [2], "isUnsafe": False, "isRec": False}],
        "ctors": [{**HEAD, "name": 2, "induct": 1, "isUnsafe": False}],
        "recs": [{"anything": "the kernel makes them"}],
    }
}


def said(*lines: Any) -> bytes:
    """Return an export."""
    return "".join(json.dumps(item) + "\n" for item in (META, *NAMES, *LEVELS, *TERMS, *lines)).encode()


def test_every_kind_of_line_is_read() -> None:
    table = Table()
    lines = [
        {"axiom": {**HEAD, "isUnsafe": False}},
        DEFINED,
        {"thm": {**HEAD, "value": 3, "all": [1]}},
        {"opaque": {**HEAD, "value": 3, "all": [1], "isUnsafe": False}},
        {"quot": {**HEAD, "kind": "type"}},
        INDUCTIVE,
    ]
    meta, found = read_with_meta(said(*lines), table)
    assert (meta.lean_version, meta.lean_commit, meta.exporter) == ("4.34.0", "f" * 40, "3.1.0")
    a, deep, u = table.named("a"), table.name(("i", table.named("a"), 7)), table.named("u")
    zero = table.level(("z",))
    one, param = table.level(("s", zero)), table.level(("p", u))
    sort, bound = table.term(("s", zero)), table.term(("v", 0))
    constant = table.term(("c", deep, param, table.level(("m", one, param))))
    applied, arrow = table.term(("a", constant, bound)), table.term(("p", sort, sort))
    assert found == [
        Declaration("axiom", (u,), a, arrow),
        Declaration("def", (u,), a, arrow, table.term(("l", sort, bound)), 3),
        Declaration("theorem", (u,), a, arrow, applied),
        Declaration("opaque", (u,), a, arrow, applied),
        Declaration("inductive", (u,), fixed=1, group=(Inductive(a, arrow, ((deep, arrow),)),)),
    ]
    assert table.terms[table.term(("n", 1 << 128))] == ("n", 1 << 128)
    kept = {table.terms[number][0] for number in range(len(table.terms))}
    assert kept == set("svcalptnxj")
    assert len(table.terms) == len(TERMS) - 1  # a note changes nothing


def test_what_nothing_safe_can_use_is_left_out() -> None:
    unsafe = {"types": [{**HEAD, "isUnsafe": True}], "ctors": [], "recs": []}
    lines = [
        {"axiom": {**HEAD, "isUnsafe": True}},
        {"opaque": {**HEAD, "value": 3, "isUnsafe": True}},
        {"def": {**DEFINED["def"], "safety": "partial"}},
        {"def": {**DEFINED["def"], "safety": "unsafe"}},
        {"inductive": unsafe},
    ]
    assert read(said(*lines), Table()) == []


@pytest.mark.parametrize(
    "line",
    [
        {"in": 4, "str": {"pre": 9, "str": "x"}},  # what does not stand before
        {"in": 9, "str": {"pre": 0, "str": "x"}},  # another number than the next
        {"in": 4, "str": {"pre": -1, "str": "x"}},
        {"in": 4, "str": {"pre": True, "str": "x"}},
        {"in": 4, "str": {"pre": 0, "str": "\ud800"}},  # half of a pair
        {"in": 4, "what": {"pre": 0}},
        {"il": 5, "max": [0]},
        {"il": 5, "succ": "0"},
        {"ie": 12, "app": {"fn": 12, "arg": 0}},  # itself
        {"ie": 12, "natVal": "-1"},
        {"ie": 12, "natVal": 1},
        {"ie": 12, "bvar": 0, "sort": 0},  # two at once
        {"axiom": {**HEAD}},  # unsafe or not, it does not say
        {"def": {**DEFINED["def"], "hints": {"regular": 1 << 32}}},
        {"def": {**DEFINED["def"], "safety": "sound"}},
        {"inductive": {"types": [], "ctors": [], "recs": []}},
        {"inductive": {**INDUCTIVE["inductive"], "ctors": []}},
        {"axiom": {**HEAD, "isUnsafe": False}, "thm": {}},
        {"lemma": HEAD},
        [],
        7,
    ],
)
def test_a_line_that_is_not_understood_is_named(line: Any) -> None:
    with pytest.raises(ExportError, match=rf"^line {2 + len(NAMES) + len(LEVELS) + len(TERMS)} of the export"):
        read(said(line), Table())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"\xff\n",
        said()[:-1],
        said(DEFINED) + b"[" * 100_000 + b"\n",
        json.dumps({"meta": {**META["meta"], "format": {"version": "3.0.0"}}}).encode() + b"\n",
    ],
)
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(ExportError):
        read(data, Table())
