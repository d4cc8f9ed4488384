"""`assay sources`: what is printed once, what never again, and what is refused."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.actions import Parts
from app.core.forges import Place
from app.settings import Settings
from app.store import hook_claims
from app.store.hook_claims import Came
from tests.cli.command import assay
from tests.workers.deliveries import by_github

if TYPE_CHECKING:
    from pathlib import Path

FORGE = ("github", "--repository", "octo/claims", "--repository-id", "4711")


def made(home: Path, *arguments: str) -> dict[str, str]:
    done = assay("sources", "add", *arguments, "--json", home=home)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_a_source_is_added_used_rotated_listed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("forge-token-1\n")
    found = made(tmp_path, *FORGE, "--token-file", str(tmp_path / "token"), "--path", "claims/*/claim.toml")
    source = found["id"]
    assert found["url"] == f"http://127.0.0.1:8000/v1/hooks/{source}"
    parts = Parts.open(Settings(home=tmp_path))
    assert actions.receive(parts, source, *by_github(found["secret"], "ping", b"{}")) is not None
    assert actions.receive(parts, source, *by_github("guessed", "ping", b"{}")) is None
    opened = actions.open_source(parts, source)
    parts.close()
    assert opened is not None
    assert opened.token == "forge-token-1"
    listed = assay("sources", "list", home=tmp_path)
    assert "octo/claims" in listed.stdout
    assert "1 refused" in listed.stdout
    assert found["secret"] not in listed.stdout
    told = json.loads(assay("sources", "list", "--json", home=tmp_path).stdout)  # an object a line
    assert (told["token"], told["app"], told["pattern"]) == (True, False, "claims/*/claim.toml")
    rotated = assay("sources", "rotate", source, "--overlap", "0s", home=tmp_path)
    assert rotated.stdout.strip() != found["secret"]
    assert "ping" in assay("sources", "deliveries", source, home=tmp_path).stdout
    assert assay("sources", "deliveries", "src_none", home=tmp_path).returncode == 2
    assert assay("sources", "remove", source, home=tmp_path).returncode == 0
    assert assay("sources", "remove", source, home=tmp_path).returncode == 2
    assert "removed" in assay("sources", "list", home=tmp_path).stdout


def test_the_address_is_that_of_the_service_that_runs_or_a_guess_that_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    guess = assay("sources", "add", "generic", home=home)
    assert "is a guess; set it to where forges reach the service" in guess.stderr
    listener = socket.create_server(("127.0.0.1", 0))
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    (home / "address").write_text(here + "\n")  # as a service writes it, see test_supervisor
    assert made(home, "generic")["url"].startswith(f"{here}/v1/hooks/src_")
    listener.close()
    assert made(home, "generic")["url"].startswith("http://127.0.0.1:8000/")  # it was killed
    set_ = assay("sources", "add", "generic", home=home, ASSAY_PUBLIC_URL="https://assay.example.org")
    assert "https://assay.example.org/v1/hooks/src_" in set_.stderr
    assert "ASSAY_PUBLIC_URL" not in set_.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("github",), "needs --repository"),
        (("generic", "--repository", "octo/claims", "--repository-id", "1"), "a program has no repository"),
        (("github", "--repository", "octo", "--repository-id", "1"), "say owner/name"),
        (("github", "--repository", "octo/claims", "--repository-id", "x"), "its `id`, such as 4711"),
        (("github", "--repository", "octo/claims"), "say --repository owner/name and, as --repository-id,"),
        ((*FORGE, "--path", "claims/"), "no pattern"),
        ((*FORGE, "--api", "http://10.0.0.1/api"), "only https at port 443"),
        ((*FORGE, "--app-id", "7"), "needs --app-id, --app-installation"),
        ((*FORGE, "--token-file", "missing"), "cannot be read"),
        ((*FORGE, "--publisher", "two\nlines"), "cannot be the name"),
    ],
)
def test_what_no_source_can_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = assay("sources", "add", *arguments, home=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "api-keys.pepper").exists()


def test_a_secret_of_the_forge_s_own_is_taken_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    found = made(tmp_path, *FORGE, "--secret-file", str(tmp_path / "secret"))
    assert found["secret"] == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "text", ["whsec_", "whsec_AAAA", "short", "sixteen signs, but blanks", "two\nlinesOfSixteenSigns"]
)
def test_a_secret_that_could_be_found_by_trying_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(text)
    given = made(tmp_path, *FORGE)["id"]
    for command in (("add", *FORGE), ("rotate", given)):
        done = assay("sources", *command, "--secret-file", tmp_path / "secret", home=tmp_path)
        assert (done.returncode, "holds no secret" in done.stderr) == (2, True), done.stderr


def test_a_token_of_two_lines_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("forge-token-1\nforge-token-2\n")
    done = assay("sources", "add", *FORGE, "--token-file", tmp_path / "token", home=tmp_path)
    assert (done.returncode, "holds signs that no token has" in " ".join(done.stderr.split())) == (2, True)
    assert "forge-token" not in done.stdout + done.stderr


def test_deliveries_are_listed_by_state_and_worked_on_again(tmp_path: Path) -> None:
    found = made(tmp_path, *FORGE)
    parts = Parts.open(Settings(home=tmp_path))
    ids = []
    for number in range(3):
        received = actions.receive(parts, found["id"], *by_github(found["secret"], "push", b'{"n": %d}' % number))
        assert received is not None
        ids.append(received[0])
    for state in ("failed", "done"):
        taken = actions.take_hook(parts)
        assert taken is not None
        actions.settle_hook(parts, taken, state, f"it is {state}")
    source = actions.open_source(parts, found["id"])
    assert source is not None
    actions.refuse_on_commit(parts, source.known, Place("octo/claims", "4711", "c" * 40), "claim.toml:3: Mend it.")
    report = actions.take_report(parts)
    assert report is not None
    actions.note_told(parts, report, "error", None, "the source has neither a token nor an App")
    with parts.store.transaction() as session:
        hook_claims.put(
            session, Came(ids[2], "c" * 40, "claims/a", "first", refusal="claim.toml:3: Mend it.\nAnd more.")
        )
    rows = [json.loads(line) for line in deliveries(tmp_path, found["id"], "--json").splitlines()]
    assert [row["kind"] for row in rows] == ["delivery"] * 3 + ["report"]
    assert deliveries(tmp_path, found["id"], "--limit", "1").count("hkd_") == 1
    shown = deliveries(tmp_path, found["id"], "--state", "failed").splitlines()
    assert len(shown) == 1
    assert f"{ids[0]}  push  failed  attempts 1  it is failed" in shown[0]
    assert "\n  first: refused: claim.toml:3: Mend it. …\n" in deliveries(tmp_path, found["id"])
    (told,) = [line for line in deliveries(tmp_path, found["id"]).splitlines() if "hkr_" in line]
    assert "not told: the source has neither a token nor an App  claim.toml:3: Mend it." in told
    wrong = assay("sources", "deliveries", found["id"], "--state", "dead", home=tmp_path)
    assert (wrong.returncode, "a delivery is queued, done, failed; not 'dead'" in wrong.stderr) == (2, True)
    for identity, code, said in (
        (ids[0], 0, "will be worked on again"),
        (rows[-1]["id"], 0, "is told to its commit again"),
        (ids[1], 2, f"{ids[1]}: it is done, or failed so long ago"),
        ("hkd_none", 2, "there is no hkd_none"),
    ):
        done = assay("sources", "replay", identity, home=tmp_path)
        assert (done.returncode, said in " ".join(done.stderr.split())) == (code, True), done.stderr
    assert "failed" not in deliveries(tmp_path, found["id"])
    parts.close()


def deliveries(home: Path, *arguments: str) -> str:
    done = assay("sources", "deliveries", *arguments, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout
