"""The body of a submission: a bundle archive, or as JSON a formula claim or the digests of a bundle's files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app import actions
from app.api.idempotency import digest_of
from app.api.parts import JSON_BYTES_MAX
from app.api.problems import ApiError
from app.core.caller import Scope
from app.core.errors import Problem, Refusal
from app.intake import escaped
from app.store.visible import visible_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.actions import Parts
    from app.actions.parts import Also
    from app.core.caller import Caller
    from app.store.intake import Submitted

UNREADABLE = "the multipart body cannot be read as file parts `bundle`, or has too many parts"

DIGEST = r"sha256:[0-9a-f]{64}"
FILES_SHAPE = 'send {"files": {"claim.toml": "sha256:…", …}}, every file of the bundle with its digest in small letters'
#: A JSON body: one key more than `claim.toml` has tells the two apart.
DOCUMENT: dict[str, Any] = {
    "type": "object",
    "description": "a formula claim with the keys of claim.toml; or `files` alone, all files of a bundle by their digests",
    "properties": {
        "files": {
            "type": "object",
            "description": "path in the bundle -> digest of a file that was sent with `PUT /v1/blobs/{digest}`",
            "additionalProperties": {"type": "string", "pattern": f"^{DIGEST}$"},
        }
    },
}

#: How the body is described; FastAPI cannot derive it, because one of the two is streamed.
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["bundle"],
                "additionalProperties": False,
                "properties": {
                    "bundle": {"type": "string", "format": "binary", "description": "a .tar.gz, .tar or .zip"}
                },
            }
        },
        "application/json": {
            "schema": DOCUMENT,
            "examples": {
                "files": {
                    "summary": "a bundle whose files were sent before",
                    "value": {
                        "files": {
                            "claim.toml": f"sha256:{'1f' * 32}",
                            "reproduce.py": f"sha256:{'2e' * 32}",
                            "data/scores.csv": f"sha256:{'3d' * 32}",
                        }
                    },
                },
                "formula": {
                    "summary": "a difference of two printed cells",
                    "value": {
                        "schema": "assay-claim-v1",
                        "claim": {"id": "tydiqa-gain", "statement": "RemBERT is 8.7 F1 above FILTER on TyDiQA"},
                        "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
                        "reproduce": {
                            "kind": "formula",
                            "formula": "rembert - filter",
                            "values": {
                                "rembert": {"value": "77.0", "source": "RemBERT, Table 16"},
                                "filter": {"value": "68.3", "source": "FILTER, Table 16"},
                            },
                        },
                    },
                },
                "record": {
                    "summary": "a mean of printed cells, attached to a record of the publisher",
                    "value": {
                        "schema": "assay-claim-v1",
                        "record": {"id": "xtreme-survey", "title": "A survey of multilingual benchmarks"},
                        "claim": {"id": "mean-f1", "statement": "The three models score 72.5 F1 on average"},
                        "expect": [{"metric": "mean", "value": "72.5", "rule": "absolute", "tolerance": "0.1"}],
                        "reproduce": {
                            "kind": "formula",
                            "formula": "mean(a, b, c)",
                            "values": {
                                "a": {"value": "71.4", "source": "Table 3, model A"},
                                "b": {"value": "72.6", "source": "Table 3, model B"},
                                "c": {"value": "73.5", "source": "Table 3, model C"},
                            },
                        },
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Body:
    """A submission's body: an archive, or a JSON document."""

    archive: BinaryIO | None
    document: Any

    def told_apart(self) -> tuple[bytes, bytes]:
        """Return what tells it from other bodies."""
        if self.archive is not None:
            return b"archive", digest_of(self.archive)
        return b"document", json.dumps(self.document, sort_keys=True).encode()

    def submit(self, parts: Parts, caller: Caller, also: Also, *, force: bool) -> Submitted:
        """Take it in for whoever sends it.

        Raises:
            BudgetUsed, Fault, Refusal: as the action.

        """
        publisher, account = str(caller.publisher), caller.account  # whoever may write has a publisher
        if self.archive is not None:
            return actions.submit_archive(parts, self.archive, publisher, force=force, also=also, account=account)
        if isinstance(self.document, dict) and "files" in self.document:
            named, seen = _named(self.document), visible_to(caller, Scope.EVIDENCE_READ)
            return actions.submit_files(parts, named, publisher, seen, force=force, also=also, account=account)
        return actions.submit_formula(parts, self.document, publisher, force=force, also=also, account=account)


