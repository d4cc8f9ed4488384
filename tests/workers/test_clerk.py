"""From a signed delivery to the status of a commit, with a real database, real repositories and a real way out."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app import actions
from app.core.errors import Refusal
from app.core.hooks import Kind
from app.intake import ArchiveLimits
from tests.core.builders import an_outcome
from tests.store.house import House, executed
from tests.workers import deliveries
from tests.workers.deliveries import ZERO, by_forgejo, by_github, by_gitlab, gitlab_push, push, standard
from tests.workers.desk import PUBLISHER, Desk, bundle, repository_at
from tests.workers.forge import TOKEN, VENDOR, Forge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIRST = "claims/first/claim.toml"


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    found = House.open(f"sqlite:///{home / 'assay.db'}", home)
    yield found
    found.close()


@pytest.fixture
def desk_of(house: House, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Open a desk at a forge of some kind."""
    forges: list[Forge] = []

    def start(forge_kind: Kind = Kind.GITHUB, app_key: str | None = None, **changes: Any) -> Desk:
        forge = Forge(forge_kind, repository_at(tmp_path / "repository"), app_key).__enter__()
        forges.append(forge)
        return Desk.open(house, forge, **changes)

    yield start
    for forge in forges:
        forge.__exit__()
        assert forge.wrong == []


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    return desk_of()


def head(desk: Desk) -> str:
    return desk.repository.git("rev-parse", "HEAD").decode().strip()


def pushed(desk: Desk, files: dict[str, bytes | None], **changes: Any) -> str:
    """Commit and deliver a push of it; returns the commit."""
    before = head(desk)
    after = desk.repository.commit(files)
    commits = [{"modified": sorted(files)}]
    assert desk.deliver(*by_github(desk.secret, "push", push(before, after, commits, **changes))) is not None
    desk.see_to()
    return after


def test_a_push_verifies_the_changed_claim_alone_and_tells_its_commit(desk: Desk) -> None:
    sha = pushed(desk, bundle("second", "8.7"))
    assert desk.claims() == ["second"]
    assert desk.forge.told(sha) == {"assay/second": "pending"}
    desk.finish()
    assert desk.forge.told(sha) == {"assay/second": "success"}
    assert desk.forge.said(sha, "assay/second").startswith("VERIFIED: ")
    found = desk.reports()[0]
    assert desk.forge.statuses[-1]["target_url"].endswith(f"/verifications/{found['verification_id']}")
    assert desk.said() == [("done", "1 of 2 claims taken in")]
    assert desk.house.scalar("SELECT publisher FROM verification") == PUBLISHER


def test_a_false_claim_is_a_failure_and_one_that_cannot_run_is_an_error(desk: Desk) -> None:
    sha = pushed(desk, {**bundle("first", "9.8"), **bundle("second", "8.7")})
    with desk.house.parts.store.read() as session:
        query = "SELECT id FROM verification ORDER BY id"
        wrong, broken = session.connection().exec_driver_sql(query).scalars()
    desk.house.run_all(wrong)
    actions.conclude(desk.house.parts, wrong)
    actions.fault_verification(desk.house.parts, broken, "WORKER_LOST", "It went away.")
    desk.see_to()
    assert desk.forge.told(sha) == {"assay/first": "failure", "assay/second": "error"}
    assert "says nothing about the claim" in desk.forge.said(sha, "assay/second")


def crash(desk: Desk, stderr: bytes) -> None:
    """Let every run of what was submitted crash with a complaint, and tell."""
    house = desk.house
    (verification_id,) = (item["verification_id"] for item in desk.reports())
    while queued := house.runs(verification_id, "queued"):
        claimed = house.claim(queued[0])
        done = replace(executed(an_outcome(exit_code=1)), stderr=stderr)
        actions.finish_run(house.parts, claimed, actions.sealed(house.parts, claimed.seal), done, worker="host:1")
    assert actions.conclude(house.parts, verification_id) is not None


