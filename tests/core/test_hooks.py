"""Signatures of webhooks that come in, the paths that claims lie at, and payloads of any form."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.core import hook_payloads
from app.core.hook_change import Change, Nothing, Submitted, Topic, Unusable
from app.core.hook_paths import claims_among, is_pattern, may_touch, touched
from app.core.hooks import TOLERANCE_SECONDS, Kind, begin, check, is_secret, spell

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_800_000_000
BODY = '{"zen": "Größe"}'.encode()
SECRET = spell(b"k" * 32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    *(
        "after",
        "before",
        "commits",
        "repository",
        "project",
        "action",
        "deleted",
        "pull_request",
        "release",
        "tag_name",
    ),
    *("object_attributes", "check_run", "head_sha", "id", "full_name", "head", "repo", "sha", "number", "data", "type"),
)
PAYLOADS = st.dictionaries(
    st.sampled_from(KEYS), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6) | JSON, max_size=9
)


def github(secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={digest}", "x-github-event": "push", "x-github-delivery": "d-1"}


def standard(secret: str = SECRET, at: int = NOW, delivery: str = "msg_1") -> dict[str, str]:
    signature = Webhook(secret).sign(delivery, datetime.fromtimestamp(at, UTC), BODY.decode())
    return {"webhook-id": delivery, "webhook-timestamp": str(at), "webhook-signature": signature}


def test_github_s_own_example_holds() -> None:
    """The one in its documentation on validating deliveries."""
    headers = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert check(Kind.GITHUB, ["It's a Secret to Everybody"], headers, b"Hello, World!", NOW) is not None


def test_the_body_is_taken_as_it_came() -> None:
    assert check(Kind.GITHUB, [SECRET], github(), BODY, NOW) is not None
    assert check(Kind.GITHUB, [SECRET], github(), BODY.replace(b": ", b":"), NOW) is None


def test_any_secret_in_use_will_do_and_no_other() -> None:
    assert check(Kind.GITHUB, ["new", SECRET], github(), BODY, NOW) is not None
    assert check(Kind.GITHUB, ["new"], github(), BODY, NOW) is None
    assert check(Kind.GITHUB, [], github(), BODY, NOW) is None
    assert check(Kind.GENERIC, [spell(b"n" * 32), SECRET], standard(), BODY, NOW) is not None


def test_an_empty_signature_or_token_is_none() -> None:
    for kind in Kind:
        assert check(kind, [SECRET], {}, BODY, NOW) is None
    assert check(Kind.GITLAB, [SECRET], {"x-gitlab-token": ""}, BODY, NOW) is None
    assert check(Kind.GITHUB, [SECRET], {"x-hub-signature-256": "sha256="}, BODY, NOW) is None


def test_a_repeated_body_is_the_same_under_any_id_where_the_id_is_not_signed() -> None:
    first = check(Kind.GITHUB, [SECRET], github(), BODY, NOW)
    other = check(Kind.GITHUB, [SECRET], {**github(), "x-github-delivery": "d-2"}, BODY, NOW)
    assert first is not None
    assert other is not None
    assert (first.delivery, other.delivery) == ("d-1", "d-2")
    assert first.digest == other.digest


def test_the_same_again_is_of_the_same_topic_whatever_its_event_is_called() -> None:
    """Two names for the same work make no second delivery, and an unknown name takes nothing from a known one."""

    def about(kind: Kind, name: str, event: str) -> Topic | None:
        signed = check(kind, [SECRET], {**github(), name: event}, BODY, NOW)
        assert signed is not None
        assert signed.event == event
        return signed.topic

    assert about(Kind.FORGEJO, "x-forgejo-event", "pull_request") is Topic.PULL
    assert about(Kind.FORGEJO, "x-gitea-event", "pull_request_sync") is Topic.PULL
    assert about(Kind.GITHUB, "x-github-event", "check_run") is about(Kind.GITHUB, "x-github-event", "check_suite")
    assert about(Kind.GITHUB, "x-github-event", "star") is about(Kind.GITHUB, "x-github-event", "watch") is Topic.OTHER
    assert about(Kind.GITHUB, "x-github-event", "") is None
    by_token = check(Kind.GITLAB, [SECRET], {"x-gitlab-token": SECRET, "x-gitlab-event": "Push Hook"}, BODY, NOW)
    assert by_token is not None
    assert by_token.topic is Topic.PUSH
    nameless = check(Kind.GITLAB, [SECRET], standard(), BODY, NOW)
    assert nameless is not None
    assert nameless.topic is None


def test_a_retry_of_a_program_is_the_same_by_its_id_at_any_time() -> None:
    first, again = (check(Kind.GENERIC, [SECRET], standard(at=NOW - late), BODY, NOW) for late in (0, 60))
    assert first is not None
    assert again is not None
    assert first.digest == again.digest
    assert first.topic is Topic.CLAIM


@pytest.mark.parametrize("late", [TOLERANCE_SECONDS + 1, -TOLERANCE_SECONDS - 1])
def test_another_time_than_now_is_refused_where_it_is_signed(late: int) -> None:
    assert check(Kind.GENERIC, [SECRET], standard(at=NOW + late), BODY, NOW) is None
    edge = late - 1 if late > 0 else late + 1
    assert check(Kind.GENERIC, [SECRET], standard(at=NOW + edge), BODY, NOW) is not None


@pytest.mark.parametrize("changed", [{"webhook-id": "msg_2"}, {"webhook-timestamp": str(NOW + 1)}])
def test_id_and_time_are_signed(changed: dict[str, str]) -> None:
    assert check(Kind.GENERIC, [SECRET], {**standard(), **changed}, BODY, NOW) is None


def test_one_of_several_signatures_is_enough() -> None:
    both = standard(spell(b"o" * 32))["webhook-signature"] + " v1a,abc " + standard()["webhook-signature"]
    assert check(Kind.GENERIC, [SECRET], {**standard(), "webhook-signature": both}, BODY, NOW) is not None


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        (Kind.GITHUB, {}),
        (Kind.GITHUB, {"x-hub-signature-256": "sha256="}),
        (Kind.FORGEJO, {"x-forgejo-signature": "g" * 64}),
        (Kind.GITLAB, {"x-gitlab-token": "guessed"}),
        (Kind.GITLAB, {**standard(), "webhook-signature": "v2,x"}),
        (Kind.GENERIC, standard(at=NOW - TOLERANCE_SECONDS - 1)),
        (Kind.GENERIC, {**standard(), "webhook-id": "a b"}),
        (Kind.GENERIC, {}),
    ],
)
def test_what_no_body_could_make_good_is_known_before_it_comes(kind: Kind, headers: dict[str, str]) -> None:
    assert begin(kind, [SECRET], headers, NOW).hopeless
    assert check(kind, [SECRET], headers, BODY, NOW) is None


@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=6), wrong=st.booleans())
def test_a_body_in_pieces_is_the_body(cuts: list[int], *, wrong: bool) -> None:
    ends = [0, *sorted(cuts), len(BODY)]
    for kind, headers in (
        (Kind.GITHUB, github()),
        (Kind.GENERIC, standard()),
        (Kind.GITLAB, {"x-gitlab-token": SECRET}),
    ):
        checking = begin(kind, ["other", SECRET], headers, NOW)
        assert not checking.hopeless
        for start, end in itertools.pairwise(ends):
            checking.add(BODY[start:end])
        if wrong:
            checking.add(b"!")
        body = BODY + b"!" if wrong else BODY
        assert checking.end() == check(kind, [SECRET], headers, body, NOW)
        assert (checking.end() is None) is (wrong and kind is not Kind.GITLAB)


def test_a_secret_of_the_standard_that_is_no_base64_signs_as_it_stands() -> None:
    """Publishers choose secrets at forges; not every one of them is made as the standard makes them."""
    secret = "a secret, as it stands"
    digest = hmac.new(secret.encode(), f"msg_1.{NOW}.".encode() + BODY, hashlib.sha256).digest()
    headers = {**standard(), "webhook-signature": "v1," + base64.b64encode(digest).decode()}
    assert check(Kind.GENERIC, [secret], headers, BODY, NOW) is not None
    assert check(Kind.GENERIC, [secret + "!"], headers, BODY, NOW) is None


@given(headers=st.dictionaries(st.sampled_from([*github(), *standard(), "x-gitlab-token"]), st.text(max_size=90)))
def test_no_headers_break_the_check(headers: dict[str, str]) -> None:
    for kind in Kind:
        assert check(kind, [SECRET], headers, BODY, NOW) is None


@given(payload=PAYLOADS, kind=st.sampled_from(Kind), event=st.sampled_from([*hook_payloads.EVENT_NAMES, "", "other"]))
def test_no_payload_breaks_the_reader(payload: object, kind: Kind, event: str) -> None:
    try:
        found = hook_payloads.read(kind, event, payload)
    except Unusable:
        return
    assert isinstance(found, Change | Nothing | Submitted)


@pytest.mark.parametrize("action", [{}, [], None, 7], ids=repr)
def test_an_action_that_is_no_text_calls_for_nothing(action: object) -> None:
    for kind, event in ((Kind.GITHUB, "pull_request"), (Kind.GITLAB, "Merge Request Hook")):
        document = {"action": action, "pull_request": {}, "object_attributes": {"action": action}}
        assert isinstance(hook_payloads.read(kind, event, document), Nothing)


PATHS = ["claim.toml", "claims/a/claim.toml", "claims/b/c/claim.toml", "other/d/claim.toml", "claims/a/data.csv"]


@pytest.mark.parametrize(
    ("pattern", "folders"),
    [
        ("**/claim.toml", ["", "claims/a", "claims/b/c", "other/d"]),
        ("claim.toml", [""]),
        ("claims/*/claim.toml", ["claims/a"]),
        ("claims/**/claim.toml", ["claims/a", "claims/b/c"]),
        ("**/c/claim.toml", ["claims/b/c"]),
        ("*/?/claim.toml", []),
        ("c*a*s/a/claim.toml", ["claims/a"]),
        ("c*x*s/a/claim.toml", []),
    ],
)
def test_a_pattern_names_the_claims_of_a_repository(pattern: str, folders: list[str]) -> None:
    assert claims_among(PATHS, pattern) == folders


def test_a_change_counts_for_the_innermost_claim_around_it() -> None:
    folders = ["", "claims/a", "claims/a/b"]
    assert touched(folders, ["claims/a/b/x/y.py"]) == ["claims/a/b"]
    assert touched(folders, ["claims/a/x.py", "README.md"]) == ["", "claims/a"]
    assert touched(["claims/a"], ["claims/ab/x.py", "claims/x.py"]) == []


def test_it_is_known_from_the_pattern_where_no_claim_can_be() -> None:
    assert may_touch(["claims/a/x.csv"], "claims/*/claim.toml")
    assert not may_touch(["claims/x.csv", "src/a.py"], "claims/*/claim.toml")
    assert may_touch(["src/a.py"], "**/claim.toml")


@given(
    folder=st.sampled_from(PATHS),
    pattern=st.sampled_from(["**/claim.toml", "claims/*/claim.toml", "claims/**/claim.toml"]),
)
def test_what_touches_a_claim_may_touch_it(folder: str, pattern: str) -> None:
    if touched(claims_among(PATHS, pattern), [folder]):
        assert may_touch([folder], pattern)


def says(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether names of folders are what parts of a pattern say, read straight from what the pattern means."""
    if not parts:
        return not names
    if parts[0] == "**":
        return says(parts[1:], names) or (len(names) > 0 and names[0] != "" and says(parts, names[1:]))
    return len(names) > 0 and says_name(parts[0], names[0]) and says(parts[1:], names[1:])


