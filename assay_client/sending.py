"""Submitting several bundles at once, and large ones by the digests of their files; flows as in `flows`.

Of a large bundle a service is first told the digests of its files, and says which of them it lacks. These are sent one by
one when they are fewer bytes than the archive of everything, and not too many; otherwise the archive is. So a bundle that
the service has never seen costs little more than its archive, and a changed script costs no data.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import secrets
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import httpx2

from assay_client.errors import ServiceError
from assay_client.flows import (
    BUSY,
    WITHOUT_VERDICT,
    Flow,
    Request,
    described,
    send,
    submission,
    submitted,
    verification,
)

if TYPE_CHECKING:
    from assay_client.shapes import Verification

BATCH_MAX = 50  # bundles in one request
ONE_BY_ONE_MAX = 50  # files; each is a request, of which a service allows only so many within a minute
SURELY_FEWER = 0.1  # share of the bundle below which nobody packs an archive to see whether it were smaller
TRIES = 3  # a service may forget a file between two of our requests
#: Answers to a single file after which the archive may pass all the same.
NOT_SINGLY = frozenset(
    {
        httpx2.codes.FORBIDDEN,
        httpx2.codes.NOT_FOUND,
        httpx2.codes.METHOD_NOT_ALLOWED,
        httpx2.codes.CONTENT_TOO_LARGE,
        httpx2.codes.TOO_MANY_REQUESTS,
    }
)

#: Told what is about to be sent: bytes, and of how many files; 0: of the archive.
Told: TypeAlias = Callable[[int, int], None]


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as a `.tar.gz` whose bytes depend on names and contents alone."""
    buffer = io.BytesIO()
    # Without a time and a name in its head: the same bundle has the same digest whenever it is packed.
    with (
        gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as archive,
        tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as members,
    ):
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            members.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def files_submission(files: Mapping[str, bytes], *, force: bool, told: Told | None) -> Flow[Verification]:
    """Submit a bundle of which the service has some files already; see the top of this file."""
    named = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in files.items()}
    contents = {digest: files[name] for name, digest in named.items()}
    document = {"files": named}
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    wanted = Request("POST", "/v1/verifications", json=document)
    for _ in range(TRIES):
        try:
            return (yield from submitted(wanted, digest, force=force, key=None))
        except ServiceError as error:
            missing = _missing(error, named)
            if not missing:
                raise
        archive = _cheaper(files, {item: len(contents[item]) for item in missing})
        if archive is None:
            try:
                if told is not None:
                    told(sum(len(contents[item]) for item in missing), len(missing))
                for item in missing:
                    yield from send(Request("PUT", f"/v1/blobs/{item}", content=contents[item]))
                continue
            except ServiceError as error:
                if error.status not in NOT_SINGLY:
                    raise
        break
    archive = archive or packed(files)
    if told is not None:
        told(len(archive), 0)
    return (yield from submission(archive, force=force, key=None))


def _missing(error: ServiceError, named: Mapping[str, str]) -> list[str]:
    """Return the digests of the files that a service lacks, each once; none when it refuses for another reason."""
    items = error.problem.get("errors")
    if not isinstance(items, list) or not items:
        return []
    if any(not isinstance(item, dict) or item.get("code") != "missing-blob" for item in items):
        return []
    names = [str(item.get("pointer")).removeprefix("/files/").replace("~1", "/").replace("~0", "~") for item in items]
    return list(dict.fromkeys(named[name] for name in names if name in named))


def _cheaper(files: Mapping[str, bytes], missing: Mapping[str, int]) -> bytes | None:
    """Return the archive of everything when it is what should be sent; None: the missing files (digest -> bytes) are."""
    alone, all_of_it = sum(missing.values()), sum(map(len, files.values()))
    if len(missing) <= ONE_BY_ONE_MAX and alone <= SURELY_FEWER * all_of_it:
        return None
    archive = packed(files)
    return archive if len(missing) > ONE_BY_ONE_MAX or len(archive) <= alone else None


def batch_submission(bundles: Sequence[bytes], *, force: bool) -> Flow[list[Verification | ServiceError]]:
    """Submit several archives by one request; each is answered as it would be alone, a refused one by its refusal.

    Whatever a batch cannot settle is then submitted by itself: what the service was too busy for, and what an earlier
    batch of the same bundles began that ended without a verdict since.
    """
    if len(bundles) == 1:
        return [(yield from _alone(bundles[0], force=force))]
    key = hashlib.sha256(b"".join(hashlib.sha256(item).digest() for item in bundles)).hexdigest()
    headers = {"Idempotency-Key": secrets.token_hex(16) if force else key}
    wanted = Request(
        "POST", "/v1/verifications/batch", headers, {"force": "true"} if force else {}, bundles=tuple(bundles)
    )
    answer = yield from send(wanted)
    replayed = answer.headers.get("Idempotent-Replayed") == "true"
    found: list[Verification | ServiceError] = []
    for bundle, item in zip(bundles, described(answer, "data")["data"], strict=True):
        found.append((yield from _settled(bundle, item, force=force, replayed=replayed)))
    return found


def _settled(
    bundle: bytes, item: Mapping[str, Any], *, force: bool, replayed: bool
) -> Flow[Verification | ServiceError]:
    known = cast("Verification | None", item["verification"])
    if known is None:
        refusal = ServiceError(item["status"], item["problem"])
        return (yield from _alone(bundle, force=force)) if refusal.status in BUSY else refusal
    if replayed:
        known = yield from verification(known["id"])
        if known["state"] in WITHOUT_VERDICT and not force:
            return (yield from _alone(bundle, force=force))
    return known


def _alone(bundle: bytes, *, force: bool) -> Flow[Verification | ServiceError]:
    try:
        return (yield from submission(bundle, force=force, key=None))
    except ServiceError as error:
        return error
