"""Payloads of GitLab.

https://docs.gitlab.com/user/project/integrations/webhook_events
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.hook_change import (
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

COMMITS_MAX = 20  # that GitLab lists of a push


def _push(document: dict[str, Any]) -> Change | Nothing:
    name, number = _project(document)
    after = text_at(document, "after")
    if not after.strip("0"):
        return Nothing("a branch was deleted")
    sha = sha_of(after, name, number)
    commits, total = document.get("commits"), document.get("total_commits_count")
    if not isinstance(commits, list):
        raise Unusable("`commits` is missing", name, number, sha)
    if isinstance(total, int) and total <= len(commits) < COMMITS_MAX:
        return Change(name, number, sha, Look.PATHS, paths=paths(commits))
    return since(Change(name, number, sha, Look.COMPARE, base=str(document.get("before", ""))))


def _merge(document: dict[str, Any]) -> Change | Nothing:
    told = document.get("object_attributes")
    if not isinstance(told, dict):
        raise Unusable("`object_attributes` is missing")
    action = told.get("action")
    if action not in ("open", "reopen") and not (action == "update" and told.get("oldrev")):
        return Nothing(f"a merge request was {str(action)[:40]!r} without new commits")
    name, project_id = _project(document)
    sha = sha_of(text_at(told, "last_commit", "id"), name, project_id)
    number = told.get("iid")
    if not isinstance(number, int):
        raise Unusable("`object_attributes.iid` is missing", name, project_id, sha)
    same = str(told.get("source_project_id")) == str(told.get("target_project_id")) == project_id
    fork = "" if same else shown(at(told, "source", "path_with_namespace"))
    return Change(name, project_id, sha, Look.PULL, number=number, fork=fork)


def _release(document: dict[str, Any]) -> Change | Nothing:
    if document.get("action") != "create":
        return Nothing("a release was changed, but not published now")
    name, number = _project(document)
    sha = sha_of(text_at(document, "commit", "id"), name, number)
    return Change(name, number, sha, Look.ALL)


def _project(document: dict[str, Any]) -> tuple[str, str]:
    return named(at(document, "project", "path_with_namespace"), at(document, "project", "id"), "project")


EVENTS: dict[str, Callable[[dict[str, Any]], Change | Nothing]] = {
    "Push Hook": _push,
    "Merge Request Hook": _merge,
    "Release Hook": _release,
}
TOPICS = {"Push Hook": Topic.PUSH, "Merge Request Hook": Topic.PULL, "Release Hook": Topic.RELEASE}
_KINDS = {Topic.PUSH: "push", Topic.PULL: "merge_request", Topic.RELEASE: "release"}


def is_about(topic: Topic, document: dict[str, Any]) -> bool:
    """Whether a payload, which may be signed, can be of a topic that its header, which never is, says."""
    return topic is Topic.OTHER or document.get("object_kind", _KINDS[topic]) == _KINDS[topic]
