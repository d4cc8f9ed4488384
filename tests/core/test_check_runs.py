"""Check runs of GitHub: the token that an App signs, and what a check run says in each state."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.core.check_runs import SUMMARY_MAX, App, Remark, check_run, id_in, proof, token
from app.core.forges import Note, Place, Request

NOW = 1_800_000_000
SHA = "a1" * 20
PLACE = Place("ada/claims", "7", SHA)
REMARK = Remark("claims/first/claim.toml", 12, "FALSIFIED: it is 9.1")


def a_note(state: str = "failure", description: str = "FALSIFIED: it is 9.1") -> Note:
    return Note("assay/first", state, description, "https://assay.example/verifications/ver_1")


def document(request: Request) -> dict[str, Any]:
    assert request.document is not None
    return dict(request.document)


def test_an_app_proves_itself_for_nine_minutes_and_allows_for_a_clock_that_is_late() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = proof(App("123", "9", pem), NOW)
    told = jwt.decode(made, public, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
    assert told == {"iat": NOW - 60, "exp": NOW + 540, "iss": "123"}


@pytest.mark.parametrize("key", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_an_app_without_a_key_proves_nothing(key: str) -> None:
    with pytest.raises((ValueError, jwt.PyJWTError)):
        proof(App("123", "9", key), NOW)


def test_the_token_is_asked_for_the_installation() -> None:
    assert token(App("123", "9", "")) == Request("POST", "/app/installations/9/access_tokens")


def test_a_first_check_run_is_made_at_the_commit_and_a_known_one_is_changed() -> None:
    first = check_run(PLACE, a_note(), None, "all of it", None)
    assert (first.method, first.path) == ("POST", "/repos/ada/claims/check-runs")
    assert document(first)["head_sha"] == SHA
    later = check_run(PLACE, a_note(), None, "all of it", "55")
    assert (later.method, later.path) == ("PATCH", "/repos/ada/claims/check-runs/55")
    assert document(first) == {**document(later), "head_sha": SHA}


@pytest.mark.parametrize(
    ("state", "conclusion", "level"),
    [
        ("success", "success", "notice"),
        ("failure", "failure", "failure"),
        ("error", "neutral", "warning"),  # it says nothing about the claim
    ],
)
def test_what_a_check_run_concludes(state: str, conclusion: str, level: str) -> None:
    told = document(check_run(PLACE, a_note(state), REMARK, "all of it", None))
    assert (told["status"], told["conclusion"]) == ("completed", conclusion)
    assert told["name"] == "assay/first"
    assert told["details_url"] == a_note().target
    assert told["output"]["title"] == "FALSIFIED: it is 9.1"
    assert told["output"]["summary"] == "all of it"
    assert told["output"]["annotations"] == [
        {
            "path": "claims/first/claim.toml",
            "start_line": 12,
            "end_line": 12,
            "annotation_level": level,
            "title": "assay/first",
            "message": "FALSIFIED: it is 9.1",
        }
    ]


def test_what_goes_on_concludes_nothing_and_marks_no_line() -> None:
    told = document(check_run(PLACE, a_note("pending", "Waits"), REMARK, "Waits", None))
    assert told["status"] == "in_progress"
    assert "conclusion" not in told
    assert told["output"] == {"title": "Waits", "summary": "Waits"}


def test_without_a_line_nothing_is_marked() -> None:
    told = document(check_run(PLACE, a_note(), None, "all of it", None))
    assert told["conclusion"] == "failure"
    assert "annotations" not in told["output"]


def test_long_texts_are_cut_to_what_github_takes() -> None:
    remark = Remark("claim.toml", 1, "r" * 70_000)
    output = document(check_run(PLACE, a_note("failure", "word " * 60), remark, "s" * 70_000, None))["output"]
    assert output["summary"] == "s" * SUMMARY_MAX
    assert output["annotations"][0]["message"] == "r" * SUMMARY_MAX
    assert output["title"] == "word " * 38 + "word…"  # of 200 characters at most


@pytest.mark.parametrize(
    ("answer", "number"), [({"id": 55}, "55"), ({"id": "55"}, None), ({"id": None}, None), ({}, None)]
)
def test_the_number_of_a_check_run_is_read_from_the_answer(answer: dict[str, Any], number: str | None) -> None:
    assert id_in(answer) == number
