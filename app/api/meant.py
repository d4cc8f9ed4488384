"""What an address that leads nowhere may have been meant to be, by its spelling alone.

Nothing is looked up, so that the answer is the same whether a thing exists, may be known of, or neither.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

#: The kind of an id -> the folder of its page; a verdict is shown on its claim's page and has an address of its own.
FOLDERS = {"clm": "claims", "rec": "records", "run": "runs", "ver": "verifications", "vrd": "v1/verdicts"}
#: What people call a page -> its address.
PLACES = {
    "": "/",
    "api": "/docs",
    "claims": "/",
    "compare": "/compare",
    "docs": "/docs",
    "feed": "/",
    "help": "/read",
    "index": "/",
    "login": "/login",
    "queues": "/workers",
    "read": "/read",
    "records": "/records",
    "runs": "/workers",
    "status": "/workers",
    "verdicts": "/",
    "verifications": "/workers",
    "webhooks": "/webhooks",
    "workers": "/workers",
}
#: The kind of an id -> the folder below `/v1` in which programs find it.
LISTS = {"clm": "claims", "rec": "records", "run": "runs", "ver": "verifications", "vrd": "verdicts"}
CLOSE = 0.75  # of difflib's ratio: one or two letters of a word
LENGTH_MAX = 200  # of an address that is looked at
_ID = re.compile(r"(clm|rec|run|ver|vrd)_[0-9a-z]{1,64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def meant_by_programs(path: str, known: Collection[str]) -> str | None:
    """Return the address of the interface that a path which leads nowhere may mean; None where nothing is close.

    Args:
        path: as it was asked for.
        known: every address of the interface that has no parts to be filled in.

    """
    asked = path[:LENGTH_MAX].rstrip("/")
    kind = _ID.fullmatch(asked.rpartition("/")[2].lower())
    if kind is not None:
        goal = f"/v1/{LISTS[kind[1]]}/{kind[0]}"
    else:
        spelled = [asked.lower(), f"/v1{asked.lower()}"]
        near = [found[0] for one in spelled if (found := get_close_matches(one, known, 1, CLOSE))]
        goal = max(near, key=lambda one: max(SequenceMatcher(None, one, item).ratio() for item in spelled), default="")
    return None if goal in {"", path} else goal


def meant(path: str) -> str | None:
    """Return the address that a path which leads nowhere may mean; None where nothing is close.

    An id leads to the page of its kind, whatever stood before it; a word to the page that is spelled nearly so.
    """
    parts = [re.sub(r"\.(html?|json)$", "", part) for part in path[:LENGTH_MAX].lower().split("/") if part]
    if not parts:
        return None
    kind = _ID.fullmatch(parts[-1])
    if kind is not None:
        goal = f"/{FOLDERS[kind[1]]}/{kind[0]}"
    else:
        found = get_close_matches(parts[0], PLACES, 1, CLOSE)
        if not found or (len(parts) > 1 and parts[0] in PLACES):  # its folder is right, and what stands there is not
            return None
        named = found == ["records"] and len(parts) == 2 and _NAME.fullmatch(parts[1])
        goal = f"/records/{parts[1]}" if named else PLACES[found[0]]
    return None if goal == path.removesuffix(".json") else goal