@pytest.mark.parametrize("kept", [True, False])
def test_a_commit_hears_what_a_script_complained_of_while_its_log_is_kept(desk: Desk, *, kept: bool) -> None:
    sha = pushed(desk, bundle("first", "8.6"))
    words = b"x" * 100_000 + b"\nKeyError: 'no such column'\n"
    crash(desk, words)
    if not kept:
        desk.house.parts.blobs.path(f"sha256:{hashlib.sha256(words).hexdigest()}").unlink()
    desk.see_to()
    assert desk.forge.told(sha) == {"assay/first": "error"}
    said = desk.forge.said(sha, "assay/first")
    assert said.startswith("UNVERIFIED: ")
    assert said.endswith(" stderr: KeyError: 'no such column'") is kept
    assert desk.reports()[0]["said"].endswith(" stderr: KeyError: 'no such column'") is kept


def test_a_change_of_a_bundle_s_data_counts_and_one_elsewhere_does_not(desk: Desk) -> None:
    pushed(desk, {"README.md": b"other words\n", "claims/notes.md": b"none\n"})
    assert desk.claims() == []
    assert desk.said()[0] == ("done", "no claim of this source is touched")
    pushed(desk, {"claims/first/more.csv": b"1\n"})
    assert desk.claims() == ["first"]


def test_the_same_seal_gets_the_verdict_that_stands(desk: Desk) -> None:
    first = pushed(desk, bundle("second", "8.7"))
    desk.finish()
    other = pushed(desk, bundle("second", "9.9"))
    again = pushed(desk, bundle("second", "8.7"))
    assert desk.claims() == ["second", "second"]
    assert desk.forge.told(again) == desk.forge.told(first) == {"assay/second": "success"}
    assert desk.forge.told(other) == {"assay/second": "pending"}


def test_a_delivery_that_is_done_needs_no_work_and_one_that_failed_does(desk: Desk) -> None:
    before, after = head(desk), desk.repository.commit(bundle("second", "8.7"))
    headers, body = by_github(desk.secret, "push", push(before, after, [{"modified": ["claims/second/claim.toml"]}]))
    desk.forge.broken = 1
    found = desk.deliver(headers, body)
    desk.see_to()
    assert desk.said()[0][0] == "queued"
    assert "502" in desk.said()[0][1]
    assert "bad gateway" in desk.said()[0][1]
    assert TOKEN not in desk.said()[0][1]
    assert desk.deliver(headers, body) == found
    desk.hasten()
    desk.see_to()
    assert desk.said()[0][0] == "done"
    asked = len(desk.forge.asked)
    assert desk.deliver(headers, body) == (found[0] if found else "", "done")
    assert desk.deliver({**headers, "x-github-delivery": "another"}, body) == (found[0] if found else "", "done")
    desk.see_to()
    assert len(desk.forge.asked) == asked
    assert len(desk.said()) == 1


def test_a_signed_body_that_a_stranger_replays_is_worked_on_once_and_never_lost(desk: Desk) -> None:
    before, after = head(desk), desk.repository.commit(bundle("second", "8.7"))
    headers, body = by_github(desk.secret, "push", push(before, after, [{"modified": ["claims/second/claim.toml"]}]))
    forged = [{"x-github-event": event} for event in ("star", "pull_request", "release", "check_run", "check_suite")]
    for changes in (*forged, {"x-github-delivery": "another"}, {}, *forged):
        assert desk.deliver({**headers, **changes}, body) is not None
        desk.see_to()
    assert desk.claims() == ["second"]
    assert desk.forge.told(after) == {"assay/second": "pending"}
    assert len([path for path in desk.forge.asked if "tarball" in str(path)]) == 1
    states = sorted(state for state, _ in desk.said())
    assert states == ["done", "done", "failed", "failed", "failed"]  # push, no topic; a pull request, release, check


