"""What is asked of forges, and what their answers say: one row of a table for each forge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.forges import (
    DESCRIPTION_MAX,
    FILES_MAX,
    WORDS_MAX,
    Note,
    Place,
    Request,
    archive,
    changes,
    commit_of,
    headers,
    paths_in,
    sha_in,
    shorten,
    status,
)
from app.core.hook_change import Change, Look
from app.core.hooks import Kind

SHA, BASE = "a1" * 20, "b2" * 20
PLACE = Place("ada/claims", "7", SHA)
NOTE = Note("assay/first", "error", "UNVERIFIED: too few seeds", "https://assay.example/verifications/ver_1")
FORGES = [Kind.GITHUB, Kind.GITLAB, Kind.FORGEJO]


def a_change(**changed: Any) -> Change:
    return Change(**{"repository": "ada/claims", "repository_id": "7", "sha": SHA, "look": Look.PULL, **changed})


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Kind.GITHUB, "authorization", "Bearer t0k"),
        (Kind.GITLAB, "private-token", "t0k"),
        (Kind.FORGEJO, "authorization", "token t0k"),
    ],
)
def test_each_forge_is_shown_the_token_in_its_own_way(kind: Kind, name: str, value: str) -> None:
    told = headers(kind, "t0k")
    assert told[name] == value
    assert told["user-agent"] == "assay-hooks/1"
    assert headers(kind, None) == {key: text for key, text in told.items() if key != name}


def test_github_alone_is_told_the_version_of_its_interface() -> None:
    assert headers(Kind.GITHUB, None)["accept"] == "application/vnd.github+json"
    assert ["x-github-api-version" in headers(kind, None) for kind in FORGES] == [True, False, False]


def test_a_request_without_a_document_sends_no_body() -> None:
    assert Request("GET", "/x").body is None
    assert json.loads(Request("POST", "/x", {"a": 1}).body or b"") == {"a": 1}
    assert Request("POST", "/x", {}).body == b"{}"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Kind.GITHUB, f"/repos/ada/claims/tarball/{SHA}"),
        (Kind.GITLAB, f"/projects/7/repository/archive.tar.gz?sha={SHA}"),
        (Kind.FORGEJO, f"/repos/ada/claims/archive/{SHA}.tar.gz"),
    ],
)
def test_where_the_files_at_a_commit_are(kind: Kind, path: str) -> None:
    assert archive(kind, PLACE) == Request("GET", path)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Kind.GITHUB, "/repos/ada/claims/commits/tags/v1/a%2Bb"),
        (Kind.FORGEJO, "/repos/ada/claims/tags/v1/a%2Bb"),
    ],
)
def test_where_the_commit_of_a_tag_is(kind: Kind, path: str) -> None:
    assert commit_of(kind, a_change(tag="v1/a+b")) == Request("GET", path)


@pytest.mark.parametrize(
    ("document", "sha"),
    [
        ({"sha": SHA}, SHA),  # GitHub
        ({"commit": {"sha": SHA}}, SHA),  # Forgejo
        ({"sha": BASE, "commit": {"sha": SHA}}, BASE),
        ({"sha": 7, "commit": {"sha": SHA}}, SHA),
        ({"sha": "a1", "commit": SHA}, None),
        ({"commit": {"sha": SHA + "\n"}}, None),
        ([SHA], None),
        (None, None),
    ],
)
def test_which_commit_an_answer_names(document: object, sha: str | None) -> None:
    assert sha_in(document) == sha


@pytest.mark.parametrize(
    ("kind", "look", "path"),
    [
        (Kind.GITHUB, Look.COMPARE, f"/repos/ada/claims/compare/{BASE}...{SHA}"),
        (Kind.FORGEJO, Look.COMPARE, f"/repos/ada/claims/compare/{BASE}...{SHA}"),
        (Kind.GITLAB, Look.COMPARE, f"/projects/7/repository/compare?from={BASE}&to={SHA}"),
        (Kind.GITHUB, Look.PULL, "/repos/ada/claims/pulls/3/files?per_page=100&page=2"),
        (Kind.FORGEJO, Look.PULL, "/repos/ada/claims/pulls/3/files?limit=100&page=2"),
        (Kind.GITLAB, Look.PULL, "/projects/7/merge_requests/3/diffs?per_page=100&page=2"),
    ],
)
def test_where_a_forge_says_what_changed(kind: Kind, look: Look, path: str) -> None:
    assert changes(kind, a_change(look=look, base=BASE, number=3), 2) == Request("GET", path)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ([{"filename": "a", "previous_filename": "b"}, {"filename": "c"}], ({"a", "b", "c"}, 2)),  # a pull request
        ([{"new_path": "a", "old_path": "b"}], ({"a", "b"}, 1)),  # GitLab's
        ([], (set(), 0)),
        ({"files": [{"filename": "a"}]}, ({"a"}, 1)),  # GitHub's comparison
        ({"diffs": [{"new_path": "a", "old_path": "a"}]}, ({"a"}, 1)),  # GitLab's
        ({"commits": [{"files": [{"filename": "a"}]}, {"files": [{"filename": "b"}]}]}, ({"a", "b"}, 2)),  # Forgejo's
        ({"commits": [{"files": None}, "x", {}]}, (set(), 0)),
        ([{"filename": 7}, "a", None, {"filename": "b"}], ({"b"}, 4)),
    ],
)
def test_which_paths_an_answer_names(document: object, found: tuple[set[str], int]) -> None:
    assert paths_in(document) == found


@pytest.mark.parametrize(
    "document",
    [
        {"compare_timeout": True, "diffs": []},
        {"files": [{"filename": str(number)} for number in range(FILES_MAX)]},
        {"files": "a"},
        {"commits": {}},
        {"commits": "a"},
        {},
        "a",
        None,
    ],
    ids=lambda document: repr(document)[:30],
)
def test_an_answer_that_may_be_incomplete_names_nothing(document: object) -> None:
    assert paths_in(document) is None


def test_as_many_files_as_a_comparison_lists_are_whole_on_pages() -> None:
    listed = [{"filename": str(number)} for number in range(FILES_MAX)]
    assert paths_in(listed) == ({str(number) for number in range(FILES_MAX)}, FILES_MAX)
    assert paths_in({"files": listed[1:]}) is not None


@pytest.mark.parametrize(
    ("state", "at_gitlab"), [("pending", "pending"), ("success", "success"), ("failure", "failed"), ("error", "failed")]
)
def test_how_a_status_is_set(state: str, at_gitlab: str) -> None:
    note = Note(NOTE.context, state, NOTE.description, NOTE.target)
    shared = {"target_url": NOTE.target, "description": NOTE.description}
    told = {"state": state, "context": "assay/first", **shared}
    for kind in (Kind.GITHUB, Kind.FORGEJO):
        assert status(kind, PLACE, note) == Request("POST", f"/repos/ada/claims/statuses/{SHA}", told)
    named = {"state": at_gitlab, "name": "assay/first", **shared}
    assert status(Kind.GITLAB, PLACE, note) == Request("POST", f"/projects/7/statuses/{SHA}", named)


@pytest.mark.parametrize("kind", FORGES)
def test_a_long_description_is_cut_for_every_forge(kind: Kind) -> None:
    long = Note("assay/first", "failure", "word " * 60, NOTE.target)
    told = status(kind, PLACE, long).document
    assert told is not None
    assert told["description"] == "word " * 26 + "word…"  # of 140 characters at most


@pytest.mark.parametrize("kind", FORGES)
def test_the_last_line_of_a_script_stands_behind_a_verdict_that_is_cut_for_it(kind: Kind) -> None:
    lacking = "ModuleNotFoundError: No module named 'numpy'"
    short = Note("assay/first", "error", "UNVERIFIED: it crashed", NOTE.target, lacking)
    told = status(kind, PLACE, short).document
    assert told is not None
    assert told["description"] == short.sentence == f"UNVERIFIED: it crashed stderr: {lacking}"
    long = status(kind, PLACE, Note("assay/first", "error", "word " * 60, NOTE.target, "x" * 200)).document
    assert long is not None
    assert long["description"] == "word " * 11 + "word… stderr: " + "x" * (WORDS_MAX - 1) + "…"
    assert len(long["description"]) <= DESCRIPTION_MAX


@pytest.mark.parametrize("kind", FORGES)
def test_a_description_is_one_line_of_signs_that_are_seen(kind: Kind) -> None:
    note = Note("assay/first", "error", "one\n::error::two\u202e\ud800", NOTE.target, "a\x1b[31m")
    told = status(kind, PLACE, note).document
    assert told is not None
    assert told["description"] == "one ::error::two stderr: a [31m"


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("one two", 7, "one two"),
        ("one two", 6, "one…"),
        ("one two three", 9, "one two…"),
        ("one two", 5, "one…"),
        ("onetwo", 5, "onet…"),
    ],
)
def test_a_text_is_cut_at_a_word(text: str, most: int, short: str) -> None:
    assert shorten(text, most) == short


@given(st.text(max_size=300), st.integers(1, 200))
def test_a_text_is_never_longer_than_it_may_be(text: str, most: int) -> None:
    assert len(shorten(text, most)) <= max(most, 1)
    assert len(shorten(text, DESCRIPTION_MAX)) <= DESCRIPTION_MAX
