"""The ledger offline: receipts and exports hold as they are made, and no longer when anything in them is changed."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.core import checkpoints, ledger, merkle
from app.core.canonical import canonical
from app.core.keys import KnownKey, PublicKey
from tests.core.strategies import law

if TYPE_CHECKING:
    from collections.abc import Sequence

BODIES = [{"verdict": f"vrd_{number}", "status": "VERIFIED", "score": 8.5} for number in range(7)]


def rows(hidden: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Return rows as an export shows them; those at some indexes without their body."""
    found, previous = [], ledger.FIRST
    for index, body in enumerate(BODIES):
        leaf = ledger.leaf_bytes(index + 1, previous, "verdict", canonical(body).decode())
        shown = {"kind": None, "body": None} if index in hidden else {"kind": "verdict", "body": dict(body)}
        hashes = {"hash": ledger.row_hash(leaf), "leaf_hash": merkle.leaf_hash(leaf).hex()}
        found.append({"seq": index + 1, "prev_hash": previous, **shown, **hashes})
        previous = hashes["hash"]
    return found


NODES = merkle.nodes_of([bytes.fromhex(row["leaf_hash"]) for row in rows()])


def a_checkpoint(size: int, signature: dict[str, Any] | None = None) -> dict[str, Any]:
    head = rows()[size - 1]["hash"]
    document = ledger.checkpoint(size, merkle.root(size, NODES).hex(), head, "2026-11-22", "2026-11-23T00:00:09+00:00")
    return document | {"signature": signature}


def a_receipt(index: int = 2, size: int = 7, *, hidden: bool = False, point: bool = True) -> dict[str, Any]:
    row = rows()[index]
    leaf = None if hidden else {name: row[name] for name in ("seq", "prev_hash", "kind", "body")}
    path, root = merkle.inclusion_path(index, size, NODES), merkle.root(size, NODES).hex()
    return ledger.receipt(index, size, row["leaf_hash"], leaf, path, root, a_checkpoint(size) if point else None)


def an_export(*points: dict[str, Any], hidden: Sequence[int] = ()) -> list[dict[str, Any]]:
    head = {"schema": ledger.EXPORT, "size": 7, "root": merkle.root(7, NODES).hex(), "head": rows()[-1]["hash"]}
    return [head, *rows(hidden), *points]


def spelled(*documents: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in documents)


# --- what holds ----------------------------------------------------------------------------------------------------------


@law
@given(size=st.integers(1, 7), data=st.data(), hidden=st.booleans(), point=st.booleans())
def test_a_receipt_holds_for_every_row_of_every_tree(
    size: int, data: st.DataObject, *, hidden: bool, point: bool
) -> None:
    index = data.draw(st.integers(0, size - 1))
    report = ledger.check(spelled(a_receipt(index, size, hidden=hidden, point=point)))
    assert (report.ok, report.kind, report.size) == (True, "assay-receipt-v1", size)
    assert report.hidden == hidden
    assert (report.leaf is None) is hidden
    assert report.signed == ()


def test_an_export_holds_with_every_checkpoint_and_with_hidden_rows() -> None:
    points = [a_checkpoint(size) for size in range(1, 8)]
    report = ledger.check(spelled(*an_export(*points, hidden=(0, 3))))
    assert (report.ok, report.kind, report.size, report.hidden) == (True, "assay-ledger-v1", 7, 2)
    assert report.root == merkle.root(7, NODES).hex()


def test_an_export_of_an_empty_ledger_holds() -> None:
    head = {"schema": ledger.EXPORT, "size": 0, "root": merkle.EMPTY.hex(), "head": ledger.FIRST}
    assert ledger.check(spelled(head)).ok


def test_an_export_is_read_with_and_without_its_last_line_break() -> None:
    assert ledger.check(spelled(*an_export()).rstrip(b"\n")).ok


def test_signed_checkpoints_are_handed_to_whoever_knows_keys() -> None:
    signature = {"key_id": "k", "signature": "s"}
    point = a_checkpoint(7, signature)
    report = ledger.check(spelled(*an_export(point, a_checkpoint(3))))
    assert report.signed == (point,)
    receipt = a_receipt() | {"signature": signature}
    assert ledger.check(spelled(receipt)).signed == (point,)
    bytes_signed = ledger.signed_bytes(point)
    assert (
        bytes_signed
        == ledger.signed_bytes(a_checkpoint(7))
        == canonical({name: value for name, value in point.items() if name != "signature"})
    )