def test_what_a_forge_never_gives_ends_as_failed_and_may_come_again(desk: Desk) -> None:
    before, after = head(desk), desk.repository.commit(bundle("second", "8.7"))
    sent = by_github(desk.secret, "push", push(before, after, [{"modified": ["claims/second/claim.toml"]}]))
    desk.forge.broken = 1000
    desk.deliver(*sent)
    for _ in range(10):
        desk.see_to()
        desk.hasten()
    assert desk.said()[0][0] == "failed"
    assert "did not give what was asked of it" in desk.reports()[0]["refusal"]
    desk.forge.broken = 0
    desk.deliver(*sent)
    desk.see_to()
    assert desk.said()[0] == ("done", "1 of 2 claims taken in")


def test_wrong_missing_and_old_signatures_are_counted_and_do_nothing(desk: Desk) -> None:
    headers, body = by_github(desk.secret, "push", push("1" * 40, head(desk), [{"modified": [FIRST]}]))
    assert desk.deliver({**headers, "x-hub-signature-256": "sha256=" + "0" * 64}, body) is None
    assert desk.deliver({name: text for name, text in headers.items() if "signature" not in name}, body) is None
    assert desk.deliver(headers, body + b" ") is None
    assert desk.deliver(*by_github("another secret", "push", b"{}")) is None
    assert desk.house.scalar("SELECT refused FROM hook_source") == 4
    assert desk.house.count("hook_delivery") == 0


def test_both_secrets_are_good_during_the_overlap_and_the_new_one_alone_after_it(desk: Desk) -> None:
    old = desk.secret
    new = actions.rotate_source(desk.house.parts, desk.source, deliveries.datetime.resolution * 3_600_000_000)
    assert new is not None
    assert desk.deliver(*by_github(old, "ping", b'{"zen": 1}')) is not None
    assert desk.deliver(*by_github(new, "ping", b'{"zen": 2}')) is not None
    desk.house.change("UPDATE hook_source SET old_until = 1")
    assert desk.deliver(*by_github(old, "ping", b'{"zen": 3}')) is None
    assert actions.remove_source(desk.house.parts, desk.source)
    assert desk.deliver(*by_github(new, "ping", b'{"zen": 4}')) is None
    assert desk.house.scalar("SELECT secret FROM hook_source") is None


def test_a_fault_of_ours_leaves_a_delivery_for_later(desk: Desk) -> None:
    desk.house.change("DELETE FROM environment")
    sha = pushed(desk, bundle("first", "8.6"))
    assert desk.said()[0][0] == "queued"
    assert "no worker has published an environment yet" in desk.said()[0][1]
    desk.house.publish()
    desk.hasten()
    desk.see_to()
    assert desk.forge.told(sha) == {"assay/first": "pending"}
    pepper = desk.house.parts.settings.pepper_file
    pepper.rename(pepper.with_suffix(".gone"))
    desk.finish()
    assert "is gone" in desk.reports()[0]["error"]
    pepper.with_suffix(".gone").rename(pepper)
    desk.hasten()
    desk.see_to()
    assert desk.forge.told(sha) != {"assay/first": "pending"}


def test_no_secret_lies_in_the_database(desk: Desk, home: Path) -> None:
    held = b"".join(path.read_bytes() for path in home.glob("assay.db*"))
    assert desk.secret.encode() not in held
    assert desk.forge.kind.value.encode() in held


def test_a_claim_that_does_not_parse_is_told_where_and_how_to_mend_it(desk: Desk) -> None:
    sha = pushed(desk, {"claims/second/claim.toml": b'schema = "assay-claim-v1"\n[claim\nid = "second"\n'})
    assert desk.claims() == []
    assert desk.forge.told(sha) == {"assay/claims/second": "error"}
    assert re.match(r"claims/second/claim\.toml:2: the file is not TOML", desk.forge.said(sha, "assay/claims/second"))
    mended = pushed(desk, bundle("second", "8.7"))
    assert desk.forge.told(mended) == {"assay/second": "pending"}


def test_a_true_claim_does_not_hide_a_false_one_of_the_same_name(desk: Desk) -> None:
    true = {path.replace("claims/first", "claims/zzz"): data for path, data in bundle("first", "8.7").items()}
    sha = pushed(desk, {**bundle("first", "9.8"), **true})
    desk.finish()
    assert desk.forge.told(sha) == {"assay/first": "failure", "assay/first in claims/zzz": "success"}


