"""Which tests stay together when the whole suite runs in two processes, as `./run test` has it run.

A file stays in one process, because it keeps what it has set up. Two files take longest by far: each of their cases is a
proof through real boxes. They are shared out by units, which stand before a slash in the names of their cases:
`test_it[commutes.0/own_axiom]`. A unit's cases have one challenge, which a process compiles once and then knows. Units have
few cases, and pytest-xdist hands out first what has the most tests: so the two share them to the end of the suite.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

SPREAD = frozenset({"tests/proofs/test_attacks.py", "tests/proofs/test_honest.py"})


class ByUnit(LoadFileScheduling):
    """Hands out files, and units of the files that are shared out."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Return what a test stays together with."""
    file, _, test = nodeid.partition("::")
    unit, slash, _ = test.partition("/")
    return f"{file}::{unit}" if slash and file in SPREAD else file