@pytest.mark.parametrize("size", range(1, 8))
def test_an_export_continues_every_earlier_ledger_of_the_same_rows_and_no_other(size: int) -> None:
    earlier = ledger.check(spelled(a_receipt(0, size)))
    data = spelled(*an_export())
    assert ledger.check(data, earlier).ok
    for other in (
        replace(earlier, root=merkle.EMPTY.hex()),
        replace(earlier, size=8),
        replace(earlier, size=size % 7 + 1),
    ):
        assert ledger.check(data, other).findings == (f"it does not continue the earlier ledger of {other.size} rows",)


def test_a_receipt_is_compared_with_an_earlier_ledger_of_its_own_size_alone() -> None:
    data = spelled(a_receipt())
    whole = ledger.check(spelled(*an_export()))
    assert ledger.check(data, whole).ok
    (finding,) = ledger.check(data, replace(whole, root=merkle.EMPTY.hex())).findings
    assert finding == "the earlier ledger of 7 rows has another root"
    (finding,) = ledger.check(data, replace(whole, size=3)).findings
    assert "which takes an export to compare" in finding


# --- who wrote it --------------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)
MADE = datetime.fromisoformat("2026-11-23T00:00:09+00:00")


@dataclass(frozen=True)
class Judge:
    """A judge's key."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


JUDGE = Judge()


def signed(size: int, judge: Judge = JUDGE) -> dict[str, Any]:
    point = a_checkpoint(size)
    keyid, signature = checkpoints.sign(ledger.signed_bytes(point), judge)
    return point | {"signature": {"key_id": keyid, "signature": signature}}


def judged(*documents: dict[str, Any], keys: Sequence[KnownKey] = (KnownKey(JUDGE.public),)) -> ledger.Report:
    return checkpoints.judge_signatures(ledger.check(spelled(*documents)), keys)


def test_what_a_trusted_key_has_signed_is_trusted_as_far_as_it_goes() -> None:
    assert judged(*an_export(signed(7))).trusted
    assert judged(*an_export(signed(3), signed(7), signed(5))).trusted
    half = judged(*an_export(signed(3)))
    assert (half.ok, half.trusted, half.trusted_size) == (True, False, 3)
    receipt = a_receipt()
    assert judged(receipt | {"signature": signed(7)["signature"]}).trusted
    assert not judged(receipt).trusted


def test_a_key_that_is_not_trusted_proves_nothing_and_contradicts_nothing() -> None:
    for found in (judged(*an_export(signed(7, Judge()))), judged(*an_export(signed(7)), keys=())):
        assert (found.ok, found.trusted, found.trusted_size) == (True, False, 0)


@pytest.mark.parametrize("change", [{"day": "2026-11-21"}, {"created_at": "2026-11-23T00:00:10+00:00"}, {"more": 1}])
def test_a_checkpoint_that_was_changed_after_its_signature_is_a_finding(change: dict[str, Any]) -> None:
    found = judged(*an_export(signed(7) | change))
    assert found.findings == (f"the checkpoint's signature is not that of the key {JUDGE.public.id}",)


@pytest.mark.parametrize("signature", [{"signature": "%"}, {"signature": 5}, {}, {"key_id": None, "signature": 5}])
def test_a_signature_that_is_none_is_unreadable(signature: dict[str, Any]) -> None:
    with pytest.raises(ledger.Unreadable, match="the signature of the checkpoint over 7 rows: "):
        judged(*an_export(a_checkpoint(7) | {"signature": {"key_id": JUDGE.public.id, **signature}}))


def test_a_signature_outside_of_its_keys_time_is_a_finding() -> None:
    for times, ok in (
        ({"not_before": MADE, "retired_at": MADE + HOUR}, True),
        ({"not_before": MADE + HOUR}, False),
        ({"retired_at": MADE - HOUR}, False),
    ):
        assert judged(*an_export(signed(7)), keys=[KnownKey(JUDGE.public, **times)]).trusted is ok


def test_a_signature_of_another_shape_is_unreadable() -> None:
    with pytest.raises(ledger.Unreadable, match="a signature is no document"):
        ledger.check(spelled(*an_export(a_checkpoint(7) | {"signature": "s"})))


# --- what does not -------------------------------------------------------------------------------------------------------


def changes(document: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every number and text of a document."""
    if isinstance(document, dict):
        return [place for key, item in document.items() for place in changes(item, (*where, key))]
    if isinstance(document, list):
        return [place for key, item in enumerate(document) for place in changes(item, (*where, key))]
    return [where] if document is not None else []


def changed(document: Any, where: tuple[Any, ...]) -> Any:
    """Return a document with one value replaced by another of its kind."""
    copied = copy.deepcopy(document)
    place = copied
    for key in where[:-1]:
        place = place[key]
    old = place[where[-1]]
    if isinstance(old, str):
        place[where[-1]] = ("0" if old[:1] != "0" else "1") + old[1:]
    else:
        place[where[-1]] = old + 1
    return copied


