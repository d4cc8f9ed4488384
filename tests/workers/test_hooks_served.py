"""A pushed `accuracy = 8.7`: signed webhook, verdict, the commit's status, signed event, with every process of a host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from standardwebhooks import Webhook

from app.core.hooks import Kind
from tests.cli.command import assay, eventually
from tests.cli.served import Served
from tests.workers.deliveries import by_github, push
from tests.workers.forge import NAME, NUMBER, Forge, Repository
from tests.workers.receivers import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLAIM = """\
schema = "assay-claim-v1"

[claim]
id = "{name}"
statement = "The model's mean accuracy over five runs is {accuracy}"

[[expect]]
metric = "accuracy"
value = "{accuracy}"
rule = "rounding"

[reproduce]
kind = "script"
entrypoint = "reproduce.py"
inputs = ["scores.csv"]
"""
SCRIPT = b"""\
import json, os

with open(os.path.join(os.environ["ASSAY_INPUT"], "scores.csv")) as file:
    scores = [float(line) for line in file]
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({"accuracy": sum(scores) / len(scores)}, file)
"""
LACKING = "ModuleNotFoundError: No module named 'nowhere_to_be_had'"
SCORES = b"8.12\n9.31\n8.47\n8.95\n8.66\n"  # their mean is 8.702


def bundle(name: str, accuracy: str) -> dict[str, bytes]:
    claim = CLAIM.format(name=name, accuracy=accuracy).encode()
    files = {"claim.toml": claim, "reproduce.py": SCRIPT, "scores.csv": SCORES}
    return {f"claims/{name}/{path}": data for path, data in files.items()}


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    key = rsa.generate_private_key(65537, 2048)
    encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
    (tmp_path / "app.pem").write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, none))
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    repository = Repository(tmp_path / "repository")
    with Forge(Kind.GITHUB, repository, public.decode()) as found:
        yield found
        assert found.wrong == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.mark.box
@pytest.mark.slow
def test_a_pushed_accuracy_is_verified_shown_on_its_line_and_told(
    a_box: None, forge: Forge, receiver: Receiver, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    opened = json.dumps([forge.named, f"localhost:{forge.port}", receiver.named("127.0.0.1")])
    listening = assay(
        *("hooks", "add", receiver.url("127.0.0.1"), "--publisher", "octo", "--event", "verdict.recorded"),
        home=home,
        ASSAY_OUTSIDE_ALLOW=opened,
    )
    assert listening.returncode == 0, listening.stderr
    app = ["--app-id", "77", "--app-installation", "5", "--app-key-file", str(tmp_path / "app.pem")]
    added = assay(
        *("sources", "add", "github", "--repository", NAME, "--repository-id", str(NUMBER), "--publisher", "octo"),
        *("--path", "claims/*/claim.toml", "--api", forge.base, *app, "--json"),
        home=home,
        ASSAY_OUTSIDE_ALLOW=opened,
    )
    assert added.returncode == 0, added.stderr
    source = json.loads(added.stdout)
    before = forge.repository.commit({**bundle("model-a", "9.9"), **bundle("model-b", "8.7")})
    changed = bundle("model-a", "8.7")
    sha = forge.repository.commit(changed)

    served = Served(home, ASSAY_OUTSIDE_ALLOW=opened)
    try:
        payload = push(before, sha, [{"modified": ["claims/model-a/claim.toml"]}])
        headers, body = by_github(source["secret"], "push", payload)
        address = f"{served.url}/v1/hooks/{source['id']}"
        forged = {**headers, "x-hub-signature-256": "sha256=" + "0" * 64}
        assert httpx2.post(address, content=body, headers=forged, trust_env=False).status_code == 401
        answer = httpx2.post(address, content=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")
        eventually(lambda: forge.told(sha).get("assay/model-a") == "success", 90)
        assert forge.told(sha) == {"assay/model-a": "success"}
        again = httpx2.post(address, content=body, headers=headers, trust_env=False)
        assert (again.status_code, again.json()["state"]) == (202, "done")
        (verification,) = served.get("/v1/verifications?limit=50")["data"]
        eventually(lambda: receiver.heard, 60)
        broken = forge.repository.commit({"claims/model-b/reproduce.py": b"import nowhere_to_be_had\n"})
        headers, body = by_github(
            source["secret"], "push", push(sha, broken, [{"modified": ["claims/model-b/reproduce.py"]}])
        )
        assert httpx2.post(address, content=body, headers=headers, trust_env=False).status_code == 202
        eventually(lambda: forge.told(broken).get("assay/model-b") == "error", 90)
    finally:
        served.end()
    check_words(forge, broken)
    forge.checks = {number: check for number, check in forge.checks.items() if check["head_sha"] == sha}
    forge.statuses = [status for status in forge.statuses if status["sha"] == sha]
    assert forge.statuses[0]["state"] == "pending"
    assert forge.statuses[-1]["target_url"].endswith(f"/verifications/{verification['id']}")
    (check,) = forge.checks.values()
    assert (check["head_sha"], check["conclusion"]) == (sha, "success")
    (annotation,) = check["output"]["annotations"]
    lines = changed["claims/model-a/claim.toml"].decode().splitlines()
    assert (annotation["path"], lines[annotation["start_line"] - 1]) == ("claims/model-a/claim.toml", 'value = "8.7"')
    assert annotation["message"].startswith("VERIFIED: Sealed-sandbox script repro: Computed 8.702")
    _, names, sent = receiver.heard[0]
    event = Webhook(listening.stdout.strip()).verify(sent, names)
    told = event["data"]
    assert (event["type"], told["status"], told["verification_id"]) == (
        "verdict.recorded",
        "VERIFIED",
        verification["id"],
    )


def check_words(forge: Forge, sha: str) -> None:
    """Make sure that a commit was told what its script complained of, in every place that has room for it."""
    assert forge.told(sha) == {"assay/model-b": "error"}
    said = forge.said(sha, "assay/model-b")
    assert said.startswith("UNVERIFIED: ")
    assert said.endswith(f" stderr: {LACKING}")
    (check,) = (check for check in forge.checks.values() if check["head_sha"] == sha)
    assert check["conclusion"] == "neutral"
    assert f"\n    | {LACKING}\n" in check["output"]["summary"]
    (annotation,) = check["output"]["annotations"]
    assert annotation["message"].endswith(f"\n| {LACKING}")
