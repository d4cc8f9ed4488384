"""What payloads come to: for every event a table of what is done, what is not, and what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.hook_change import Change, Look, Nothing, Submitted, Unusable, paths
from app.core.hook_github import COMMITS_MAX
from app.core.hook_payloads import read
from app.core.hooks import Kind

SHA, BASE, ZERO = "a1" * 20, "b2" * 20, "0" * 40
REPOSITORY = {"full_name": "ada/claims", "id": 7}
PROJECT = {"path_with_namespace": "ada/claims", "id": 7}
COMMIT = {"added": ["b"], "modified": ["a", "b"], "removed": ["c"]}
PATHS = ("a", "b", "c")


def a_change(look: Look, **changed: Any) -> Change:
    return Change(**{"repository": "ada/claims", "repository_id": "7", "sha": SHA, "look": look, **changed})


def push(**changed: Any) -> dict[str, Any]:
    return {"repository": REPOSITORY, "before": BASE, "after": SHA, "commits": [COMMIT], **changed}


def pull(head: Any = None, **changed: Any) -> dict[str, Any]:
    told = {"number": 3, "head": {"sha": SHA, "repo": REPOSITORY} if head is None else head}
    return {"repository": REPOSITORY, "action": "opened", "pull_request": told, **changed}


def release(**changed: Any) -> dict[str, Any]:
    return {"repository": REPOSITORY, "action": "published", "release": {"tag_name": "v1"}, **changed}


def check(**changed: Any) -> dict[str, Any]:
    run = {"head_sha": SHA, "name": "assay/first"}
    return {"repository": REPOSITORY, "action": "rerequested", "check_run": run, **changed}


def suite(**changed: Any) -> dict[str, Any]:
    return {"repository": REPOSITORY, "action": "rerequested", "check_suite": {"head_sha": SHA}, **changed}


def push_hook(**changed: Any) -> dict[str, Any]:
    told = {"before": BASE, "after": SHA, "commits": [COMMIT], "total_commits_count": 1}
    return {"project": PROJECT, **told, **changed}


def merge(**changed: Any) -> dict[str, Any]:
    usual = {
        "action": "open",
        "iid": 3,
        "last_commit": {"id": SHA},
        "source_project_id": 7,
        "target_project_id": 7,
    }
    return {"project": PROJECT, "object_attributes": {**usual, **changed}}


def release_hook(**changed: Any) -> dict[str, Any]:
    return {"project": PROJECT, "action": "create", "commit": {"id": SHA}, **changed}


# --- GitHub, Forgejo, Gitea ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, a_change(Look.PATHS, paths=PATHS)),
        ({"after": "a1" * 32}, a_change(Look.PATHS, paths=PATHS, sha="a1" * 32)),  # a repository of SHA-256
        ({"total_commits": 1}, a_change(Look.PATHS, paths=PATHS)),
        ({"commits": [COMMIT] * COMMITS_MAX}, a_change(Look.COMPARE, base=BASE)),
        ({"total_commits": 2}, a_change(Look.COMPARE, base=BASE)),  # Forgejo left one out
        ({"forced": True}, a_change(Look.COMPARE, base=BASE)),
        ({"forced": True, "before": ZERO}, a_change(Look.ALL)),  # a new branch
        ({"forced": True, "before": None}, a_change(Look.ALL)),
    ],
    ids=["usual", "long", "counted", "too-many", "left-out", "forced", "new", "unknown"],
)
def test_a_push_is_about_what_its_commits_name_or_what_changed_since(changed: dict[str, Any], found: Change) -> None:
    assert read(Kind.GITHUB, "push", push(**changed)) == found


@pytest.mark.parametrize("changed", [{"deleted": True}, {"after": ZERO}, {"after": None}], ids=repr)
def test_a_branch_that_is_gone_calls_for_nothing(changed: dict[str, Any]) -> None:
    assert read(Kind.FORGEJO, "push", push(**changed)) == Nothing("a branch or tag was deleted")


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "synchronized"])
def test_a_pull_request_is_about_what_it_changes(action: str) -> None:
    event = "pull_request_sync" if action == "synchronized" else "pull_request"
    assert read(Kind.FORGEJO, event, pull(action=action)) == a_change(Look.PULL, number=3)


@pytest.mark.parametrize(
    ("repo", "fork"),
    [
        ({"full_name": "mallory/claims", "id": 8}, "mallory/claims"),
        ({"full_name": "ada/claims", "id": 8}, "ada/claims"),  # a name alone proves nothing
        ({"full_name": "<b>", "id": 8}, "another repository"),
        ({"full_name": "a/../b", "id": 8}, "another repository"),
        (None, "another repository"),  # it was deleted
    ],
)
def test_a_pull_request_from_elsewhere_is_a_fork_s(repo: Any, fork: str) -> None:
    found = read(Kind.GITHUB, "pull_request", pull(head={"sha": SHA, "repo": repo}))
    assert found == a_change(Look.PULL, number=3, fork=fork)


def test_a_published_release_is_about_every_claim_at_its_tag() -> None:
    assert read(Kind.GITHUB, "release", release()) == a_change(Look.ALL, sha="", tag="v1")


@pytest.mark.parametrize(
    ("kind", "event", "document"),
    [
        (Kind.GITHUB, "push", pull(after=SHA, before=BASE)),  # as GitHub sends of new commits
        (Kind.GITHUB, "pull_request", push()),
        (Kind.GITHUB, "push", release()),
        (Kind.GITHUB, "release", check()),
        (Kind.FORGEJO, "check_suite", push()),
        (Kind.GITLAB, "Push Hook", {**merge(), "object_kind": "merge_request"}),
        (Kind.GITLAB, "Release Hook", push_hook(object_kind="push")),
    ],
)
def test_a_payload_under_another_event_s_name_is_not_used_and_not_told(kind: Kind, event: str, document: Any) -> None:
    with pytest.raises(Unusable, match="is not of the event") as caught:
        read(kind, event, document)
    assert caught.value.sha == ""  # a stranger may have sent it again: no commit is told anything


@pytest.mark.parametrize(
    ("event", "document", "reason"),
    [
        ("ping", {}, "whether somebody is there"),
        ("pull_request", pull(action="closed"), "'closed'"),
        ("release", release(action="edited"), "not published now"),
        ("check_run", check(action="completed"), "nobody asked"),
        ("check_run", check(check_run={"head_sha": SHA, "name": "lint"}), "not one of this service's"),
        ("check_run", check(check_run={"head_sha": SHA}), "not one of this service's"),
        ("star", {}, "'star' is not one"),
    ],
)
def test_what_changes_no_claim_calls_for_nothing_and_says_why(event: str, document: object, reason: str) -> None:
    found = read(Kind.GITHUB, event, document)
    assert isinstance(found, Nothing)
    assert reason in found.reason


def test_what_was_reported_is_asked_for_again_by_its_name_or_all_of_it() -> None:
    assert read(Kind.GITHUB, "check_run", check()) == a_change(Look.REPORTED, names=("assay/first",))
    assert read(Kind.GITHUB, "check_suite", suite()) == a_change(Look.REPORTED)


# --- GitLab ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, a_change(Look.PATHS, paths=PATHS)),
        ({"commits": [COMMIT] * 20, "total_commits_count": 20}, a_change(Look.COMPARE, base=BASE)),
        ({"total_commits_count": 2}, a_change(Look.COMPARE, base=BASE)),
        ({"total_commits_count": None}, a_change(Look.COMPARE, base=BASE)),
        ({"total_commits_count": 2, "before": ZERO}, a_change(Look.ALL)),
        ({"after": ZERO}, Nothing("a branch was deleted")),
    ],
    ids=["usual", "too-many", "left-out", "uncounted", "new", "gone"],
)
def test_gitlab_s_push_is_whole_only_where_the_count_says_so(changed: dict[str, Any], found: Change | Nothing) -> None:
    assert read(Kind.GITLAB, "Push Hook", push_hook(**changed)) == found


@pytest.mark.parametrize(
    ("changed", "fork"),
    [
        ({}, ""),
        ({"action": "reopen"}, ""),
        ({"action": "update", "oldrev": BASE}, ""),
        ({"source_project_id": 8, "source": {"path_with_namespace": "mallory/claims"}}, "mallory/claims"),
        ({"source_project_id": None}, "another repository"),
        ({"source_project_id": 8, "target_project_id": 8}, "another repository"),
    ],
)
def test_a_merge_request_is_a_fork_s_unless_both_sides_are_the_project(changed: dict[str, Any], fork: str) -> None:
    assert read(Kind.GITLAB, "Merge Request Hook", merge(**changed)) == a_change(Look.PULL, number=3, fork=fork)


@pytest.mark.parametrize("changed", [{"action": "update"}, {"action": "update", "oldrev": ""}, {"action": "merge"}])
def test_a_merge_request_without_new_commits_calls_for_nothing(changed: dict[str, Any]) -> None:
    found = read(Kind.GITLAB, "Merge Request Hook", merge(**changed))
    assert found == Nothing(f"a merge request was {changed['action']!r} without new commits")


def test_gitlab_s_release_names_its_commit() -> None:
    assert read(Kind.GITLAB, "Release Hook", release_hook()) == a_change(Look.ALL)
    changed = read(Kind.GITLAB, "Release Hook", release_hook(action="update"))
    assert changed == Nothing("a release was changed, but not published now")


# --- what is missing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "event", "document", "detail", "sha"),
    [
        (Kind.GITHUB, "push", [], "no JSON object", ""),
        (Kind.GITHUB, "push", push(after="main"), "no commit", ""),
        (Kind.GITHUB, "push", push(commits=None), "`commits`", SHA),
        (Kind.GITHUB, "pull_request", pull(head={}), "no commit", ""),
        (Kind.GITHUB, "pull_request", pull(pull_request={"head": {"sha": SHA}}), "`pull_request.number`", SHA),
        (Kind.GITHUB, "release", release(release={"tag_name": "a..b"}), "`release.tag_name`", ""),
        (Kind.GITHUB, "release", release(release=None), "`release.tag_name`", ""),
        (Kind.GITHUB, "check_run", check(check_run=None), "neither `check_run` nor `check_suite`", ""),
        (Kind.GITHUB, "check_suite", suite(check_suite={}), "no commit", ""),
        (Kind.GITLAB, "Push Hook", push_hook(commits={}), "`commits`", SHA),
        (Kind.GITLAB, "Push Hook", push_hook(after="main"), "no commit", ""),
        (Kind.GITLAB, "Merge Request Hook", {"project": PROJECT}, "`object_attributes`", ""),
        (Kind.GITLAB, "Merge Request Hook", merge(last_commit=None), "no commit", ""),
        (Kind.GITLAB, "Merge Request Hook", merge(iid="3"), "`object_attributes.iid`", SHA),
        (Kind.GITLAB, "Release Hook", release_hook(commit=None), "no commit", ""),
    ],
)
def test_what_is_missing_is_named_and_the_commit_where_it_is_known(
    kind: Kind, event: str, document: object, detail: str, sha: str
) -> None:
    with pytest.raises(Unusable, match=detail) as error:
        read(kind, event, document)
    assert detail in error.value.detail
    assert error.value.sha == sha


@pytest.mark.parametrize(
    "repository",
    [
        None,
        {"id": 7},
        {"full_name": "claims", "id": 7},
        {"full_name": "ada/../claims", "id": 7},
        {"full_name": "ada/claims?x", "id": 7},
        {"full_name": "ada/claims", "id": "7"},
        {"full_name": "ada/claims", "id": True},
    ],
    ids=repr,
)
def test_a_repository_has_a_name_that_fits_into_an_address_and_a_number(repository: object) -> None:
    with pytest.raises(Unusable, match="`repository` lacks the name and number"):
        read(Kind.GITHUB, "push", push(repository=repository))


def test_paths_are_those_that_commits_name_each_once() -> None:
    assert paths([COMMIT, COMMIT, "x", {"added": None}, {"added": [7, "d"]}]) == (*PATHS, "d")


# --- programs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "found"),
    [({"claim": {"a": 1}}, Submitted({"a": 1}, None)), ({"bundle": "QQ=="}, Submitted(None, "QQ=="))],
)
def test_a_program_sends_a_claim_or_a_bundle(data: dict[str, Any], found: Submitted) -> None:
    assert read(Kind.GENERIC, "", {"type": "claim.submitted", "data": data}) == found


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (None, "`data` must have either"),
        ({}, "`data` must have either"),
        ({"claim": {}, "bundle": ""}, "`data` must have either"),
        ({"claim": []}, "`data.claim` must be an object"),
        ({"bundle": None}, "`data.bundle` must be a text"),
    ],
    ids=repr,
)
def test_a_program_that_sends_neither_is_told_so(data: object, detail: str) -> None:
    with pytest.raises(Unusable, match=detail):
        read(Kind.GENERIC, "", {"type": "claim.submitted", "data": data})


def test_another_type_of_a_program_calls_for_nothing() -> None:
    assert read(Kind.GENERIC, "push", {"type": "push"}) == Nothing("its type is not claim.submitted")
