"""What forges send, in their own shapes and signed in their own ways."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import jsonschema
from standardwebhooks import Webhook

from tests.workers.forge import NAME, NUMBER, VENDOR

PAYLOADS = json.loads((VENDOR / "github-payloads.json").read_text(encoding="utf-8"))
SCHEMA = json.loads((VENDOR / "github-webhooks.json").read_text(encoding="utf-8"))
ZERO = "0" * 40


def fits(payload: Any, definition: str) -> None:
    """Hold a payload against GitHub's own schema of its event."""
    jsonschema.validate(payload, {**SCHEMA, "$ref": f"#/definitions/{definition}"})


def push(before: str, after: str, commits: list[dict[str, list[str]]], **changes: Any) -> dict[str, Any]:
    """Return GitHub's payload of a push: one of its own, about other commits."""
    made = copy.deepcopy(next(item for item in PAYLOADS["push"] if item["commits"]))
    template = made["commits"][0]
    made |= {"before": before, "after": after, "created": before == ZERO, "deleted": after == ZERO, **changes}
    made["commits"] = [{**template, "added": [], "modified": [], "removed": [], **item} for item in commits]
    made["repository"] |= {"id": NUMBER, "full_name": NAME}
    fits(made, "push$event")
    return made


def pull_request(head: str, number: int, *, fork: str | None = None, action: str = "synchronize") -> dict[str, Any]:
    """Return GitHub's payload of a pull request, from the same repository or a fork."""
    made = copy.deepcopy(next(item for item in PAYLOADS["pull_request"] if item["action"] == action))
    made["number"] = made["pull_request"]["number"] = number
    made["repository"] |= {"id": NUMBER, "full_name": NAME}
    made["pull_request"]["head"]["sha"] = head
    made["pull_request"]["head"]["repo"] |= {"id": NUMBER, "full_name": NAME}
    if fork is not None:
        made["pull_request"]["head"]["repo"] |= {"id": 99, "full_name": fork}
    fits(made, f"pull_request${action}")
    return made


def release(tag: str) -> dict[str, Any]:
    """Return GitHub's payload of a published release."""
    made = copy.deepcopy(PAYLOADS["release"][0])
    made["release"]["tag_name"] = tag
    made["repository"] |= {"id": NUMBER, "full_name": NAME}
    fits(made, "release$published")
    return made


def check_run(sha: str, name: str) -> dict[str, Any]:
    """Return GitHub's payload of a check run that is asked for again."""
    made = copy.deepcopy(PAYLOADS["check_run"][0])
    made["check_run"] |= {"head_sha": sha, "name": name}
    made["repository"] |= {"id": NUMBER, "full_name": NAME}
    fits(made, "check_run$rerequested")
    return made


def check_suite(sha: str) -> dict[str, Any]:
    """Return GitHub's payload of all checks of a commit that are asked for again."""
    made = copy.deepcopy(PAYLOADS["check_suite"][0])
    made["check_suite"]["head_sha"] = sha
    made["repository"] |= {"id": NUMBER, "full_name": NAME}
    fits(made, "check_suite$rerequested")
    return made


def by_github(secret: str, event: str, payload: Any, delivery: str | None = None) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a delivery by GitHub."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/044aadd",
        "x-github-event": event,
        "x-github-delivery": delivery or str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={signature}",
    }, body


def by_forgejo(secret: str, event: str, payload: Any) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a delivery by Forgejo."""
    body = json.dumps(payload, indent=2).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-forgejo-event": event,
        "x-forgejo-event-type": event,
        "x-forgejo-delivery": str(uuid.uuid4()),
        "x-forgejo-signature": signature,
    }, body


def by_gitlab(secret: str, event: str, payload: Any, *, signed: bool = False) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a delivery by GitLab, with its token or with its signing token."""
    body = json.dumps(payload).encode()
    headers = {"content-type": "application/json", "x-gitlab-event": event, "x-gitlab-event-uuid": str(uuid.uuid4())}
    if signed:
        return headers | standard(secret, body), body
    return headers | {"x-gitlab-token": secret}, body


def standard(secret: str, body: bytes, delivery: str | None = None, moment: datetime | None = None) -> dict[str, str]:
    """Return the headers of Standard Webhooks, signed by its own library."""
    delivery, moment = delivery or f"msg_{uuid.uuid4().hex}", moment or datetime.now(UTC)
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery, moment, body.decode()),
    }


def gitlab_push(
    before: str, after: str, commits: list[dict[str, list[str]]], total: int | None = None
) -> dict[str, Any]:
    """Return GitLab's payload of a push, as its documentation shows it."""
    listed = [
        {"id": after, "message": "a change", "added": [], "modified": [], "removed": [], **item} for item in commits
    ]
    return {
        "object_kind": "push",
        "event_name": "push",
        "before": before,
        "after": after,
        "ref": "refs/heads/main",
        "checkout_sha": after,
        "user_id": 4,
        "project_id": NUMBER,
        "project": {"id": NUMBER, "name": "Claims", "path_with_namespace": NAME, "default_branch": "main"},
        "commits": listed,
        "total_commits_count": len(listed) if total is None else total,
    }


def gitlab_merge(head: str, number: int, source: int = NUMBER) -> dict[str, Any]:
    """Return GitLab's payload of new commits in a merge request, as its documentation shows it."""
    return {
        "object_kind": "merge_request",
        "project": {"id": NUMBER, "name": "Claims", "path_with_namespace": NAME},
        "object_attributes": {
            "id": 99,
            "iid": number,
            "action": "update",
            "oldrev": "1" * 40,
            "source_project_id": source,
            "target_project_id": NUMBER,
            "source": {"path_with_namespace": NAME if source == NUMBER else "mallory/claims"},
            "last_commit": {"id": head},
        },
    }


def forgejo_push(
    before: str, after: str, commits: list[dict[str, list[str]]], total: int | None = None
) -> dict[str, Any]:
    """Return Forgejo's payload of a push, as its documentation shows it."""
    listed = [
        {"id": after, "message": "a change", "added": [], "modified": [], "removed": [], **item} for item in commits
    ]
    return {
        "ref": "refs/heads/main",
        "before": before,
        "after": after,
        "compare_url": "https://forge.example/octo/claims/compare",
        "commits": listed,
        "total_commits": len(listed) if total is None else total,
        "repository": {"id": NUMBER, "full_name": NAME, "private": False, "fork": False},
    }
