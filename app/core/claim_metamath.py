"""Reading `[reproduce]` of the kind metamath: a database that states a theorem, and one that proves it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.core.claim_lean4 import read_parts
from app.core.model import Metamath

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.core.claim_reader import Table

LABEL = re.compile(r"[A-Za-z0-9._-]+")


def read_metamath(table: Table, files: Collection[str] | None) -> Metamath | None:
    """Return the proof of a `[reproduce]` table.

    Args:
        table: the table.
        files: every path of the bundle; None for a JSON body, which has none.

    """
    parts = read_parts(table, files, LABEL, 'write its label: theorem = "2p2e4"')
    return None if parts is None else Metamath(**parts)
