"""Files sent one by one: whole or not at all, nobody else's business, and kept until a bundle has had time to name them."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import uvicorn

from app import actions
from app.actions import sweeping
from app.api import blobs as door
from app.core.caller import Scope
from app.core.canonical import digest
from app.store import blobs as stored
from app.store import uploads
from app.store.errors import BlobTampered
from tests.api.bundles import inside, script_bundle, tarred, zipped
from tests.api.service import ADDRESS, TARGET
from tests.api.tenants import SECRET, World, bundle, ids_of, matching, worlds
from tests.store.house import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import httpx2
    from fastapi.testclient import TestClient

    from tests.api.service import Service

DAY = 86_400


def address(data: bytes) -> str:
    return f"/v1/blobs/{digest(data)}"


def put(client: TestClient, data: bytes, where: str | None = None) -> httpx2.Response:
    return client.put(where or address(data), content=data, headers={"Content-Type": "application/octet-stream"})


def names(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Return the body that names every file of a bundle."""
    return {"files": {name: digest(data) for name, data in files.items()}}


def lying(service: Service) -> dict[str, int]:
    """Return every stored file, with its inode."""
    folder = service.parts.blobs.folder
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("lock-")]
    return {path.name: path.stat().st_ino for path in found}


def age(service: Service, found: str, seconds: float = DAY + 60) -> None:
    """Let a file have been sent so long ago."""
    path = service.parts.blobs.path(found)
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the service with two publishers, on both databases."""
    yield from worlds(request.param, migrated, tmp_path_factory.mktemp("blobs"))


# --- one file ----------------------------------------------------------------------------------------------------------


def test_a_file_is_sent_and_read_back(service: Service) -> None:
    data = os.urandom(700_000)
    answer = put(service.client, data)
    assert (answer.status_code, answer.json()) == (201, {"digest": digest(data), "size": len(data)})
    assert answer.headers["Location"] == address(data)
    assert put(service.client, data).status_code == 200
    read = service.client.get(address(data))
    assert (read.status_code, read.content) == (200, data)
    assert read.headers["ETag"] == f'"{digest(data)}"'
    assert read.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert read.headers["Content-Type"] == "application/octet-stream"
    assert read.headers["Content-Disposition"].startswith("attachment;")
    known = service.client.get(address(data), headers={"If-None-Match": read.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_a_look_whether_a_file_is_there_reads_nothing_of_it(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    put(service.client, b"there")
    monkeypatch.setattr(stored, "_holds", lambda *_: pytest.fail("its bytes were read"))
    answer = service.client.head(address(b"there"))
    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "5", b"")
    assert service.client.head(address(b"not there")).status_code == 404


@pytest.mark.parametrize("said", ["sha256:" + "A" * 64, "sha256:" + "a" * 63, "md5:" + "a" * 32, "sha256:..%2F..%2Fx"])
def test_what_is_no_digest_is_no_address(service: Service, said: str) -> None:
    for method in ("GET", "HEAD"):
        assert service.client.request(method, f"/v1/blobs/{said}").status_code == 404
    answer = service.client.put(f"/v1/blobs/{said}", content=b"x")
    if ".." in said:  # a path of its own
        assert answer.status_code == 404
    else:
        assert (answer.status_code, "sha256: and 64 hexadecimal digits" in answer.json()["detail"]) == (422, True)
    assert lying(service) == {}


def test_a_file_with_another_digest_is_not_kept(service: Service) -> None:
    before = service.rows()
    for sent, named in ((b"one", b"two"), (b"", b"two"), (b"x" * 1_000_000, b"x" * 999_999)):
        answer = put(service.client, sent, address(named))
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/digest-mismatch")
        assert service.client.head(address(named)).status_code == 404
    assert (service.rows(), lying(service)) == (before, {})


def test_a_broken_file_is_a_problem_and_is_healed_by_sending_it_again(service: Service) -> None:
    put(service.client, b"8.7")
    path = service.parts.blobs.path(digest(b"8.7"))
    path.chmod(0o600)
    path.write_bytes(b"9.9")
    answer = service.client.get(address(b"8.7"))
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/service-fault")
    path.unlink()
    assert service.client.get(address(b"8.7")).status_code == 404
    assert service.client.head(address(b"8.7")).status_code == 404
    assert put(service.client, b"8.7").status_code == 200
    assert service.client.get(address(b"8.7")).content == b"8.7"


@pytest.mark.parametrize("declared", [True, False], ids=["said in advance", "noticed while reading"])
def test_a_file_above_the_services_limit_leaves_nothing(
    serving: Callable[..., AbstractContextManager[Service]], *, declared: bool
) -> None:
    with serving(body_bytes_max=10_000) as service:
        data = b"x" * 20_000
        content = data if declared else iter([data[:5_000]] * 4)
        answer = service.client.put(address(data), content=content)
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")
        assert lying(service) == {}


# --- senders that lie, break off or are slow ---------------------------------------------------------------------------


@contextmanager
def listening(service: Service) -> Iterator[int]:
    """Serve the application at a port."""
    server = uvicorn.Server(uvicorn.Config(service.client.app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


def head_of(data: bytes, length: int) -> bytes:
    return f"PUT {address(data)} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()


def test_a_body_that_breaks_off_leaves_nothing(service: Service) -> None:
    data = b"x" * 600_000
    with listening(service) as port:
        for sent in (b"", data[:10], data[:-1]):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(head_of(data, len(data)) + sent)
                time.sleep(0.1)
        deadline = time.monotonic() + 10
        while lying(service) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert lying(service) == {}
    assert service.rows()["upload"] == 0


def test_a_body_is_as_long_as_its_header_says_whatever_else_is_sent(service: Service) -> None:
    data = b"the file"
    with listening(service) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head_of(data, len(data) - 1) + data)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 422 ")
    assert lying(service) == {}


def test_nothing_behind_a_body_of_two_lengths_is_answered(service: Service) -> None:
    head = b"PUT /v1/records/first HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    chunks = b"2\r\n{}\r\n0\r\n\r\n"
    behind = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    twice = b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(chunks + behind)
    with listening(service) as port:
        for lengths, answers in ((b"Transfer-Encoding: chunked\r\n\r\n", 2), (twice, 1)):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                connection.sendall(head + lengths + chunks + behind)
                found = b"".join(iter(lambda: connection.recv(1 << 16), b""))
                assert found.count(b"HTTP/1.1 ") == answers


def test_slow_senders_hold_no_thread(service: Service) -> None:
    data = b"x" * 600_000
    with listening(service) as port:
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        try:
            for connection in slow:
                connection.sendall(head_of(data, len(data)) + data[:100])
            with socket.create_connection(("127.0.0.1", port), timeout=20) as quick:
                quick.sendall(head_of(b"quick", 5) + b"quick")
                assert quick.recv(1 << 16).startswith(b"HTTP/1.1 201 ")
        finally:
            for connection in slow:
                connection.close()


def test_many_send_the_same_at_once(world: World) -> None:
    data = os.urandom(300_000)
    answers = at_once(*[lambda: put(world.as_("bob"), data)] * 25)
    assert {getattr(item, "status_code", item) for item in answers} <= {200, 201}
    assert world.as_("bob").get(address(data)).content == data
    assert not [name for name in lying(world.service) if name.startswith("new-")]


# --- a bundle of files that were sent ----------------------------------------------------------------------------------


def test_a_bundle_has_the_same_seal_whichever_way_it_comes(service: Service) -> None:
    files = {**script_bundle(), "data/more.csv": b"1,2\n", "empty.py": b""}
    whole = service.submit(files).json()
    seals = {whole["seal"]}
    for data in files.values():
        assert put(service.client, data).status_code in {200, 201}
    body = names(files)
    again = service.client.post(TARGET, json=body)
    assert (again.status_code, again.json()["id"]) == (200, whole["id"])
    seals.add(service.client.post(TARGET, json=body, params={"force": True}).json()["seal"])
    seals.add(service.send(zipped(files), force=True).json()["seal"])
    hidden = {**inside("outer", files), "outer/.git/config": b"never sent"}
    seals.add(service.client.post(TARGET, json=names(hidden), params={"force": True}).json()["seal"])
    seals.add(service.send(tarred(hidden), force=True).json()["seal"])
    assert len(seals) == 1


def test_a_bundle_of_files_is_verified(service: Service) -> None:
    files = script_bundle()
    for data in files.values():
        put(service.client, data)
    sent = service.client.post(TARGET, json=names(files))
    assert (sent.status_code, sent.headers["Location"]) == (202, sent.json()["urls"]["self"])
    done = service.conclude(matching, files)
    assert done["id"] == sent.json()["id"]
    assert done["verdict"]["status"] in {"VERIFIED", "UNVERIFIED"}


def test_everything_that_is_missing_is_told_at_once_and_nothing_is_stored(service: Service) -> None:
    files = {**script_bundle(), "a/b~c.csv": b"odd"}
    put(service.client, files["claim.toml"])
    before = service.rows()
    answer = service.client.post(TARGET, json=names(files))
    assert answer.status_code == 422
    errors = {item["pointer"]: item for item in answer.json()["errors"]}
    assert errors.keys() == {"/files/reproduce.py", "/files/scores.csv", "/files/a~1b~0c.csv"}
    for pointer, name in (("/files/reproduce.py", "reproduce.py"), ("/files/a~1b~0c.csv", "a/b~c.csv")):
        assert errors[pointer]["code"] == "missing-blob"
        assert address(files[name]) in errors[pointer]["remedy"]
    assert service.rows() == before
    for data in files.values():
        put(service.client, data)
    assert service.client.post(TARGET, json=names(files)).status_code == 202


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"../claim.toml": b"x"}, "bad-name"),
        ({"/etc/passwd": b"x"}, "bad-name"),
        ({"a\\b": b"x"}, "bad-name"),
        ({"link": b"x", "link/below": b"x"}, "duplicate-name"),
        ({"Scores.csv": b"x"}, "duplicate-name"),
        ({"/".join("abcdefghijklmnop"): b"x"}, "too-deep"),
    ],
)
def test_names_are_checked_as_those_of_an_archive(service: Service, files: dict[str, bytes], code: str) -> None:
    both = {**script_bundle(), **files}
    for data in both.values():
        put(service.client, data)
    before = service.rows()
    for answer in (service.client.post(TARGET, json=names(both)), service.submit(both)):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert service.rows() == before


@pytest.mark.parametrize(
    ("document", "pointer", "code"),
    [
        ({"files": []}, "/files", "wrong-type"),
        ({"files": {}}, "", "missing-claim"),
        ({"files": {"a~b": "sha256:x"}}, "/files/a~0b", "no-digest"),
        ({"files": {"a": f"sha256:{'a' * 64}\n"}}, "/files/a", "no-digest"),
        ({"files": {"a": 1}}, "/files/a", "no-digest"),
        ({"files": {}, "claim": {}}, "/claim", "unknown-key"),
    ],
)
def test_what_is_no_list_of_files_is_refused_with_its_place(
    service: Service, document: Any, pointer: str, code: str
) -> None:
    answer = service.client.post(TARGET, json=document)
    (found,) = answer.json()["errors"]
    assert (answer.status_code, found["pointer"], found["code"]) == (422, pointer, code)
    assert found["remedy"]


def test_a_bundle_of_files_has_the_limits_of_an_archive(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.intake.gate import ArchiveLimits

    files = script_bundle()
    for data in files.values():
        put(service.client, data)
    small = ArchiveLimits(unpacked_bytes=sum(map(len, files.values())) - 1)
    monkeypatch.setattr(actions.intake, "ArchiveLimits", lambda: small)
    assert service.client.post(TARGET, json=names(files)).json()["errors"][0]["code"] == "too-large"


@pytest.mark.parametrize("claim", ["stated", "missing", "too large"])
def test_naming_files_reads_none_but_the_claim(service: Service, monkeypatch: pytest.MonkeyPatch, claim: str) -> None:
    """A request of a few kilobytes names gigabytes: what a list costs is no matter of what it names."""
    files = {**script_bundle(), "data/big.bin": os.urandom(100_000)}
    if claim == "missing":
        del files["claim.toml"]
    if claim == "too large":
        files["claim.toml"] = b"#" * ((1 << 20) + 1)
    for data in files.values():
        put(service.client, data)
    read, opened = service.parts.blobs.read, list[str]()
    monkeypatch.setattr(service.parts.blobs, "read", lambda found: (opened.append(found), read(found))[1])
    monkeypatch.setattr(stored, "_holds", lambda *_: pytest.fail("bytes were hashed"))
    answer = service.client.post(f"{TARGET}/batch", json={"claims": [names(files)] * 3}).json()
    if claim == "stated":
        assert [item["status"] for item in answer["data"]] == [202, 200, 200]
        assert opened == [digest(files["claim.toml"])] * 3
    else:
        codes = [item["problem"]["errors"][0]["code"] for item in answer["data"]]
        assert (codes, opened) == ([f"{'missing-claim' if claim == 'missing' else 'claim-too-large'}"] * 3, [])


@pytest.mark.parametrize(("table", "statuses"), [(b"a,b\n1,2\n", [202, 200, 200]), (b"\xff", [422] * 3)])
def test_a_source_is_read_once_however_many_name_it(
    service: Service, monkeypatch: pytest.MonkeyPatch, table: bytes, statuses: list[int]
) -> None:
    files = script_bundle()
    files["claim.toml"] += b'\n[[source]]\nid = "t"\ntitle = "T"\nfile = "t.csv"\n'
    files["t.csv"] = table
    for data in files.values():
        put(service.client, data)
    read, opened = service.parts.blobs.read, list[str]()
    monkeypatch.setattr(service.parts.blobs, "read", lambda found: (opened.append(found), read(found))[1])
    answer = service.client.post(f"{TARGET}/batch", json={"claims": [names(files)] * 3}).json()
    assert [item["status"] for item in answer["data"]] == statuses
    assert opened.count(digest(table)) == 1
    if 422 in statuses:
        assert {item["problem"]["errors"][0]["code"] for item in answer["data"]} == {"source-unreadable"}


def test_a_file_that_broke_is_healed_by_sending_it_again_although_it_is_named_already(service: Service) -> None:
    """Naming it does not read it; whoever reads it finds that it is not what was sealed."""
    files = script_bundle()
    for data in files.values():
        put(service.client, data)
    path = service.parts.blobs.path(digest(files["scores.csv"]))
    path.chmod(0o600)
    path.write_bytes(b"other")
    assert service.client.post(TARGET, json=names(files)).status_code == 202
    with pytest.raises(BlobTampered):
        service.parts.blobs.read(digest(files["scores.csv"]))
    assert put(service.client, files["scores.csv"]).status_code == 200
    assert service.conclude(matching, files)["verdict"]["status"] in {"VERIFIED", "UNVERIFIED"}


def test_a_batch_takes_lists_of_files_each_for_itself(service: Service) -> None:
    files = script_bundle()
    for data in files.values():
        put(service.client, data)
    claims = [names(files), names({**files, "more.txt": b"never sent"}), {"files": 1}]
    headers = {"Idempotency-Key": "k"}
    answer = service.client.post(f"{TARGET}/batch", json={"claims": claims}, headers=headers).json()
    assert [item["status"] for item in answer["data"]] == [202, 422, 422]
    assert answer["data"][1]["problem"]["errors"][0]["pointer"] == "/files/more.txt"
    again = service.client.post(f"{TARGET}/batch", json={"claims": claims}, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_list_of_files_sent_twice_under_its_key_is_done_once(service: Service) -> None:
    files, headers = script_bundle(), {"Idempotency-Key": "k"}
    assert service.client.post(TARGET, json=names(files), headers=headers).status_code == 422
    for data in files.values():
        put(service.client, data)
    first = service.client.post(TARGET, json=names(files), headers=headers, params={"force": True})
    again = service.client.post(TARGET, json=names(files), headers=headers, params={"force": True})
    assert (again.json()["id"], again.headers["Idempotent-Replayed"]) == (first.json()["id"], "true")


# --- whose it is -------------------------------------------------------------------------------------------------------


def test_who_may_not_know_of_a_file_is_answered_as_if_nobody_had_sent_it(world: World) -> None:
    """Alice sent one by itself and one in a bundle; there is one that nobody sent. Bob meets no difference."""
    alice, bob = world.as_("alice"), world.as_("bob")
    alone, fresh = os.urandom(64), os.urandom(64)
    put(alice, alone)
    told = []
    for data in (alone, f"{SECRET}-gain".encode(), fresh):
        with world.statements() as asked:
            answers = [bob.head(address(data)), bob.get(address(data))]
            named = bob.post(TARGET, json={"files": {"claim.toml": digest(data)}})
        shown = [(item.status_code, item.text.replace(digest(data), "")) for item in answers]
        told.append(([(code, len(text)) for code, text in shown], named.json()["errors"][0]["code"], asked))
    assert told[0] == told[1] == told[2]
    assert told[0][1] == "missing-blob"


def test_sending_what_another_stored_is_as_much_work_as_sending_what_is_new(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, flushed = os.fsync, list[int]()
    monkeypatch.setattr(stored.os, "fsync", lambda handle: (flushed.append(handle), flush(handle))[1])
    # One folder: whether that is new is no matter of the file.
    data = [next(item for item in iter(lambda: os.urandom(64), b"") if digest(item)[7:9] == "ab") for _ in range(3)]
    put(world.as_("alice"), data[0])
    put(world.as_("alice"), data[2])
    told = []
    for item in data[:2]:
        flushed.clear()
        with world.statements() as asked:
            answer = put(world.as_("bob"), item)
        told.append((answer.status_code, sorted(answer.headers), len(flushed), asked))
    assert told[0] == told[1]
    assert told[0][0] == 201
    flushed.clear()
    assert (put(world.as_("alice"), data[2]).status_code, flushed) == (200, []), (
        "what is one's own is not written twice"
    )


def test_files_of_evidence_are_read_by_who_may_read_the_evidence(world: World) -> None:
    ids = ids_of(world.of("alice").conclude(matching, bundle("taken-back", None)))
    where = f"/v1/blobs/{ids['file']}"
    for visibility, seen in (("public", 200), ("private", 404)):
        path = f"/v1/claims/{ids['claim_id']}"
        tag = world.as_("alice").get(path).headers["ETag"]
        world.as_("alice").patch(path, json={"visibility": visibility}, headers={"If-Match": tag})
        for who in ("bob", "poor", None):
            assert world.as_(who).get(where).status_code == seen, (visibility, who)
        assert world.as_("alice").get(where).content == b"taken-back"
        assert world.as_("admin").head(where).status_code == 200


def test_a_key_sends_files_that_may_submit(world: World) -> None:
    world.make("pipeline", "alice", frozenset({Scope.VERIFICATIONS_WRITE}))
    assert put(world.as_("poor"), b"by poor").status_code == 403
    assert put(world.as_(None), b"by nobody").status_code == 401
    assert put(world.as_("pipeline"), b"by pipeline").status_code == 201
    assert [world.as_(who).head(address(b"by pipeline")).status_code for who in ("pipeline", "alice")] == [200, 200]
    assert [world.as_(who).head(address(b"by pipeline")).status_code for who in ("poor", "bob", None)] == [404] * 3


def test_the_room_of_a_publisher_is_not_overrun(serving: Callable[..., AbstractContextManager[Service]]) -> None:
    room = 5 * (1_000 + uploads.ROW_BYTES)
    with serving(upload_bytes_max=room) as service:
        answers = at_once(*[lambda n=n: put(service.client, bytes([n]) * 1_000) for n in range(12)])
        codes = sorted(getattr(item, "status_code", 0) for item in answers)
        assert codes == [201] * 5 + [429] * 7
        refused = next(item for item in answers if getattr(item, "status_code", 0) == 429)
        assert refused.json()["type"] == "/problems/no-room"  # type: ignore[union-attr]
        assert DAY - 60 < int(refused.headers["Retry-After"]) <= DAY  # type: ignore[union-attr]
        kept = [n for n in range(12) if service.client.head(address(bytes([n]) * 1_000)).status_code == 200]
        assert len(kept) == 5
        assert len(lying(service)) == 5, "what was refused takes room"
        assert put(service.client, bytes([kept[0]]) * 1_000).status_code == 200, "what is there needs no more room"


def test_what_has_no_room_is_refused_before_its_bytes_are_taken(
    serving: Callable[..., AbstractContextManager[Service]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_receive", lambda *_: pytest.fail("its bytes were read"))
    with serving(upload_bytes_max=1_000) as service:
        assert put(service.client, b"x" * 2_000).status_code == 429


@pytest.mark.parametrize("at", ["once", "the same moment"])
def test_what_does_not_say_how_long_it_is_takes_no_room_either(
    serving: Callable[..., AbstractContextManager[Service]], monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """At the same moment: as if all had looked before any of them was noted."""
    room = 2 * (1_000 + uploads.ROW_BYTES) + uploads.ROW_BYTES + 900  # for one more, if it were a little smaller
    with serving(upload_bytes_max=room) as service:
        if at == "the same moment":
            look = actions.uploads._check
            looked: list[str] = []

            def check(session: Any, parts: Any, publisher: str, found: str, size: int) -> None:
                looked.append(found)
                if looked.count(found) > 2:  # its third look is that of the transaction
                    look(session, parts, publisher, found, size)

            monkeypatch.setattr(actions.uploads, "_check", check)
        sent = [bytes([n]) * 1_000 for n in range(4)]
        answers = [service.client.put(address(data), content=iter([data[:300], data[300:]])) for data in sent]
        assert [item.status_code for item in answers] == [201, 201, 429, 429]
        assert lying(service).keys() == {digest(data).removeprefix("sha256:") for data in sent[:2]}
        assert service.rows()["upload"] == 2


# --- the sweeper -------------------------------------------------------------------------------------------------------


def past(service: Service) -> None:
    """Let everything that was sent by itself have been sent long ago."""
    with service.parts.store.transaction() as session:
        session.connection().exec_driver_sql("UPDATE upload SET sent_at = '2020-01-01 00:00:00.000000'")


def test_a_file_that_no_bundle_names_is_forgotten_after_a_day(service: Service) -> None:
    put(service.client, b"lonely")
    age(service, digest(b"lonely"))  # the row keeps it, however old the file looks
    assert actions.tidy(service.parts) == 0
    past(service)
    assert service.client.head(address(b"lonely")).status_code == 404, "also before a sweeper came by"
    assert actions.tidy(service.parts) == 1
    assert (lying(service), service.rows()["upload"]) == ({}, 0)


def test_a_file_that_a_bundle_names_stays(service: Service) -> None:
    files = script_bundle()
    for data in files.values():
        put(service.client, data)
    service.client.post(TARGET, json=names(files))
    past(service)
    for data in files.values():
        age(service, digest(data))
    assert actions.tidy(service.parts) == 0
    assert service.client.get(address(files["scores.csv"])).content == files["scores.csv"]


def test_a_file_that_is_sent_while_the_sweeper_looks_stays(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has asked which blobs somebody needs, and has not removed the others yet."""
    put(service.client, b"contested")
    age(service, digest(b"contested"))
    past(service)
    ask = uploads.kept

    def asked(*arguments: Any) -> Any:
        found = ask(*arguments)
        assert put(service.client, b"contested").status_code == 201
        return found

    monkeypatch.setattr(sweeping.uploads, "kept", asked)
    assert actions.tidy(service.parts) == 0
    assert service.client.get(address(b"contested")).content == b"contested"


