"""Bundles on their way to a service: small ones together, large ones file by file; and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.errors import Refusal
from cli.errors import ServiceError
from cli.exits import Exit, of_http, of_status
from cli.progress import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assay_client import Client

MB = 1_000_000
#: Above it a bundle goes file by file: below, the archive is sent sooner than the service has said what it lacks.
LARGE_BYTES = 1 << 20
TOGETHER_BYTES = 32 << 20  # packed, in one request; a service takes twice as much


@dataclass
class Sent:
    """One bundle and what became of it at the service."""

    bundle: Path
    document: Mapping[str, Any] | None  # the verification
    refusal: ServiceError | Refusal | None = None

    @property
    def exit(self) -> Exit:
        """The code of this bundle, once it was waited for."""
        if self.document is None:
            return Exit.REFUSED
        verdict = self.document["verdict"]
        return of_status(verdict["status"] if verdict else None)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is printed where there are several."""
        if self.document is None:
            refused = {"state": "refused", "claim_name": None, "problems": problems(self.refusal)}
            return {"bundle": str(self.bundle), **refused}
        return {"bundle": str(self.bundle), **named(self.document)}


def send_all(client: Client, bundles: Sequence[Path], *, force: bool, key: str | None) -> list[Sent]:
    """Submit bundles; what the service, or nobody, would take is kept with its reason.

    A key belongs to one body, so that under one the archive is sent.

    Raises:
        ServiceError: the service refuses for another reason than the bundle.

    """
    sent: dict[Path, Sent] = {}
    waiting: dict[Path, bytes] = {}
    steps = Steps(f"{len(bundles)} bundles")
    for bundle in bundles:
        try:
            data, files = _read(bundle)
            if key is not None:
                sent[bundle] = Sent(bundle, client.submit(data or _packed(files), force=force, key=key))
            elif files:
                sent[bundle] = Sent(bundle, _file_by_file(client, bundle, files, force=force))
            else:
                waiting[bundle] = data
        except (Refusal, ServiceError) as refusal:
            sent[bundle] = _refused(bundle, refusal)
        if _enough(waiting):
            sent |= _together(client, waiting, force=force)
            waiting = {}
            steps(f"{len(sent)} sent", len(sent) / len(bundles))
    sent |= _together(client, waiting, force=force)
    steps.end()
    return [sent[bundle] for bundle in bundles]


def _read(bundle: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return a bundle as an archive when it is small, else its files.

    Raises:
        Refusal: it holds what no bundle may hold.

    """
    from cli.bundles import read_bundle

    if not bundle.is_dir():
        data = bundle.read_bytes()
        return (data, {}) if len(data) <= LARGE_BYTES else (b"", read_bundle(bundle))
    files = read_bundle(bundle)
    if sum(map(len, files.values())) <= LARGE_BYTES:
        return _packed(files), {}
    return b"", files


def _packed(files: Mapping[str, bytes]) -> bytes:
    from assay_client.sending import packed

    return packed(files)


def _file_by_file(client: Client, bundle: Path, files: Mapping[str, bytes], *, force: bool) -> Mapping[str, Any]:
    steps = Steps(bundle.resolve().name)

    def told(size: int, number: int) -> None:
        what = f"{number} of {len(files)} files" if number else f"the archive of {len(files)} files"
        steps(f"sending {what}, {size / MB:.1f} MB")

    try:
        return client.submit_files(files, force=force, told=told)
    finally:
        steps.end()


def _enough(waiting: Mapping[Path, bytes]) -> bool:
    from assay_client.sending import BATCH_MAX

    return len(waiting) == BATCH_MAX or sum(map(len, waiting.values())) > TOGETHER_BYTES


def _together(client: Client, waiting: Mapping[Path, bytes], *, force: bool) -> dict[Path, Sent]:
    if not waiting:
        return {}
    answers = client.submit_batch(list(waiting.values()), force=force)
    return {
        bundle: _refused(bundle, answer) if isinstance(answer, ServiceError) else Sent(bundle, answer)
        for bundle, answer in zip(waiting, answers, strict=True)
    }


def _refused(bundle: Path, refusal: Refusal | ServiceError) -> Sent:
    """Return a bundle that is refused; raises what is no refusal of the bundle."""
    if isinstance(refusal, ServiceError) and of_http(refusal.status) is not Exit.REFUSED:
        raise refusal
    return Sent(bundle, None, refusal)


def named(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a verification with its claim's name in one word, as every JSON output of the command has it."""
    return {**document, "claim_name": document["claim"]["name"]}


def problems(refusal: ServiceError | Refusal | None) -> list[dict[str, Any]]:
    """Return what is wrong with a bundle, as `assay verify --json` says it."""
    from cli.bundles import problems_of

    if refusal is None:
        return []
    if isinstance(refusal, Refusal):
        return problems_of(refusal)
    return list(_told(refusal))


def _told(refusal: ServiceError) -> Iterator[dict[str, Any]]:
    told = refusal.problem.get("errors")
    items = [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []
    if not items:
        items = [{"detail": str(refusal), "code": str(refusal.problem.get("type", "refused")).rpartition("/")[2]}]
    for item in items:
        yield {
            "file": item["in"] if item.get("line") else None,
            "line": item.get("line"),
            "pointer": item.get("pointer", ""),
            "code": str(item.get("code", "refused")),
            "detail": str(item.get("detail", "")),
            "remedy": str(item.get("remedy") or ""),
        }
