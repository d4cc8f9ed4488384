"""What a claim's page shows of a proof: statement and proof as they were sealed, who approved, what the kernel was given."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from app.core.checkers import CHECKERS
from app.core.errors import Fault
from app.core.proof import Unreportable, read_replayed
from app.core.proof_readings import REPLAY
from app.store import ending, pages, planning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlmodel import Session

    from app.store.blobs import Blobs

TEXT_BYTES_MAX = 64 << 10  # of a file; the archive has all of it

#: What no page of a proof can show to be so.
UNREAD = "That the approved statement says what the paper says: people read it, no machine does."
OPEN = {
    "lean4": (
        UNREAD,
        "That the kernel is sound. A checker whose assurance is test is an old build that nobody reviewed.",
        "Theorems of the imported modules: they are taken as they come with the checker.",
    ),
    "metamath": (
        UNREAD,
        "That the axioms of the approved file contradict nothing: whoever approved it approved them.",
        "That both verifiers are sound; they share no code.",
    ),
}


def proof_of(session: Session, blobs: Blobs, verification_id: str, seal: str | None) -> dict[str, Any]:
    """Return what is shown of the proof that a verification is about; `seal` is its seal, where that is known."""
    if seal is None:
        found = ending.find(session, verification_id)
        seal = "" if found is None else found.seal
    sealed = pages.seal(session, seal)
    how, terms = sealed["claim"]["reproduce"], sealed["proof"]
    approved = terms.get("approved_by")
    return {
        "theorem": how["theorem"],
        "imports": how["imports"],
        "challenge": _file(blobs, how["challenge"], sealed["files"]),
        "solution": _file(blobs, how["solution"], sealed["files"]),
        "approval": None if approved is None else {"by": approved, "at": terms["approved_at"]},
        "checker": {name: terms[name] for name in ("backend", "assurance", "lean_version", "lean_commit", "accepts")}
        | {
            "language": CHECKERS[how["kind"]].language,
            "environment": sealed["environment"]["digest"],
            "refused": terms.get("refused"),
        },
        "replay": _replay(session, blobs, verification_id),
        "not_shown": list(OPEN[how["kind"]]),
    }


def _file(blobs: Blobs, path: str, files: Mapping[str, str]) -> dict[str, Any]:
    text, cut = None, False
    try:
        data = blobs.read(files[path])
        text, cut = _plain(data[:TEXT_BYTES_MAX]), len(data) > TEXT_BYTES_MAX
    except Fault:
        pass  # an alarm says so elsewhere; the rest of the page is as true as before
    return {"path": path, "sha256": files[path], "text": text, "cut": cut}


def _plain(data: bytes) -> str:
    """Return a stranger's text in which nothing is hidden or turned: signs that do so are shown as replaced."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join("\ufffd" if sign not in "\n\t" and unicodedata.category(sign)[0] == "C" else sign for sign in text)


def _replay(session: Session, blobs: Blobs, verification_id: str) -> dict[str, Any] | None:
    """Return what the first replay reported; None when there was none, or it reported nothing that can be read."""
    runs = [item for item in planning.runs_of(session, verification_id) if item.spec.key == REPLAY.key]
    result = runs[0].outcome.result if runs and runs[0].outcome is not None else None
    if result is None:
        return None
    try:
        found = read_replayed(blobs.read(result).decode("utf-8", "replace"))
    except (Fault, Unreportable):
        return None
    told = (
        "declarations",
        "axioms",
        "axioms_scope",
        "statement",
        "statement_sha256",
        "definitions",
        "rejected",
        "kernels",
    )
    return {name: value for name, value in found.model_dump(mode="json").items() if name in told}