def test_a_file_that_is_swept_while_it_is_named_is_missing_or_stays(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = script_bundle()
    for data in files.values():
        put(service.client, data)
    look = uploads.readable

    def looked(*arguments: Any) -> Any:
        found = look(*arguments)
        past(service)
        for data in files.values():
            age(service, digest(data))
        assert actions.tidy(service.parts) == len(files)
        return found

    monkeypatch.setattr(actions.intake.uploads, "readable", looked)
    answer = service.client.post(TARGET, json=names(files))
    assert {item["code"] for item in answer.json()["errors"]} == {"missing-blob"}
    monkeypatch.undo()
    for data in files.values():
        assert put(service.client, data).status_code == 201
    for data in files.values():
        age(service, digest(data))
    read = service.parts.blobs.read

    def reading(found: str) -> bytes:
        past(service)
        assert actions.tidy(service.parts) == 0, "what is about to be sealed was taken away"
        return read(found)

    monkeypatch.setattr(service.parts.blobs, "read", reading)  # the claim's own file, once all are known to be there
    assert service.client.post(TARGET, json=names(files)).status_code == 202


def test_senders_and_sweepers_at_once_lose_nothing(service: Service) -> None:
    """Every file that was answered for is there, and every bundle that was taken in is whole, whatever is swept."""
    files = script_bundle()
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            past(service)
            for data in files.values():
                with suppress(FileNotFoundError):
                    age(service, digest(data))
            actions.tidy(service.parts)

    taken = 0
    with ThreadPoolExecutor(1) as pool:
        sweeping_ = pool.submit(sweep)
        try:
            for _ in range(15):
                for data in files.values():
                    assert put(service.client, data).status_code in {200, 201}
                answer = service.client.post(TARGET, json=names(files), params={"force": True})
                assert answer.status_code in {202, 422}, answer.text
                taken += answer.status_code == 202
                if answer.status_code == 422:
                    assert {item["code"] for item in answer.json()["errors"]} == {"missing-blob"}
        finally:
            over.set()
            sweeping_.result(30)
    if taken:
        assert all(service.parts.blobs.read(digest(data)) == data for data in files.values())


def test_the_disconnect_of_a_sender_is_told_to_nobody_as_a_fault(service: Service) -> None:
    """Straight at the application: the body's first piece, then the end of the connection."""
    sent: list[dict[str, Any]] = []
    told = iter([{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}])

    async def ask() -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "PUT",
            "path": address(b"whole"),
            "raw_path": address(b"whole").encode(),
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"host", ADDRESS.removeprefix("http://").encode())],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
        }

        async def receive() -> dict[str, Any]:
            return next(told)

        async def send(message: Any) -> None:
            sent.append(message)

        await service.client.app(scope, receive, send)  # type: ignore[arg-type]

    anyio.run(ask)
    assert sent[0]["status"] == 400
    assert lying(service) == {}
