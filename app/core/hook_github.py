"""Payloads of GitHub, and of Forgejo and Gitea, whose are alike.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.hook_change import (
    CONTEXT,
    TAG,
    Change,
    Look,
    Nothing,
    Topic,
    Unusable,
    at,
    named,
    paths,
    sha_of,
    shown,
    since,
    text_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable

COMMITS_MAX = 2048  # that GitHub lists of a push; Forgejo lists fewer, and says how many there are


def _push(document: dict[str, Any]) -> Change | Nothing:
    name, number = _repository(document)
    after = text_at(document, "after")
    if document.get("deleted") or not after.strip("0"):
        return Nothing("a branch or tag was deleted")
    sha = sha_of(after, name, number)
    commits = document.get("commits")
    if not isinstance(commits, list):
        raise Unusable("`commits` is missing", name, number, sha)
    total = document.get("total_commits")
    whole = len(commits) < COMMITS_MAX and not (isinstance(total, int) and total > len(commits))
    if whole and not document.get("forced"):
        return Change(name, number, sha, Look.PATHS, paths=paths(commits))
    return since(Change(name, number, sha, Look.COMPARE, base=str(document.get("before", ""))))


def _pull(document: dict[str, Any]) -> Change | Nothing:
    action = document.get("action")
    if action not in ("opened", "reopened", "synchronize", "synchronized"):
        return Nothing(f"a pull request was {str(action)[:40]!r}, which changes no claim")
    name, repository_id = _repository(document)
    sha = sha_of(text_at(document, "pull_request", "head", "sha"), name, repository_id)
    number = at(document, "pull_request", "number")
    if not isinstance(number, int):
        raise Unusable("`pull_request.number` is missing", name, repository_id, sha)
    head = at(document, "pull_request", "head", "repo")
    same = isinstance(head, dict) and str(head.get("id")) == repository_id
    fork = "" if same else shown(head.get("full_name") if isinstance(head, dict) else None)
    return Change(name, repository_id, sha, Look.PULL, number=number, fork=fork)


def _release(document: dict[str, Any]) -> Change | Nothing:
    if document.get("action") != "published":
        return Nothing("a release was changed, but not published now")
    name, number = _repository(document)
    tag = text_at(document, "release", "tag_name")
    if not TAG.fullmatch(tag):
        raise Unusable("`release.tag_name` cannot be the name of a tag", name, number)
    return Change(name, number, "", Look.ALL, tag=tag)


def _check(document: dict[str, Any]) -> Change | Nothing:
    if document.get("action") != "rerequested":
        return Nothing("nobody asked for the check again")
    name, number = _repository(document)
    run = document.get("check_run")
    suite = document.get("check_suite") if run is None else run
    if not isinstance(suite, dict):
        raise Unusable("neither `check_run` nor `check_suite` is there", name, number)
    sha = sha_of(str(suite.get("head_sha", "")), name, number)
    if run is None:
        return Change(name, number, sha, Look.REPORTED)
    if not str(run.get("name", "")).startswith(f"{CONTEXT}/"):
        return Nothing("the check run is not one of this service's")
    return Change(name, number, sha, Look.REPORTED, names=(str(run["name"]),))


def _repository(document: dict[str, Any]) -> tuple[str, str]:
    return named(at(document, "repository", "full_name"), at(document, "repository", "id"), "repository")


EVENTS: dict[str, Callable[[dict[str, Any]], Change | Nothing]] = {
    "ping": lambda _: Nothing("the forge asks whether somebody is there"),
    "push": _push,
    "pull_request": _pull,
    "pull_request_sync": _pull,  # Forgejo's name for new commits
    "release": _release,
    "check_run": _check,
    "check_suite": _check,
}
TOPICS = {
    "push": Topic.PUSH,
    "pull_request": Topic.PULL,
    "pull_request_sync": Topic.PULL,
    "release": Topic.RELEASE,
    "check_run": Topic.CHECK,
    "check_suite": Topic.CHECK,
}
_MEMBERS = {
    "pull_request": Topic.PULL,
    "release": Topic.RELEASE,
    "check_run": Topic.CHECK,
    "check_suite": Topic.CHECK,
}


def is_about(topic: Topic, document: dict[str, Any]) -> bool:
    """Whether a payload, which is signed, can be of a topic that its header, which is not, says."""
    found = {about for member, about in _MEMBERS.items() if member in document}
    return topic is Topic.OTHER or found == (set() if topic is Topic.PUSH else {topic})
