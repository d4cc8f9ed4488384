"""Every hostile script of `escapes/`, sealed in each kind of box, and bare: the control. `attacks.py` explains headers."""

from __future__ import annotations

import json
import os
import pickle
import platform
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from app.core.claim import parse_claim
from app.core.measurement import Measurement, read_result
from app.settings import Settings
from sandbox.channel import ARTIFACTS_MAX, NAME
from sandbox.host import LEVELS
from tests.sandbox.attacks import ATTACKS, FOLDER, HELP, Attack
from tests.sandbox.conftest import refuse_to_skip
from tests.sandbox.targets import targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox import Outcome
    from tests.sandbox.boxes import Box, Imported, Strongest

pytestmark = pytest.mark.box

PATIENCE_SECONDS = 20
IDS = [attack.name for attack in ATTACKS]
CLAIM = b"""
schema = "assay-claim-v1"
reproduce = { kind = "script", entrypoint = "script.py" }
[claim]
id = "c"
statement = "s"
[[expect]]
metric = "gain"
value = "8.7"
rule = "rounding"
"""


@pytest.fixture(scope="module")
def host(strongest: Strongest) -> Iterator[dict[str, str]]:
    with targets(strongest.environment) as found:
        yield found


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_a_hostile_script_is_contained(attack: Attack, box: Box, host: dict[str, str]) -> None:
    _is_contained(attack, box, host)


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_a_hostile_script_is_contained_where_a_package_was_imported_ahead(
    attack: Attack, imported: Imported, host: dict[str, str]
) -> None:
    _is_contained(attack, imported, host)


def _is_contained(attack: Attack, box: Box, host: dict[str, str]) -> None:
    _runs_here(attack)
    outcome = box.run(attack.source, {f"/job/{HELP}": (FOLDER / HELP).read_bytes()}, host, **attack.limits)
    said = f"{outcome.kind} {outcome.limit} {outcome.result!r} {outcome.notes} {outcome.stderr.decode()[-500:]}"
    if LEVELS.index(box.level) < LEVELS.index(attack.level):
        assert json.loads(outcome.result or b"null")["escaped"] is True, f"contained here too, mend the header: {said}"
        return
    _is_as_expected(attack, outcome, said)
    assert attack.note in "; ".join(outcome.notes), said
    assert len(outcome.artifacts) <= ARTIFACTS_MAX
    assert all(NAME.fullmatch(name.encode()) for name, _ in outcome.artifacts), said


def _is_as_expected(attack: Attack, outcome: Outcome, said: str) -> None:
    if attack.expect in {"contained", "nothing", "refused"}:
        assert (outcome.kind, outcome.exit_code) == ("exited", 0), said
    else:
        assert _named(outcome) == attack.expect, said
    if attack.expect == "contained":
        assert json.loads(outcome.result or b"null")["escaped"] is False, said
    elif attack.expect == "refused":
        assert outcome.result, said
        assert not _is_read(outcome.result), said
    else:
        assert outcome.result is None, said


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_the_same_script_succeeds_without_a_box(
    attack: Attack, host: dict[str, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    _runs_here(attack)
    if attack.control.startswith("none, "):
        record_property("uncontrolled", f"{attack.name}: {attack.control.removeprefix('none, ')}")
        return
    if attack.control == "root" and os.geteuid() != 0:
        refuse_to_skip(f"without a box the host itself refuses {attack.name} to an ordinary user")
    result = _run_bare(attack, host, tmp_path)
    if attack.control == "kernel" and not result.get("escaped"):
        record_property("uncontrolled", f"{attack.name}: this kernel refuses it to everybody")
        return
    assert attack.control in {"succeeds", "root", "kernel"}
    assert result.get("escaped") is True, f"the control failed: {result}"


def _runs_here(attack: Attack) -> None:
    if attack.machine not in {None, platform.machine()}:
        pytest.skip(f"{attack.name} is for {attack.machine} alone")


def _named(outcome: Outcome) -> str:
    detail = {"timeout": outcome.clock, "output": outcome.limit, "signal": outcome.signal}.get(outcome.kind)
    return outcome.kind if detail is None else f"{outcome.kind} {detail}"


def _is_read(result: bytes) -> bool:
    """Whether the service's own reader takes a number from a result."""
    claim = parse_claim(CLAIM, ("claim.toml", "script.py"), Settings().policy({"python": "sha256:" + "0" * 64}))
    found = read_result(result.decode("utf-8", "surrogateescape"), claim)
    return isinstance(found, Measurement) and found.metrics["gain"].finite


def _run_bare(attack: Attack, host: dict[str, str], folder: Path) -> dict[str, Any]:
    """Run a script as an ordinary process and return what it reported, empty when it reports nothing in time."""
    for name in ("job", "in", "out", "tmp"):
        (folder / name).mkdir()
    shutil.copyfile(FOLDER / HELP, folder / "job" / HELP)
    program = folder / "job" / "script.py"
    program.write_bytes(attack.source)
    result = folder / "result.json"
    own = {
        "ASSAY_RESULT": str(result),
        "ASSAY_INPUT": str(folder / "in"),
        "ASSAY_OUTPUT": str(folder / "out"),
        "TMPDIR": str(folder / "tmp"),
    }
    done = subprocess.run(
        [sys.executable, "-B", str(program)],
        env={**os.environ, **host, **own},
        cwd=folder / "tmp",  # where a core dump lands
        pass_fds=[int(host["LEAKED"])],
        input=b"what waits on standard input",
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while attack.expect == "nothing" and not result.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return _read_carelessly(result) if result.exists() else {"stderr": done.stderr.decode()[-500:]}


def _read_carelessly(path: Path) -> dict[str, Any]:
    """Read a result as its author would like it to be read."""
    data = path.read_bytes()
    try:
        found = pickle.loads(data) if data.startswith(b"\x80") else json.loads(data.decode(errors="replace"))  # noqa: S301 - our own script
    except RecursionError:
        found = {"escaped": True, "how": "the reader fell"}
    return found if isinstance(found, dict) else {}