def test_of_each_delivery_it_is_known_what_became_of_its_claims_and_what_their_commit_heard(desk: Desk) -> None:
    broken = {"claims/third/claim.toml": b'schema = "assay-claim-v1"\n[claim\nid = "third"\n'}
    sha = pushed(desk, {**bundle("second", "8.7"), **broken})
    taken_in, refused = desk.deliveries()[0]["claims"]
    assert (taken_in["name"], taken_in["folder"], taken_in["sha"]) == ("second", "claims/second", sha)
    assert (taken_in["state"], taken_in["status"], taken_in["refusal"]) == ("queued", None, None)
    assert (refused["name"], refused["folder"], refused["verification_id"]) == ("", "claims/third", None)
    assert refused["refusal"].startswith("claims/third/claim.toml:2: the file is not TOML")
    by_context = {item["context"]: item for item in desk.reports()}
    assert by_context["assay/second"]["said"] == "Sealed; waits for a worker"
    first = by_context["assay/second"]["told_at"]
    desk.finish()
    assert desk.deliveries()[0]["claims"][0]["status"] == "VERIFIED"
    told = {item["context"]: item for item in desk.reports()}["assay/second"]
    assert (told["told"], told["said"]) == ("success", desk.forge.said(sha, "assay/second"))
    assert told["told_at"] > first
    other = desk.repository.commit({"claims/first/more.csv": b"1\n"})
    again = push(sha, other, [{"modified": ["claims/second/claim.toml"]}])  # the same claim, by another delivery
    desk.deliver(*by_github(desk.secret, "push", again))
    desk.see_to()
    newest, before = desk.deliveries()
    assert [claim["name"] for claim in newest["claims"]] == ["second"]
    assert len(before["claims"]) == 2


def test_what_could_never_succeed_is_not_kept_to_be_worked_on_again(desk: Desk) -> None:
    for body in (b"no JSON", json.dumps(push("1" * 40, "2" * 40, [])).encode()):
        desk.deliver(*by_github(desk.secret, "release", body))
        desk.see_to()
        found = desk.deliveries()[0]
        assert (found["state"], found["kept"], found["hopeless"]) == ("failed", False, True)
        with pytest.raises(Refusal, match="would fail again"):
            actions.replay_incoming(desk.house.parts, found["id"], None)
    desk.house.change("UPDATE hook_delivery SET ended_at = '2020-01-01 00:00:00+00:00'")
    assert not desk.deliveries()[0]["hopeless"]  # it is no news any more, and others are not kept so long either


