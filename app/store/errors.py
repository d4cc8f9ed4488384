"""What can go wrong with the store. All of it is ours, none of it says anything about a claim."""

from __future__ import annotations

from app.core.errors import Fault


class StoreUnavailable(Fault):
    """The database cannot be reached; try again."""

    def __init__(self, detail: str) -> None:
        super().__init__("store-unavailable", detail, "check that the database runs, then try again")


class StoreBroken(Fault):
    """The database is not what the program expects: another version, or triggers are missing."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__("store-broken", detail, remedy)


class StaleFence(Fault):
    """A lease was lost to somebody else, whose outcome counts."""

    def __init__(self, run_id: str) -> None:
        super().__init__("stale-fence", f"the lease of run {run_id} was lost", reason_code="WORKER_LOST")


class EvidenceBroken(Fault):
    """Stored evidence contradicts its signature or the rows of its verdict."""

    def __init__(self, verdict_id: str, detail: str) -> None:
        said = f"the evidence of verdict {verdict_id} does not hold: {detail}"
        super().__init__("evidence-broken", said, "restore evidence and rows from a backup")


class BlobMissing(Fault):
    """A stored file is gone."""

    def __init__(self, digest: str) -> None:
        super().__init__("blob-missing", f"the stored file {digest} is missing", "restore it from a backup")


class BlobTampered(Fault):
    """A stored file no longer has the bytes that its name promises."""

    def __init__(self, digest: str) -> None:
        super().__init__("blob-tampered", f"the stored file {digest} has other bytes", "restore it from a backup")
