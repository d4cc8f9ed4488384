"""Environments as they are shipped: built beforehand, because that takes minutes and a package index.

Where one was not built its tests say in one line how to; where nothing may be skipped they fail.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings
from sandbox import SandboxFault, host_python
from sandbox.built import load
from tests.sandbox.conftest import refuse_to_skip

if TYPE_CHECKING:
    from sandbox import Environment


NAMED = os.environ.get("ASSAY_TEST_ENVIRONMENTS")
BASE = Path(NAMED) if NAMED else Settings().environment_folder  # as the operator has set it: a build takes a gigabyte


def missing(name: str) -> str:
    """Return that an environment was not built, and how to build it."""
    how = f"`ASSAY_ENVIRONMENTS=FOLDER ./run assay env build {name}`, then ASSAY_TEST_ENVIRONMENTS=FOLDER"
    return f"the environment {name} is not there ({how})"


def shipped(name: str, cache: Path) -> Environment:
    """Return an environment, from $ASSAY_TEST_ENVIRONMENTS or where this user's own are built."""
    try:
        return load(BASE, name, host_python(), cache)
    except SandboxFault as error:
        refuse_to_skip(f"{missing(name)}: {error}")
        raise
