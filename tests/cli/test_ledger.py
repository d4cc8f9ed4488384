"""`assay ledger`: what a stranger fetches from a service, and what holds of it on another machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core import checkpoints
from cli.client import Client
from cli.main import run
from tests.api.bundles import script_bundle
from tests.api.service import open_service
from tests.core.builders import KEY, SIGNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.api.service import Service

Said = tuple[int, str, str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service with two verdicts and a signed checkpoint over them."""
    from app.store import migrate

    template = tmp_path_factory.mktemp("template") / "assay.db"
    migrate.upgrade(f"sqlite:///{template}")
    for found in open_service(template, tmp_path_factory.mktemp("service")):
        for number in range(2):
            found.conclude(lambda _: None, {**script_bundle(), "notes.txt": str(number).encode()})
        actions.make_checkpoint(found.parts, lambda body: checkpoints.sign(body, SIGNER))
        yield found


@pytest.fixture
def said(
    service: Service, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> Callable[..., Said]:
    """Return the command as a function; it speaks to the service without a socket."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))

    def connect(self: Client, url: str) -> None:
        self.url = url
        self._http = service.client

    monkeypatch.setattr(Client, "__init__", connect)
    monkeypatch.setattr(Client, "__exit__", lambda *_: None)

    def call(*arguments: str | Path) -> Said:
        monkeypatch.setattr("sys.argv", ["assay", "ledger", *map(str, arguments)])
        code = run()
        out, err = capfdbinary.readouterr()
        return int(code), out.decode(), err.decode()

    return call


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return the judge's public key as a file."""
    path = tmp_path / "judge.pem"
    path.write_text(KEY.public.pem)
    return path


def fetched(said: Callable[..., Said], path: Path, *what: str) -> Path:
    code, out, err = said(*what, "--out", path)
    assert (code, out) == (0, "")
    assert f"assay ledger verify {path}" in err
    return path


def test_an_export_and_every_receipt_hold_and_are_trusted_with_the_judges_key(
    said: Callable[..., Said], key: Path, tmp_path: Path
) -> None:
    files = [fetched(said, tmp_path / "ledger.ndjson", "export")]
    files += [fetched(said, tmp_path / f"{index}.json", "receipt", str(index)) for index in (0, 1)]
    for file in files:
        code, out, _ = said("verify", file)
        assert code == 3
        assert "no trusted key has signed it" in out
        code, out, _ = said("verify", file, "--key", key)
        assert code == 0
        assert "everything holds, and a trusted key has signed it" in out


def test_a_receipt_is_fetched_by_its_verdict_and_printed(said: Callable[..., Said], service: Service) -> None:
    verdict = service.client.get("/v1/ledger").json()["rows"][1]["body"]["verdict"]
    code, out, _ = said("receipt", verdict)
    assert (code, json.loads(out)["leaf"]["body"]["verdict"]) == (0, verdict)
    assert json.loads(out) == json.loads(said("receipt", "1")[1])


def test_a_ledger_that_grew_continues_the_one_that_was_kept_and_a_rewritten_one_does_not(
    said: Callable[..., Said], service: Service, key: Path, tmp_path: Path
) -> None:
    kept = fetched(said, tmp_path / "kept.json", "receipt", "0")
    service.conclude(lambda _: None, {**script_bundle(), "notes.txt": b"more"})
    grown = fetched(said, tmp_path / "grown.ndjson", "export")
    code, out, _ = said("verify", grown, "--against", kept, "--key", key)
    assert code == 3
    assert "a trusted key has signed the first 2 rows" in out
    head, first, second, *rest = grown.read_bytes().splitlines(keepends=True)
    (tmp_path / "rewritten").write_bytes(b"".join([head, first.replace(b"UNVERIFIED", b"VERIFIED"), second, *rest]))
    code, out, _ = said("verify", tmp_path / "rewritten")
    assert code == 1
    assert "contradicted: row 1 does not have the hashes that it states" in out
    code, _, err = said("verify", grown, "--against", tmp_path / "rewritten")
    assert code == 2
    assert "does not hold itself" in err


def test_json_says_the_same(said: Callable[..., Said], key: Path, tmp_path: Path) -> None:
    receipt = fetched(said, tmp_path / "receipt.json", "receipt", "0")
    code, out, _ = said("verify", receipt, "--key", key, "--json")
    document = json.loads(out)
    assert (code, document["ok"], document["size"], document["trusted_size"]) == (0, True, 2, 2)
    assert document["leaf"]["seq"] == 1
    receipt.write_text(receipt.read_text().replace('"index":0', '"index":1'))
    code, out, _ = said("verify", receipt, "--json")
    assert (code, json.loads(out)["ok"]) == (1, False)


def test_a_signature_of_somebody_else_under_the_judges_name_is_a_contradiction(
    said: Callable[..., Said], key: Path, tmp_path: Path
) -> None:
    receipt = fetched(said, tmp_path / "receipt.json", "receipt", "0")
    document = json.loads(receipt.read_text())
    document["signature"]["signature"] = "A" * 86 + "=="
    receipt.write_text(json.dumps(document))
    assert said("verify", receipt, "--key", key)[0] == 1
    assert said("verify", receipt)[0] == 3  # a key that is not known proves nothing and contradicts nothing
    document["signature"]["signature"] = 5
    receipt.write_text(json.dumps(document))
    assert said("verify", receipt)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["verify", "nowhere"], 2),
        (["verify", "."], 2),
        (["verify", "pyproject.toml"], 2),
        (["receipt", "9"], 2),
        (["receipt", "vrd_none"], 2),
        (["receipt", "../../secrets"], 2),
        (["receipt", "0?x=1"], 2),
        (["receipt", "²"], 2),
        (["export", "--out", "/nowhere/ledger"], 2),
        (["export", "--url", "localhost"], 2),
        ([], 2),
    ],
)
def test_what_cannot_be_done_is_a_refusal_and_never_a_contradiction(
    said: Callable[..., Said], arguments: list[str], code: int
) -> None:
    found, _, err = said(*arguments)
    assert found == code
    assert err


def test_something_else_at_the_address_is_a_fault(
    said: Callable[..., Said], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = service.client.get("/openapi.json")
    page._content = b"<html>"
    monkeypatch.setattr(Client, "fetch", lambda *_: page)
    code, _, err = said("export")
    assert code == 5
    assert "is no Assay service" in err
