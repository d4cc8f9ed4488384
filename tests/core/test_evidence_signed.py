"""The signature on an archive: every single byte counts, and only keys that the reader brings make a signer trusted."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from app.core import dsse, statement
from app.core.canonical import canonical
from app.core.evidence import ArchivedRun, Unreadable, intact, verify
from app.core.evidence_archive import is_packing, pack, unpack
from app.core.keys import KnownKey
from tests.core.builders import KEY, SIGNER, a_formula_seal, a_run, a_signer, an_archive
from tests.core.test_evidence import evidence_of, resealed

OTHER = a_signer(2)


@cache
def small() -> bytes:
    """Return a small archive: a formula whose only run timed out."""
    return evidence_of(a_formula_seal(), [ArchivedRun(a_run("measure-0", outcome="timeout", result=None))])


def accepted(archive: bytes) -> bool:
    """Whether the command would exit with 0: everything holds and the signer is trusted."""
    try:
        report = verify(archive, [KEY])
    except Unreadable:
        return False
    return report.ok and report.trusted


def test_every_single_flipped_byte_of_an_archive_is_found() -> None:
    """Also those that no reader of gzip or tar looks at: times, padding, the kind of system."""
    archive = small()
    assert accepted(archive)
    for position in range(len(archive)):
        changed = bytearray(archive)
        changed[position] ^= 0x01
        assert not accepted(bytes(changed)), position


def test_every_single_flipped_byte_of_every_member_is_found_though_the_packing_fits() -> None:
    members = unpack(small())
    for name, data in members.items():
        for position in range(len(data)):
            changed = data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :]
            try:
                found = intact(pack({**members, name: changed}), [KEY])
            except Unreadable:
                continue
            assert found.findings, (name, position)
            assert not (found.trusted and name == statement.MEMBER), position


@pytest.mark.parametrize("more", [b"\0", b"x", bytes(512)])
def test_bytes_behind_an_archive_are_found(more: bytes) -> None:
    assert not accepted(small() + more)
    assert not is_packing(small() + more, unpack(small()))
    assert not is_packing(small()[:-1], unpack(small()))


@pytest.mark.parametrize("level", [0, 1, 9])
def test_an_archive_that_is_packed_by_another_program_is_found(level: int) -> None:
    """It has the same members; but a compressed stream has bits that nobody would check."""
    again = gzip.compress(gzip.decompress(small()), compresslevel=level, mtime=0)
    assert intact(again, [KEY]).findings == ("the archive is not packed as it was written",)


def test_a_large_archive_is_packed_in_more_blocks_than_one_and_read_by_others() -> None:
    members = {"a": bytes(range(256)) * 1024, "b": b"", "c" * 120: b"x" * 65535}
    archive = pack(members)
    assert unpack(archive) == members
    assert is_packing(archive, members)
    assert len(gzip.decompress(archive)) % 10240 == 0


# --- who is trusted --------------------------------------------------------------------------------------------------


def test_a_key_inside_the_archive_proves_nothing() -> None:
    """Anybody can sign; without a key that the reader brings, the signer is unknown, though everything holds."""
    report = verify(an_archive(signer=OTHER))
    assert report.ok
    assert (report.signed, report.signer, report.trusted) == (True, OTHER.public.id, False)
    report = verify(an_archive(signer=OTHER), [KEY])
    assert report.ok
    assert not report.trusted


def test_one_of_several_keys_suffices() -> None:
    assert verify(an_archive(), [KnownKey(OTHER.public), KEY]).trusted


JUDGED = datetime(2026, 11, 22, 12, tzinfo=UTC)  # the moment in the archives of the builders


@pytest.mark.parametrize(
    ("not_before", "retired_at", "trusted"),
    [
        (JUDGED, None, True),
        (datetime(2026, 11, 23, tzinfo=UTC), None, False),
        (None, datetime(2026, 11, 23, tzinfo=UTC), True),
        (None, JUDGED, False),
    ],
)
def test_a_known_key_signs_in_its_own_time_alone(
    not_before: datetime | None, retired_at: datetime | None, *, trusted: bool
) -> None:
    report = verify(an_archive(), [KnownKey(SIGNER.public, not_before, retired_at)])
    assert report.trusted is trusted
    says = "the verdict is of 2026-11-22T12:00:00+00:00, when its signer's key was not in use"
    assert report.findings == (() if trusted else (says,))


def restated(change: Callable[[dict[str, Any]], Any], signer: Any = SIGNER) -> bytes:
    """Return an archive whose statement was changed and signed again."""
    members = unpack(small())
    document = json.loads(dsse.read(members[statement.MEMBER]).payload)
    changed = change(document)
    body = canonical(changed or document)
    return pack({**members, statement.MEMBER: dsse.sign(statement.PAYLOAD_TYPE, body, signer)})


def no_time(document: dict[str, Any]) -> None:
    document["predicate"].pop("evaluated_at")


def less(document: dict[str, Any]) -> None:
    document["subject"].pop()


def subject(name: str, digest: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["subject"].append({"name": name, "digest": digest})


RESTATED = [
    pytest.param(lambda d: d["predicate"].update(seal="sha256:0"), "is not the one that the members make", id="a seal"),
    pytest.param(
        lambda d: d["predicate"]["verdict"].update(status="VERIFIED"),
        "is not the one that the members make",
        id="a status",
    ),
    pytest.param(
        lambda d: d["predicate"].update(publisher="me"), "is not the one that the members make", id="a publisher"
    ),
    pytest.param(lambda d: d.update(extra=1), "is not the one that the members make", id="a further member"),
    pytest.param(lambda d: d["subject"].reverse(), "is not the one that the members make", id="another order"),
    pytest.param(subject("seal.json", 7), "seal.json is not the file that was signed", id="a subject twice"),
    pytest.param(subject("nothing", {}), "nothing is missing", id="a subject that is not there"),
    pytest.param(less, "verdict.json is not in the signed statement", id="a subject less"),
    pytest.param(lambda d: d["subject"].append(7), "is not the one that the members make", id="a subject of no kind"),
    pytest.param(no_time, "does not say when the verdict was reached", id="no time"),
    pytest.param(
        lambda d: d["predicate"].update(evaluated_at="2026-11-22T12:00:00"),
        "does not say when the verdict was reached",
        id="a time without a zone",
    ),
    pytest.param(
        lambda d: d["predicate"]["signer"].update(keyid="sha256:0"),
        "is not the one that the members make",
        id="a keyid",
    ),
    pytest.param(
        lambda d: d["predicate"]["signer"].update(public_key=OTHER.public.text),
        f"the signature is not that of the signer {OTHER.public.id}",
        id="another signer",
    ),
]


@pytest.mark.parametrize(("change", "says"), RESTATED)
def test_a_statement_says_what_the_members_say_and_nothing_else(
    change: Callable[[dict[str, Any]], Any], says: str
) -> None:
    """Even the judge's own signature does not help a statement that the members do not make."""
    known = KnownKey(SIGNER.public, not_before=datetime(2026, 1, 1, tzinfo=UTC))
    found = intact(restated(change), [known])
    assert any(says in item for item in found.findings), found.findings


