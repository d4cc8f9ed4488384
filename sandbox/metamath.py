"""Debian's package `metamath`, a verifier of proofs that boxes see below /usr: whether it is there, and which one it is."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

PROGRAM = Path("/usr/bin/metamath")
_VERSION = re.compile(rb"Metamath - Version (\S{1,32}) ")
SECONDS_MAX = 10


def facts(program: Path = PROGRAM) -> dict[str, Any]:
    """Return what an environment says of the checker that it holds; nothing where the program is not there.

    Its digest stands where checkers of Lean name their commit.
    """
    try:
        data = program.read_bytes()
        said = subprocess.run(
            [program], input=b"exit\n", capture_output=True, check=False, timeout=SECONDS_MAX, env={}, cwd="/"
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    version = _VERSION.search(said)
    if version is None:
        return {}
    named = {"lean_version": version[1].decode("ascii", "replace"), "lean_commit": hashlib.sha256(data).hexdigest()}
    return {"proof": {"backend": "metamath", "assurance": "production", **named}}
