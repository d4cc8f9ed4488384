"""Reading `assets` of a script: names in the box, and the digests of what the operator keeps there for everybody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.core.claim_formula import NAME
from app.core.claim_reader import near
from app.core.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.claim_reader import Table

ASSETS_MAX = 16
LISTED_MAX = 10  # assets that a remedy names
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def read_assets(reproduce: Table, known: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return name in the box -> digest; None when the script asks for no asset.

    Args:
        reproduce: the table `[reproduce]`.
        known: digest -> what the operator calls it; None accepts every digest, where nothing is executed.

    """
    table = reproduce.table("assets")
    if table is None:
        return None
    if len(table.data) > ASSETS_MAX:
        remedy = "put what belongs together into one asset"
        reproduce.report("assets", "too-many", f"at most {ASSETS_MAX} assets", remedy)
        return None
    found: dict[str, str] = {}
    for name in table.data:
        if NAME.fullmatch(name) is None:
            detail = f"{name[:64]!r} cannot name an asset: it is a folder in the box"
            table.report(name, "bad-name", detail, "use letters, digits and _")
            continue
        digest = table.text(name, longest=200)
        if digest is None:
            continue
        if DIGEST.fullmatch(digest) is None:
            detail = f"{digest[:80]!r} is no digest of an asset"
            table.report(
                name, "bad-digest", detail, _named(digest, known) or "write it as `assay asset list` prints it"
            )
        elif known is not None and digest not in known:
            table.report(name, "unknown-asset", f"there is no asset {digest} here", _known(known))
        found[name] = digest
    return found or None


def _named(text: str, known: Mapping[str, str] | None) -> str | None:
    """Return the digest of an asset whose name was written in the place of it."""
    by_name = {name: digest for digest, name in (known or {}).items()}
    if text in by_name:
        return f'a claim names the digest: write "{by_name[text]}"'
    return near(text, by_name)


def _known(known: Mapping[str, str]) -> str:
    named = [f"{name} {digest}" for digest, name in sorted(known.items(), key=lambda item: item[::-1])]
    shown = listed(named, LISTED_MAX)
    return f"the operator adds one with `assay asset add`; known: {shown or 'none'}"