KINDS = [
    pytest.param(lambda d: d.update(predicateType="https://slsa.dev/provenance/v1"), "another kind", id="a predicate"),
    pytest.param(lambda d: d.update(subject={}), "names no members", id="no list of subjects"),
    pytest.param(lambda d: d["predicate"].pop("signer"), "no statement about evidence", id="no signer"),
    pytest.param(lambda d: d["predicate"]["signer"].update(public_key="x"), "no statement about evidence", id="no key"),
    pytest.param(lambda _: [1], "no statement about evidence", id="a list"),
]


@pytest.mark.parametrize(("change", "says"), KINDS)
def test_a_statement_of_another_kind_makes_an_archive_unreadable(
    change: Callable[[dict[str, Any]], Any], says: str
) -> None:
    with pytest.raises(Unreadable, match=says):
        intact(restated(change))


def test_a_payload_of_another_type_is_no_statement() -> None:
    members = unpack(small())
    body = dsse.read(members[statement.MEMBER]).payload
    with pytest.raises(Unreadable, match="another kind"):
        intact(pack({**members, statement.MEMBER: dsse.sign("text/plain", body, SIGNER)}))


def test_a_signature_from_another_archive_does_not_fit() -> None:
    """Swapping whole envelopes binds nothing: the statement names the other archive's members."""
    ours, theirs = unpack(small()), unpack(an_archive())
    found = intact(pack({**ours, statement.MEMBER: theirs[statement.MEMBER]}), [KEY])
    assert any("is not the file that was signed" in item for item in found.findings)


def test_a_stranger_who_signs_a_changed_archive_is_not_the_judge() -> None:
    """The verdict still has to follow from the runs; and where it does, the signer is unknown."""
    members = unpack(small())
    members["verdict.json"] = members["verdict.json"].replace(b'"publisher":""', b'"publisher":"me"')
    report = verify(resealed(members, OTHER), [KEY])
    assert report.ok
    assert (report.signer, report.trusted) == (OTHER.public.id, False)


def test_a_verdict_that_is_none_cannot_have_been_signed() -> None:
    members = {**unpack(small()), "verdict.json": b"[]"}
    assert "verdict.json is no verdict that could be signed" in intact(resealed(members)).findings
    del members["verdict.json"]
    assert "verdict.json is no verdict that could be signed" in intact(resealed(members)).findings


def test_the_statement_is_one_that_other_tools_read() -> None:
    """An in-toto Statement, version 1, in a DSSE envelope; its signature is over the encoding of type and payload."""
    envelope = json.loads(unpack(small())[statement.MEMBER])
    document = json.loads(base64.b64decode(envelope["payload"]))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == "urn:assay:evidence:v2"
    assert {item["name"] for item in document["subject"]} == unpack(small()).keys() - {statement.MEMBER}
    assert all(len(item["digest"]["sha256"]) == 64 for item in document["subject"])
    assert document["predicate"]["verdict"] == {
        "status": "UNVERIFIED",
        "outcome": "timeout",
        "reason_code": "TIMEOUT",
        "blame": "resource",
    }
    signed = dsse.pae(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    assert SIGNER.public.verifies(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