def says_name(part: str, name: str) -> bool:
    if not part:
        return not name
    if part[0] == "*":
        return says_name(part[1:], name) or (name != "" and says_name(part, name[1:]))
    return name != "" and part[0] == name[0] and says_name(part[1:], name[1:])


@given(
    parts=st.lists(st.sampled_from(["**", "*", "a", "b", "ab", "a*", "*b", "a*b", "*a*", "a*b*a", "a**"]), max_size=5),
    names=st.lists(st.text("ab", max_size=5), max_size=6),
)
def test_a_pattern_leads_where_its_plain_meaning_does(parts: list[str], names: list[str]) -> None:
    pattern, path = "/".join([*parts, "claim.toml"]), "/".join([*names, "claim.toml"])
    assert (claims_among([path], pattern) != []) is says(parts, names)
    around = [names[:end] for end in range(len(names) + 1)]
    assert may_touch([path], pattern) is any(says(parts, folders) for folders in around)


def test_no_path_makes_a_pattern_slow() -> None:
    pattern = "**/a*a/**/a*a/**/a/claim.toml"
    assert is_pattern(pattern)
    path = "/".join(["aa"] * 700 + ["b", "claim.toml"])  # by trying again it would take minutes
    begun = time.process_time()
    assert claims_among([path] * 20, pattern) == []
    assert not may_touch([path] * 20, pattern)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("**/claim.toml", True),
        ("a/*b/claim.toml", True),
        ("claims/", False),
        ("../claim.toml", False),
        ("/claim.toml", False),
        ("a//claim.toml", False),
        ("a/claim.toml.bak", False),
        ("*" * 9 + "/claim.toml", False),
    ],
)
def test_what_a_pattern_may_be(text: str, *, good: bool) -> None:
    assert is_pattern(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (spell(bytes(16)), True),
        (spell(bytes(15)), False),
        (spell(b""), False),
        ("x" * 16, True),
        ("x" * 15, False),
        ("x" * 16 + "é", False),
        ("x" * 16 + " x", False),
        ("x" * 16 + "\nx", False),
    ],
)
def test_a_secret_of_the_operator_s_choice_is_long_enough(text: str, *, good: bool) -> None:
    assert is_secret(text) is good
