"""What an address that leads nowhere may have been meant to be, by its spelling alone.

Nothing is looked up, so that the answer is the same whether a thing exists, may be known of, or neither.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

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
    "records": "/#records",
    "runs": "/workers",
    "status": "/workers",
    "verdicts": "/",
    "verifications": "/workers",
    "webhooks": "/webhooks",
    "workers": "/workers",
}
CLOSE = 0.75  # of difflib's ratio: one or two letters of a word
LENGTH_MAX = 200  # of an address that is looked at
_ID = re.compile(r"(clm|rec|run|ver|vrd)_[0-9a-z]{1,64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


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
