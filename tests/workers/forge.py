"""A forge on this machine: real repositories of git behind the part of a forge's HTTP interface that is used.

What GitHub is asked is held against its own description (`vendor/github-api.json`): an operation that it does not have, a
body that does not fit, or a token that is missing is answered as GitHub would, and noted as wrong. So is what Forgejo is
asked, against the description of Gitea, whose interface it has (`vendor/gitea-api.json`), and the answers given in its name
are held against it too. For GitLab there is none that could be vendored here; what it is asked is held against what its
documentation says.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

import jsonschema
import jwt

from app.core.hooks import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

VENDOR = Path(__file__).parent / "vendor"
API = json.loads((VENDOR / "github-api.json").read_text(encoding="utf-8"))
GITEA = json.loads((VENDOR / "gitea-api.json").read_text(encoding="utf-8"))
NAME, NUMBER = "octo/claims", 4711
TOKEN, APP_TOKEN = "forge-token-1", "installation-token-1"
FORGEJO_ANSWERS = {
    operation["operationId"]: operation["responses"]
    for methods in GITEA["paths"].values()
    for operation in methods.values()
    if "responses" in operation
}
STATES = {
    Kind.GITLAB: {"pending", "running", "success", "failed", "canceled", "skipped"},
    Kind.FORGEJO: {"pending", "success", "error", "failure", "warning"},
}


class Repository:
    """A repository of git in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> bytes:
        """Run git; returns what it printed."""
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, check=True)
        return done.stdout

    def commit(self, files: Mapping[str, bytes | None]) -> str:
        """Write files, or remove those of None, and commit; returns the commit."""
        for name, data in files.items():
            path = self.folder / name
            if data is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD").decode().strip()

    def changed(self, base: str, head: str) -> list[str]:
        """Return the paths that differ."""
        return self.git("diff", "--name-only", f"{base}...{head}").decode().split()

    def archive(self, sha: str) -> bytes:
        """Return all files at a commit as forges pack them."""
        return self.git("archive", "--format=tar.gz", f"--prefix=octo-claims-{sha[:7]}/", sha)