def test_what_the_operator_did_not_open_is_refused_on_the_commit(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(environments=("science",), per_day=0)
    sha = pushed(desk, bundle("first", "8.8"))
    assert "may not run in the environment python" in desk.forge.said(sha, "assay/first")
    desk.house.change("UPDATE hook_source SET environments = '[\"python\"]'")
    sha = pushed(desk, bundle("first", "8.6"))
    assert "has begun its 0 verifications" in desk.forge.said(sha, "assay/first")
    assert desk.claims() == []
    assert desk.house.count("hook_begun") == 0


def test_the_budget_counts_what_is_begun_and_not_what_stands(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(per_day=1)
    pushed(desk, bundle("first", "8.8"))
    pushed(desk, bundle("first", "8.6"))
    again = pushed(desk, bundle("first", "8.8"))
    assert desk.claims() == ["first"]
    assert desk.forge.told(again) == {"assay/first": "pending"}
    desk.house.change("UPDATE hook_begun SET begun_at = '2020-01-01 00:00:00'")
    pushed(desk, bundle("first", "8.5"))
    assert desk.claims() == ["first", "first"]


def test_another_repository_and_a_fork_are_refused_with_what_to_do(desk: Desk) -> None:
    sha = head(desk)
    other = push(ZERO, sha, [{"modified": [FIRST]}])
    other["repository"]["id"] = 12
    desk.deliver(*by_github(desk.secret, "push", other))
    desk.see_to()
    assert desk.forge.told(sha) == {"assay": "error"}
    assert "ask the operator for a source" in desk.reports()[0]["refusal"]
    desk.deliver(*by_github(desk.secret, "pull_request", deliveries.pull_request(sha, 3, fork="mallory/claims")))
    desk.see_to()
    assert desk.forge.said(sha, "assay").startswith("Claims from mallory/claims, a fork, are not run. Push the branch")
    assert [state for state, _ in desk.said()] == ["failed", "failed"]
    assert desk.claims() == []
    assert not any("tarball" in asked for asked in desk.forge.asked)


def test_the_repository_s_number_under_another_name_leads_nowhere(desk: Desk) -> None:
    """Who knows the secret could otherwise have any repository fetched that the token opens."""
    payload = push(ZERO, head(desk), [{"modified": [FIRST]}])
    payload["repository"]["full_name"] = "octo/secrets"
    desk.deliver(*by_github(desk.secret, "push", payload))
    desk.see_to()
    assert desk.said()[0][0] == "failed"
    assert "is called octo/secrets now" in desk.said()[0][1]
    assert not any("tarball" in asked or "compare" in asked for asked in desk.forge.asked)


def test_a_refusal_of_the_commit_ends_once_it_is_taken_in(desk: Desk) -> None:
    sha = head(desk)
    desk.deliver(*by_github(desk.secret, "pull_request", deliveries.pull_request(sha, 3, fork="mallory/claims")))
    desk.see_to()
    desk.deliver(*by_github(desk.secret, "push", push(ZERO, sha, [{"modified": [FIRST]}])))
    desk.see_to()
    assert desk.forge.told(sha) == {"assay": "success", "assay/first": "pending"}


def test_a_pull_request_is_asked_what_it_changes(desk: Desk) -> None:
    desk.repository.git("checkout", "-q", "-b", "pull-3")
    sha = desk.repository.commit(bundle("first", "8.6"))
    desk.repository.git("checkout", "-q", "main")
    desk.deliver(*by_github(desk.secret, "pull_request", deliveries.pull_request(sha, 3)))
    desk.see_to()
    assert desk.claims() == ["first"]
    assert desk.forge.told(sha) == {"assay/first": "pending"}


def test_a_forced_push_is_compared_and_a_release_takes_every_claim(desk: Desk) -> None:
    before = head(desk)
    after = desk.repository.commit(bundle("first", "8.6"))
    desk.deliver(*by_github(desk.secret, "push", push(before, after, [], forced=True)))
    desk.see_to()
    assert desk.claims() == ["first"]
    desk.repository.git("tag", "-a", "v1.0", "-m", "a release")
    desk.deliver(*by_github(desk.secret, "release", deliveries.release("v1.0")))
    desk.see_to()
    assert desk.claims() == ["first", "second"]
    assert desk.forge.told(after) == {"assay/first": "pending", "assay/second": "pending"}


def test_a_check_that_is_asked_for_again_is_told_again(desk: Desk) -> None:
    sha = pushed(desk, bundle("second", "8.7"))
    desk.finish()
    told = len(desk.forge.statuses)
    desk.deliver(*by_github(desk.secret, "check_run", deliveries.check_run(sha, "assay/second")))
    desk.see_to()
    assert len(desk.forge.statuses) == told + 1
    assert desk.forge.told(sha) == {"assay/second": "success"}
    assert desk.claims() == ["second"]


def test_checks_of_a_fork_that_are_asked_for_again_run_nothing_of_it(desk_of: Callable[..., Desk]) -> None:
    """That a commit is refused is no report of the claim at its top."""
    desk = desk_of(pattern="**/claim.toml")
    top = {name.removeprefix("claims/top/"): data for name, data in bundle("top").items()}
    sha = desk.repository.commit({**top, "latest": None})  # a link, which no bundle may hold
    desk.deliver(*by_github(desk.secret, "pull_request", deliveries.pull_request(sha, 3, fork="mallory/claims")))
    desk.see_to()
    desk.deliver(*by_github(desk.secret, "check_suite", deliveries.check_suite(sha)))
    desk.see_to()
    assert desk.said()[0] == ("done", "no claim of this source is touched")
    assert desk.claims() == []
    assert desk.forge.told(sha) == {"assay": "error"}


@pytest.mark.parametrize("body", [b"not JSON", b"[]", b'{"after": "' + b"2" * 40 + b'"}', b'{"a":' * 5000])
def test_a_payload_that_is_no_good_is_said_so(desk: Desk, body: bytes) -> None:
    desk.deliver(*by_github(desk.secret, "push", body))
    desk.see_to()
    assert desk.said()[0][0] == "failed"
    assert desk.forge.asked == []


def test_a_payload_that_lacks_a_part_is_told_on_its_commit(desk: Desk) -> None:
    sha = head(desk)
    payload = push(ZERO, sha, [])
    del payload["commits"]
    desk.deliver(*by_github(desk.secret, "push", payload))
    desk.see_to()
    assert desk.forge.said(sha, "assay") == "The webhook's payload cannot be used: `commits` is missing."


def test_an_app_annotates_the_line_of_the_claim(desk_of: Callable[..., Desk]) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    credentials = json.dumps({"id": "77", "installation": "5", "key": pem})
    desk = desk_of(app_key=public.decode(), token=None, app=credentials)
    sha = pushed(desk, bundle("first", "9.8"))
    assert desk.forge.checks[1]["status"] == "in_progress"
    desk.finish()
    check = desk.forge.checks[1]
    assert (check["status"], check["conclusion"], check["head_sha"]) == ("completed", "failure", sha)
    (annotation,) = check["output"]["annotations"]
    line = desk.repository.git("show", f"{sha}:{FIRST}").decode().splitlines()[annotation["start_line"] - 1]
    assert line == 'value = "9.8"'
    assert annotation["path"] == FIRST
    assert annotation["annotation_level"] == "failure"
    assert len(desk.forge.checks) == 1
    assert desk.forge.told(sha) == {"assay/first": "failure"}


def test_a_repository_that_is_too_large_is_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.forge.REPOSITORY", ArchiveLimits(packed_bytes=1000))
    sha = pushed(desk, {"claims/first/data.csv": os.urandom(5000)})
    assert desk.forge.said(sha, "assay") == "The repository has more than 0 MiB packed. Keep large data elsewhere."
    assert desk.said()[0][0] == "failed"


def test_more_claims_than_are_taken_in_at_once_are_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.clerk.CLAIMS_MAX", 1)
    sha = pushed(desk, {**bundle("first", "8.6"), **bundle("second", "8.6")})
    assert "2 claims are touched, and 1 are taken in at once" in desk.forge.said(sha, "assay")


# --- GitLab, Forgejo, programs


@pytest.mark.parametrize("by", ["token", "signature"])
def test_gitlab_delivers_by_token_or_signed(desk_of: Callable[..., Desk], by: str) -> None:
    desk = desk_of(Kind.GITLAB)
    before, sha = head(desk), desk.repository.commit(bundle("second", "8.7"))
    payload = gitlab_push(before, sha, [{"modified": ["claims/second/claim.toml"]}])
    assert desk.deliver(*by_gitlab("guessed", "Push Hook", payload)) is None
    assert desk.deliver(*by_gitlab(desk.secret, "Push Hook", payload, signed=by == "signature")) is not None
    desk.see_to()
    assert desk.forge.told(sha) == {"assay/second": "pending"}
    desk.finish()
    assert desk.forge.told(sha) == {"assay/second": "success"}


def test_gitlab_s_cut_lists_are_completed_by_its_comparison(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(Kind.GITLAB)
    before, sha = head(desk), desk.repository.commit(bundle("first", "8.6"))
    desk.deliver(*by_gitlab(desk.secret, "Push Hook", gitlab_push(before, sha, [{}], total=50)))
    desk.see_to()
    assert desk.claims() == ["first"]
    desk.repository.git("checkout", "-q", "-b", "pull-4")
    other = desk.repository.commit(bundle("second", "8.6"))
    desk.repository.git("checkout", "-q", "main")
    desk.deliver(*by_gitlab(desk.secret, "Merge Request Hook", deliveries.gitlab_merge(other, 4)))
    desk.see_to()
    assert desk.claims() == ["first", "second"]
    desk.deliver(*by_gitlab(desk.secret, "Merge Request Hook", deliveries.gitlab_merge(other, 4, source=12)))
    desk.see_to()
    assert "mallory/claims, a fork" in desk.said()[0][1]


def test_forgejo_is_asked_and_told_in_its_own_way(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(Kind.FORGEJO)
    before, sha = head(desk), desk.repository.commit(bundle("second", "8.7"))
    payload = deliveries.forgejo_push(before, sha, [{}], total=9)
    assert desk.deliver(*by_forgejo("guessed", "push", payload)) is None
    assert desk.deliver(*by_forgejo(desk.secret, "push", payload)) is not None
    desk.see_to()
    desk.finish()
    assert desk.forge.told(sha) == {"assay/second": "success"}


def test_a_program_hands_in_a_formula_and_is_refused_a_bad_one(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(kind=Kind.GENERIC, repository="", repository_id="", api="", token=None)
    claim = {
        "schema": "assay-claim-v1",
        "claim": {"id": "gain", "statement": "A is 8.7 above B"},
        "expect": [{"metric": "gain", "value": "8.7", "rule": "rounding"}],
        "reproduce": {
            "kind": "formula",
            "formula": "a - b",
            "values": {"a": {"value": "77.0", "source": "T"}, "b": {"value": "68.3", "source": "T"}},
        },
    }
    body = json.dumps(
        {"type": "claim.submitted", "timestamp": "2026-11-30T08:00:00Z", "data": {"claim": claim}}
    ).encode()
    assert desk.deliver(standard("whsec_" + "AAAA" * 8, body), body) is None
    headers = standard(desk.secret, body)
    assert desk.deliver(headers, body) is not None
    desk.see_to()
    state, verification = desk.said()[0]
    assert (state, desk.claims()) == ("done", ["gain"])
    assert desk.house.verification(verification).publisher == PUBLISHER
    assert (desk.deliver(headers, body) or ())[1] == "done"
    assert (desk.deliver(standard(desk.secret, body), body) or ())[1] == "queued"  # another time is another delivery
    bad = json.dumps({"type": "claim.submitted", "data": {"claim": {**claim, "expect": []}}}).encode()
    desk.deliver(standard(desk.secret, bad), bad)
    desk.see_to()
    assert desk.said()[0][0] == "failed"
    assert "the claim expects nothing" in desk.said()[0][1]
    garbled = json.dumps({"type": "claim.submitted", "data": {"bundle": "H4sI!"}}).encode()
    desk.deliver(standard(desk.secret, garbled), garbled)
    desk.see_to()
    assert desk.said()[0] == ("failed", "`data.bundle` is no base 64")


@pytest.mark.parametrize("name", ["github-payloads.json", "github-webhooks.json", "github-api.json", "gitea-api.json"])
def test_a_vendored_file_is_the_one_that_its_readme_names(name: str) -> None:
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()
    assert re.search(rf"`{re.escape(name)}`.*`{digest}`", readme)


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("POST", "statuses/" + "a" * 40, {"state": "success", "context": "c", "annotation": "none"}),
        ("POST", "statuses/" + "a" * 40, {"state": 1}),
        ("GET", "pulls/3/files?per_page=50", None),
        ("GET", "commits/v1.0", None),
    ],
)
def test_what_gitea_does_not_describe_is_answered_as_wrong(
    tmp_path: Path, method: str, path: str, document: object
) -> None:
    with Forge(Kind.FORGEJO, repository_at(tmp_path / "repository")) as forge:
        asked = (method, f"/api/v1/repos/octo/claims/{path}", {"authorization": "token forge-token-1"}, document)
        assert forge.answer(*asked)[0] == 404
        assert len(forge.wrong) == 1
