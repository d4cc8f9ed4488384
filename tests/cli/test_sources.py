"""`assay sources`: what is printed once, what never again, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.actions import Parts
from app.settings import Settings
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
    told = json.loads(assay("sources", "list", "--json", home=tmp_path).stdout)[0]
    assert (told["token"], told["app"], told["pattern"]) == (True, False, "claims/*/claim.toml")
    rotated = assay("sources", "rotate", source, "--overlap", "0s", home=tmp_path)
    assert rotated.stdout.strip() != found["secret"]
    assert "ping" in assay("sources", "deliveries", source, home=tmp_path).stdout
    assert assay("sources", "deliveries", "src_none", home=tmp_path).returncode == 2
    assert assay("sources", "remove", source, home=tmp_path).returncode == 0
    assert assay("sources", "remove", source, home=tmp_path).returncode == 2
    assert "removed" in assay("sources", "list", home=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("github",), "needs --repository"),
        (("generic", "--repository", "octo/claims", "--repository-id", "1"), "a program has neither"),
        (("github", "--repository", "octo", "--repository-id", "1"), "is no repository"),
        (("github", "--repository", "octo/claims", "--repository-id", "x"), "is no repository"),
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