@dataclass
class Forge:
    """The server; a context manager."""

    kind: Kind
    repository: Repository
    app_key: str | None = None  # public key of the App, as PEM
    statuses: list[dict[str, Any]] = field(default_factory=list)  # newest last, each with its `sha`
    checks: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    broken: int = 0  # so many requests are answered 502
    port: int = 0

    def __enter__(self) -> Self:
        forge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                document = json.loads(self.rfile.read(size)) if size else None
                names = {name.lower(): value for name, value in self.headers.items()}
                forge.asked.append(f"{self.command} {self.path}")
                status, body, headers = forge.answer(self.command, self.path, names, document)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PATCH = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def named(self) -> str:
        """What an operator writes to open it."""
        return f"127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        """The base address of its interface."""
        return f"http://{self.named}" + {Kind.GITHUB: "", Kind.GITLAB: "/api/v4", Kind.FORGEJO: "/api/v1"}[self.kind]

    def told(self, sha: str) -> dict[str, str]:
        """Return the newest state of every name that a commit was told of."""
        return {item["context"]: item["state"] for item in self.statuses if item["sha"] == sha}

    def said(self, sha: str, context: str) -> str:
        """Return the newest description."""
        return next(
            item["description"] for item in reversed(self.statuses) if item["sha"] == sha and item["context"] == context
        )

    # --- answers

    def answer(self, method: str, path: str, headers: dict[str, str], document: Any) -> tuple[int, Any, dict[str, str]]:
        """Return status, body and headers."""
        if self.broken:
            self.broken -= 1
            shown = headers.get("authorization") or headers.get("private-token", "")
            return 502, {"message": "bad gateway", "shown": shown}, {}  # as careless proxies do
        if path.startswith("/codeload/"):
            if "authorization" in headers:
                return self._wrong(400, "the other host was shown the token")
            return 200, self.repository.archive(path.rsplit("/", 1)[1]), {"content-type": "application/x-gzip"}
        base = urlsplit(self.base).path
        parts = urlsplit(path.removeprefix(base))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        found = {
            Kind.GITHUB: self._github,
            Kind.GITLAB: self._gitlab,
            Kind.FORGEJO: self._forgejo,
        }[self.kind](method, parts.path, query, headers, document)
        return found if len(found) == 3 else (*found, {})

    def _wrong(self, status: int, why: str) -> tuple[int, Any, dict[str, str]]:
        self.wrong.append(why)
        return status, {"message": why}, {}

    def _github(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], document: Any) -> Any:
        operation, inside = self._described(API, method, path, query, document)
        if operation is None:
            return self._wrong(422, inside)
        if headers.get("x-github-api-version") != "2022-11-28" or "user-agent" not in headers:
            return self._wrong(400, "a header is missing")
        if operation == "apps/create-installation-access-token":
            return self._app_token(headers)
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        if shown not in {TOKEN, APP_TOKEN} or (operation.startswith("checks/") and shown != APP_TOKEN):
            return self._wrong(403, f"{operation} is not for this token")
        if f"{inside.get('owner')}/{inside.get('repo')}" != NAME:
            return 404, {"message": "Not Found"}
        return self._github_done(operation, inside, document)

    def _github_done(self, operation: str, inside: dict[str, str], document: Any) -> Any:
        if operation == "repos/download-tarball-archive":
            if not self._has(inside["ref"]):
                return 404, {"message": "Not Found"}
            # another name for the same machine: what is asked there must not see the token
            return 302, b"", {"location": f"http://localhost:{self.port}/codeload/{inside['ref']}"}
        if operation == "repos/create-commit-status":
            return self._status(inside["sha"], document, document["context"])
        if operation == "repos/compare-commits-with-basehead":
            base, _, head = inside["basehead"].partition("...")
            return 200, {"files": [{"filename": path} for path in self.repository.changed(base, head)]}
        if operation == "pulls/list-files":
            return 200, [
                {"filename": path} for path in self.repository.changed("main", f"pull-{inside['pull_number']}")
            ]
        if operation == "repos/get-commit":
            tag = inside["ref"].removeprefix("tags/")
            return 200, {"sha": self.repository.git("rev-parse", f"{tag}^{{commit}}").decode().strip()}
        number = int(inside.get("check_run_id", len(self.checks) + 1))
        self.checks[number] = {**self.checks.get(number, {}), **document}
        return 201, {"id": number}

    def _app_token(self, headers: dict[str, str]) -> Any:
        proof = headers.get("authorization", "").removeprefix("Bearer ")
        try:
            told = jwt.decode(proof, self.app_key or "", algorithms=["RS256"], issuer="77")
        except jwt.PyJWTError as error:
            return self._wrong(401, f"the App's proof is none: {error}")
        if told["exp"] - told["iat"] > 600:
            return self._wrong(401, "the App's proof is good for too long")
        return 201, {"token": APP_TOKEN, "expires_at": "2100-01-01T00:00:00Z"}

    def _described(
        self, api: Any, method: str, path: str, query: dict[str, str], document: Any
    ) -> tuple[str | None, Any]:
        """Return the operation that a forge's description has there and what its path holds; or None and what is wrong."""
        for template, methods in api["paths"].items():
            operation = methods.get(method.lower())
            slots = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
            if template.endswith(("/{ref}", "/{basehead}")):
                slots = slots.removesuffix("[^/]+)") + ".+)"
            match = re.fullmatch(slots, path)
            if operation is None or match is None:
                continue
            known = {self._resolved(api, item)["name"] for item in operation["parameters"]}
            if not set(query) <= known:
                return None, f"{operation['operationId']} has no {sorted(set(query) - known)}"
            error = self._misfit(api, operation, document)
            return (None, error) if error else (operation["operationId"], match.groupdict())
        return None, f"there is no {method} {path}"

    @staticmethod
    def _resolved(api: Any, item: Any) -> Any:
        at: Any = api
        for key in item.get("$ref", "#").split("/")[1:]:
            at = at[key]
        return at if "$ref" in item else item

    @classmethod
    def _misfit(cls, api: Any, operation: Any, document: Any) -> str:
        if "requestBody" not in operation:
            return "" if document is None else "a body where there is none"
        if document is None:
            return "a body is missing" if operation["requestBody"].get("required") else ""
        schema = cls._resolved(api, operation["requestBody"]["content"]["application/json"]["schema"])
        try:
            jsonschema.validate(document, {**_nullable(schema), "components": _nullable(api["components"])})
        except jsonschema.ValidationError as error:
            return f"{operation['operationId']}: {error.message}"
        unknown = set(document) - set(schema["properties"])
        return f"{operation['operationId']}: {sorted(unknown)} is unknown" if unknown else ""

    def _status(self, sha: str, document: Any, context: str) -> Any:
        if not self._has(sha):
            return 422, {"message": f"No commit found for SHA: {sha}"}
        if len(document["description"]) > 140 or not document["target_url"].startswith("http"):
            return self._wrong(422, "the description is too long, or the target is no address")
        self.statuses.append({**document, "sha": sha, "context": context})
        return 201, {"id": len(self.statuses)}

    def _gitlab(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], document: Any) -> Any:
        if headers.get("private-token") != TOKEN:
            return self._wrong(401, "401 Unauthorized")
        match = re.fullmatch(rf"/projects/{NUMBER}/(.+)", path)
        rest = match[1] if match else ""
        if (method, rest) == ("GET", "repository/archive.tar.gz"):
            return 200, self.repository.archive(query["sha"])
        if (method, rest) == ("GET", "repository/compare"):
            paths = self.repository.changed(query["from"], query["to"])
            return 200, {"diffs": [{"new_path": item, "old_path": item} for item in paths], "compare_timeout": False}
        if method == "GET" and (found := re.fullmatch(r"merge_requests/(\d+)/diffs", rest)):
            paths = self.repository.changed("main", f"pull-{found[1]}") if query["page"] == "1" else []
            return 200, [{"new_path": item, "old_path": item} for item in paths]
        if method == "POST" and (found := re.fullmatch(r"statuses/([0-9a-f]{40})", rest)):
            if document["state"] not in STATES[Kind.GITLAB]:
                return self._wrong(400, f"state {document['state']} does not have a valid value")
            if self.told(found[1]).get(document["name"]) == document["state"] == "pending":
                return 400, {"message": "Cannot transition status via :enqueue from :pending"}
            return self._status(found[1], document, document["name"])
        return self._wrong(404, f"there is no {method} {path}")

    def _forgejo(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], document: Any) -> Any:
        if headers.get("authorization") != f"token {TOKEN}":
            return self._wrong(401, "token is required")
        operation, inside = self._described(GITEA, method, path, query, document)
        if operation is None:
            return self._wrong(404, inside)
        found = self._forgejo_done(method, path, query, document)
        if operation in FORGEJO_ANSWERS and found[0] == 200:
            schema = FORGEJO_ANSWERS[operation]["200"]["content"]["application/json"]["schema"]
            jsonschema.validate(found[1], {**schema, "components": GITEA["components"]})
        return found

    def _forgejo_done(self, method: str, path: str, query: dict[str, str], document: Any) -> Any:
        rest = path.removeprefix(f"/repos/{NAME}/")
        if method == "GET" and (found := re.fullmatch(r"archive/([0-9a-f]{40})\.tar\.gz", rest)):
            return 200, self.repository.archive(found[1])
        if method == "GET" and (found := re.fullmatch(r"compare/(\w+)\.\.\.(\w+)", rest)):
            paths = self.repository.changed(found[1], found[2])
            return 200, {"total_commits": 1, "commits": [{"files": [{"filename": item} for item in paths]}]}
        if method == "GET" and (found := re.fullmatch(r"pulls/(\d+)/files", rest)):
            paths = self.repository.changed("main", f"pull-{found[1]}") if query["page"] == "1" else []
            return 200, [{"filename": item} for item in paths]
        if method == "GET" and (found := re.fullmatch(r"tags/(.+)", rest)):
            return 200, {"commit": {"sha": self.repository.git("rev-parse", f"{found[1]}^{{commit}}").decode().strip()}}
        if method == "POST" and (found := re.fullmatch(r"statuses/([0-9a-f]{40})", rest)):
            if document["state"] not in STATES[Kind.FORGEJO]:
                return self._wrong(422, "an unknown state")
            return self._status(found[1], document, document["context"])
        return self._wrong(404, f"there is no {method} {path}")

    def _has(self, sha: str) -> bool:
        try:
            self.repository.git("cat-file", "-e", f"{sha}^{{commit}}")
        except subprocess.CalledProcessError:
            return False
        return True


def _nullable(schema: Any) -> Any:
    """Return an OpenAPI 3.0 schema as a JSON schema: `nullable` is a further type there."""
    if isinstance(schema, list):
        return [_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _nullable(item) for name, item in schema.items()}
    if made.pop("nullable", False) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made