def checked(*documents: Any) -> tuple[str, ...] | None:
    """Return what was found; None: unreadable."""
    try:
        return ledger.check(spelled(*documents)).findings
    except ledger.Unreadable:
        return None


#: What no hash covers: the day and time of a checkpoint are its signature's part.
UNSIGNED = {"day", "created_at", "head"}


@pytest.mark.parametrize("where", [place for place in changes(a_receipt()) if place[-1] not in UNSIGNED])
def test_a_receipt_in_which_anything_is_changed_does_not_hold(where: tuple[Any, ...]) -> None:
    if where == ("checkpoint", "schema"):
        return
    assert checked(changed(a_receipt(), where)) != ()


@pytest.mark.parametrize("where", changes(an_export()))
def test_an_export_in_which_anything_is_changed_does_not_hold(where: tuple[Any, ...]) -> None:
    assert checked(*changed(an_export(), where)) != ()


@pytest.mark.parametrize("row", range(1, 8))
def test_an_export_without_a_row_or_with_one_twice_does_not_hold(row: int) -> None:
    whole = an_export(hidden=range(7))
    assert checked(*whole[:row], *whole[row + 1 :])
    assert checked(*whole[: row + 1], *whole[row:])


def test_an_export_whose_head_counts_fewer_rows_does_not_hold() -> None:
    head = {"schema": ledger.EXPORT, "size": 6, "root": merkle.root(6, NODES).hex(), "head": rows()[5]["hash"]}
    assert checked(head, *rows()) == ("there are more rows than the head counts",)
    assert checked(head, *rows()[:6]) == ()


def test_a_checkpoint_of_other_rows_does_not_hold() -> None:
    point = a_checkpoint(3)
    assert checked(*an_export(point | {"head": ledger.FIRST})) == (
        "the checkpoint of 2026-11-22 over 3 rows is of other rows than these",
    )
    assert checked(*an_export(point | {"size": 8, "day": None})) == (
        "the checkpoint of 2026-11-23T00:00:09+00:00 is over 8 rows, and 7 are here",
    )


def test_each_finding_of_a_receipt_says_what_is_wrong() -> None:
    whole = a_receipt()
    leaf = whole["leaf"]
    for wrong, finding in (
        ({"leaf": leaf | {"body": {}}}, "the leaf does not have the hash that the receipt states"),
        ({"index": 3}, "the leaf is row 3, which does not stand at index 3"),
        ({"path": []}, "the path does not lead from the leaf to the root"),
        ({"checkpoint": a_checkpoint(6)}, "the checkpoint is of another tree"),
        (
            {"checkpoint": None, "signature": {"key_id": "k"}},
            "there is a signature and no checkpoint that it could be of",
        ),
    ):
        assert finding in (checked(whole | wrong) or ())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"\n", "line 1 is no JSON document"),
        (b"[]", "neither an export"),
        (b"5", "neither an export"),
        (b"{}", "neither an export"),
        (b'{"schema": "assay-receipt-v1"}', "a member is missing or of the wrong type"),
        (b'{"schema": "assay-ledger-v1"}', "a member is missing or of the wrong type"),
        (b'{"schema": "assay-ledger-v1"}\nnonsense\n', "line 2 is no JSON document"),
        (b'{"schema": "assay-receipt-v1"}\n{}\n', "neither an export"),
        (b"[" * 100_000, "line 1 is no JSON document"),
        (b"\xff", "line 1 is no JSON document"),
        (spelled(a_receipt() | {"size": -1}), "a place or size is no number"),
        (spelled(a_receipt() | {"size": True}), "a place or size is no number"),
        (spelled(a_receipt() | {"root": "0" * 63}), "a hash is not 64 hex digits"),
        (spelled(a_receipt() | {"root": "G" * 64}), "a hash is not 64 hex digits"),
        (spelled(a_receipt() | {"root": None}), "a hash is not 64 hex digits"),
        (spelled(a_receipt() | {"path": 5}), "a member is missing or of the wrong type"),
        (spelled(a_receipt()).replace(b'"score": 8.5', b'"score": NaN'), "row 3 holds what cannot be spelled"),
    ],
)
def test_what_is_neither_export_nor_receipt_is_unreadable(data: bytes, why: str) -> None:
    with pytest.raises(ledger.Unreadable, match=why):
        ledger.check(data)


@law
@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists),
    st.data(),
)
def test_any_value_in_any_place_is_a_finding_or_unreadable(value: Any, data: st.DataObject) -> None:
    documents = [a_receipt()] if data.draw(st.booleans()) else an_export(a_checkpoint(3))
    where = data.draw(st.sampled_from(changes(documents)))
    place: Any = documents
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    with suppress(ledger.Unreadable):
        assert isinstance(ledger.check(spelled(*documents)), ledger.Report)
