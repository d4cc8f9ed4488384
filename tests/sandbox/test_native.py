"""A native Lean: what is refused before anything of it is started, and what the words of the programs around it mean."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import SandboxFault
from sandbox.native import MACHINES, NEEDED, Sources, form_of, recipe, refuse
from sandbox.recipes.lean4.assay_prover import native
from tests.cli.command import assay
from tests.proofs.stand_in import COMPARATOR, NANODA, program

if TYPE_CHECKING:
    from collections.abc import Callable

FOUND = {"lean_version": "4.34.0", "lean_commit": "a" * 40, "axioms_scope": "solution+library"}
OURS = MACHINES[os.uname().machine]


def elf(path: Path, machine: int = OURS) -> Path:
    """Write what begins as a program of a processor does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + machine.to_bytes(2, "little") + bytes(44))
    path.chmod(0o755)
    return path


@pytest.fixture
def given(tmp_path: Path) -> Sources:
    """Return what could be a native Lean, as far as it shows without being started."""
    for name in NEEDED[1:]:
        (tmp_path / "lean" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lean" / name).write_bytes(b"olean")
    elf(tmp_path / "lean/bin/lean")
    programs = (elf(tmp_path / name) for name in ("lean4export", "comparator", "nanoda_bin"))
    return Sources(tmp_path / "lean", *programs, assurance="production", floor="4.34.0")


def test_what_is_whole_can_be_built_and_its_digest_moves_with_every_file(given: Sources) -> None:
    first = recipe(given)
    assert recipe(given).digest == first.digest
    digests = {
        first.digest,
        recipe(replace(given, second=None)).digest,
        recipe(replace(given, assurance="test")).digest,
    }
    (given.toolchain / "lib/lean/Init.olean").write_bytes(b"other")
    digests.add(recipe(given).digest)
    given.comparator.write_bytes(given.comparator.read_bytes() + b"\0")
    assert len(digests | {recipe(given).digest}) == 5


@pytest.mark.parametrize("name", NEEDED)
def test_a_toolchain_that_lacks_something_isrefused(given: Sources, name: str) -> None:
    (given.toolchain / name).unlink()
    with pytest.raises(SandboxFault, match=f"it lacks {name}"):
        recipe(given)


def test_a_program_of_another_processor_isrefused(given: Sources) -> None:
    elf(given.exporter, next(number for number in MACHINES.values() if number != OURS))
    with pytest.raises(SandboxFault, match=r"lean4export is of another processor: ELF \w+, and this host is ELF"):
        recipe(replace(given, assurance="test"))


def test_a_program_that_is_not_there_isrefused(given: Sources) -> None:
    given.comparator.chmod(0o644)
    with pytest.raises(SandboxFault, match="comparator is not at"):
        recipe(given)


@pytest.mark.parametrize("which", ["bin/lean", "lean4export", "comparator", "nanoda_bin"])
def test_what_stands_in_for_a_program_is_nothing_for_production(given: Sources, which: str) -> None:
    base = given.toolchain if which == "bin/lean" else given.toolchain.parent
    assert form_of(program(base / which, "#!/bin/sh\nexec node lean.js\n")) == "script"
    with pytest.raises(SandboxFault, match=r"nothing for production .*ASSAY_LEAN_ASSURANCE=test"):
        recipe(given)
    recipe(replace(given, assurance="test"))


@pytest.mark.parametrize(
    ("changes", "found", "said"),
    [
        ({}, {"lean_version": "4.33.9"}, "older than 4.34.0"),
        ({}, {"lean_version": "4.9.0"}, "older than 4.34.0"),  # numbers, not letters
        ({"revoked": frozenset({"a" * 40})}, {}, "revoked by ASSAY_PROOF_REVOKED"),
        ({"revoked": frozenset({"a" * 40}), "assurance": "test"}, {}, "revoked by ASSAY_PROOF_REVOKED"),
        ({}, {"axioms_scope": "solution+direct-base"}, "lacks its proofs"),
    ],
)
def test_what_the_operator_does_not_believe_isrefused(
    given: Sources, changes: dict[str, Any], found: dict[str, Any], said: str
) -> None:
    with pytest.raises(SandboxFault, match=said):
        refuse(replace(given, **changes), {**FOUND, **found})


def test_what_he_believes_is_taken(given: Sources) -> None:
    refuse(given, FOUND)
    refuse(given, {**FOUND, "lean_version": "4.40.0-rc1"})
    refuse(
        replace(given, assurance="test"),
        {**FOUND, "lean_version": "4.28.0-pre", "axioms_scope": "solution+direct-base"},
    )


def test_the_command_says_what_must_be_set(tmp_path: Path) -> None:
    done = assay("env", "build", "lean4-native", home=tmp_path)
    assert done.returncode == 2
    assert "LEAN_TOOLCHAIN_DIR" in done.stderr
    named = {"LEAN_TOOLCHAIN_DIR": str(tmp_path), "LEAN4EXPORT_BIN": "/x", "ASSAY_COMPARATOR_BIN": "/x"}
    done = assay("env", "build", "lean4-native", home=tmp_path, **named)
    assert done.returncode == 5
    assert "no whole toolchain of Lean: it lacks bin/lean" in done.stderr


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, bytes], str | None]:
    """Return what asks a stand-in, outside of a box: it is ours, and starts nothing but what is given to it."""
    monkeypatch.setattr(native, "PROGRAMS", tmp_path)
    monkeypatch.setattr(native, "TOOLCHAIN", tmp_path)
    program(tmp_path / "bin/lean", "#!/bin/sh\necho /\n")

    def asked(name: str, mode: str, value: bytes) -> str | None:
        program(tmp_path / name, {"comparator": COMPARATOR, "nanoda": NANODA}[name], mode, sys.executable)
        for export in ("challenge.txt", "solution.txt"):
            (tmp_path / export).write_text(json.dumps({"thm": {"value": value.decode(), "type": "1"}}) + "\n")
        (tmp_path / "lean").mkdir(exist_ok=True)
        if name == "comparator":
            return native.comparator("main", tmp_path / "challenge.txt", tmp_path / "solution.txt", tmp_path / "lean")
        return native.nanoda(tmp_path / "solution.txt", tmp_path / "lean")

    return asked


def test_comparator_says_yes_no_or_neither(ask: Callable[[str, str, bytes], str | None]) -> None:
    assert ask("comparator", "", b"2") is None
    assert ask("comparator", "", b"1") == "(kernel) declaration type mismatch"
    for mode in ("crashes", "says something else"):
        with pytest.raises(native.NoWordError, match="neither yes nor no"):
            ask("comparator", mode, b"2")


def test_nanoda_says_yes_no_or_neither(ask: Callable[[str, str, bytes], str | None]) -> None:
    assert ask("nanoda", "", b"2") is None
    assert ask("nanoda", "", b"1") == "the types differ"
    assert ask("nanoda", "cannot print", b"2") is None
    for mode, code in (("cannot read", 2), ("gives up reading", 101), ("skips", 0)):
        with pytest.raises(native.NoWordError, match=f"nanoda ended with {code}"):
            ask("nanoda", mode, b"2")