def _named(document: dict[str, Any]) -> dict[str, str]:
    """Return the files that a document names, path -> digest.

    Raises:
        Refusal: it is not of that shape.

    """
    files = document["files"]
    if not isinstance(files, dict):
        raise Refusal.of(_unfit("/files", "wrong-type", "`files` is no object"))
    wrong = [
        _unfit(f"/{escaped(key)}", "unknown-key", "beside `files` nothing is read")
        for key in document.keys() - {"files"}
    ]
    wrong += [
        _unfit(f"/files/{escaped(name)}", "no-digest", "this is no digest")
        for name, digest in files.items()
        if not isinstance(digest, str) or re.fullmatch(DIGEST, digest) is None
    ]
    if wrong:
        raise Refusal.of(*sorted(wrong, key=lambda item: item.pointer))
    return files


def _unfit(pointer: str, code: str, detail: str) -> Problem:
    return Problem(None, None, pointer, code, detail, FILES_SHAPE)


async def read_body(request: Request) -> AsyncIterator[Body]:
    """Read a submission by its media type; the archive stays in the spooled upload."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        yield Body(None, parse_json(await read_json(request)))
        return
    if kind != "multipart/form-data":
        detail = "send multipart/form-data with a file part `bundle`, or a JSON document as application/json"
        raise ApiError("unsupported-media-type", detail)
    form = await read_form(request)
    try:
        part = form.get("bundle")
        if not isinstance(part, UploadFile):
            raise ApiError("missing-bundle", "the multipart body has no file part named `bundle`")
        if len(form.multi_items()) > 1:
            raise ApiError("bad-multipart", "the multipart body has further parts beside the file `bundle`")
        yield Body(part.file, None)
    finally:
        await form.close()


async def read_form(request: Request, files: int = 1) -> FormData:
    """Return a form of at most so many files and no more fields than one."""
    try:
        return await request.form(max_files=files, max_fields=1)
    except HTTPException as error:
        if error.status_code == 413:
            raise
        raise ApiError(
            "bad-multipart", "the multipart body cannot be read as file parts `bundle`, or has too many of them"
        ) from error
    except (ValueError, LookupError) as error:  # an encoding of names that does not exist, or does not fit
        raise ApiError(
            "bad-multipart", "the multipart body cannot be read as file parts `bundle`, or has too many of them"
        ) from error
    except ClientDisconnect as error:
        raise ApiError("bad-request", "the body ended early") from error


async def read_json(request: Request) -> bytes:
    """Return the body, without taking in more of it than a claim may have."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > JSON_BYTES_MAX:
                raise ApiError("content-too-large", f"a JSON claim has at most {JSON_BYTES_MAX} bytes")
    except ClientDisconnect as error:
        raise ApiError("bad-request", "the body ended early") from error
    return bytes(data)


def parse_json(data: bytes) -> Any:
    """Return a JSON document whose every text is a text.

    Raises:
        ApiError: it is not UTF-8, not JSON, names a key twice, or escapes half a surrogate pair.

    """
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise ApiError("not-utf8", "the body is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        detail = f"the body is not JSON: it ends being JSON at line {error.lineno}, column {error.colno}"
        raise ApiError("not-json", detail) from error
    except (ValueError, RecursionError) as error:
        raise ApiError(
            "not-json", "the body names a key twice, is nested too deeply, or holds NaN or an infinity"
        ) from error
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("duplicate key")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
