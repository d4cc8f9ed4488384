"""The ledger as strangers hold it: leaves, checkpoints, receipts, exports, and how each is checked offline.

Every verdict and every correction is a row. Its *leaf* is the canonical bytes of [seq, hash of the row before, kind, body],
body being canonical JSON itself. The row's hash is SHA-256 over the leaf, which makes a chain; the leaf is also a leaf of
the Merkle tree of `app.core.merkle`, at the index seq - 1. A *checkpoint* is the root of the tree at a size. A *receipt*
proves that one leaf is in the tree of a checkpoint. An *export* is every row, one JSON document a line.

Rows of private records come without their body: their two hashes keep chain and tree whole and say nothing else. Hashes are
64 hex digits. What a check finds is a list of sentences; an empty one means that everything holds. Who wrote the ledger is
said by the signatures of checkpoints alone, which are the part of `app.core.checkpoints`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.core import merkle
from app.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXPORT, RECEIPT, CHECKPOINT = "assay-ledger-v1", "assay-receipt-v1", "assay-checkpoint-v1"
FIRST = "0" * 64  # in the place of the hash before the first row
_HASH = re.compile(r"[0-9a-f]{64}")


class Unreadable(ValueError):
    """These bytes are no export and no receipt of a ledger; the message says why."""


@dataclass(frozen=True)
class Report:
    """What checking found."""

    kind: str  # EXPORT or RECEIPT
    size: int  # rows of the tree
    root: str
    findings: tuple[str, ...]  # what does not hold
    hidden: int = 0  # rows whose body is not shown
    signed: tuple[Mapping[str, Any], ...] = ()  # checkpoints with a signature, for whoever knows keys
    leaf: Mapping[str, Any] | None = None  # of a receipt
    trusted_size: int = 0  # rows that a checkpoint covers which a trusted key has signed

    @property
    def trusted(self) -> bool:
        """Whether everything holds, and a trusted key has signed all of it."""
        return self.ok and 0 < self.size <= self.trusted_size

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings


def leaf_bytes(seq: int, previous: str, kind: str, body: str) -> bytes:
    """Return the bytes of a row that chain and tree are made over; `body` is canonical JSON."""
    return canonical([seq, previous, kind, body])


def row_hash(leaf: bytes) -> str:
    """Return the hash of a row, which the next row names."""
    return hashlib.sha256(leaf).hexdigest()


def checkpoint(size: int, root: str, head: str, day: str | None, created_at: str) -> dict[str, Any]:
    """Return the document that is signed: root of the tree and hash of the last row at a size, and for which day."""
    told = {"size": size, "root": root, "head": head, "day": day, "created_at": created_at}
    return {"schema": CHECKPOINT, **told}


def signed_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a checkpoint that its signature covers."""
    return canonical({name: value for name, value in document.items() if name != "signature"})


def receipt(  # noqa: PLR0913 - the parts of the document
    index: int,
    size: int,
    leaf_hash: str,
    leaf: Mapping[str, Any] | None,
    path: Sequence[bytes],
    root: str,
    checkpoint: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the receipt of a row.

    Args:
        index: of its leaf, counted from 0.
        size: of the tree that it is proved to be in.
        leaf_hash: of the tree.
        leaf: `seq`, `prev_hash`, `kind` and `body` of the row; None when its record is private.
        path: hashes from the leaf to the root.
        root: of the tree.
        checkpoint: of that size, with its `signature`; None: there is none yet that covers the row.

    """
    return {
        "schema": RECEIPT,
        "index": index,
        "size": size,
        "leaf": None if leaf is None else dict(leaf),
        "leaf_hash": leaf_hash,
        "path": [item.hex() for item in path],
        "root": root,
        "checkpoint": None if checkpoint is None else {k: v for k, v in checkpoint.items() if k != "signature"},
        "signature": None if checkpoint is None else checkpoint.get("signature"),
    }


def check(data: bytes, earlier: Report | None = None) -> Report:
    """Check an export or a receipt.

    Args:
        data: the file.
        earlier: what somebody keeps of an earlier ledger; an export must continue it, a receipt be of the same tree.

    Raises:
        Unreadable: it is neither.

    """
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if not lines:
        raise Unreadable("the file is empty")
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        documents = [_document(line, number) for number, line in enumerate(lines, 1)]
    else:
        documents = [whole]
    try:
        match documents[0].get("schema") if isinstance(documents[0], dict) else None:
            case "assay-receipt-v1" if len(documents) == 1:
                return check_receipt(documents[0], earlier)
            case "assay-ledger-v1":
                return check_export(documents, earlier)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"a member is missing or of the wrong type ({error})") from error
    raise Unreadable(f"it is neither an export ({EXPORT}) nor a receipt ({RECEIPT}) of a ledger")


def check_receipt(document: Mapping[str, Any], earlier: Report | None = None) -> Report:
    """Check that a receipt's path leads from its leaf to its root, and that its checkpoint names that root.

    A receipt alone says nothing of trees of other sizes, so that an `earlier` one proves nothing about it: that is said.
    """
    index, size, root = _number(document["index"]), _number(document["size"]), _hash(document["root"])
    stated, path = _hash(document["leaf_hash"]), [bytes.fromhex(_hash(item)) for item in document["path"]]
    findings = []
    leaf = document["leaf"]
    if leaf is not None:
        data = _leaf(leaf)
        if merkle.leaf_hash(data).hex() != stated:
            findings.append("the leaf does not have the hash that the receipt states")
        if _number(leaf["seq"]) != index + 1:
            findings.append(f"the leaf is row {leaf['seq']}, which does not stand at index {index}")
    if not merkle.verify_inclusion(index, size, bytes.fromhex(stated), path, bytes.fromhex(root)):
        findings.append("the path does not lead from the leaf to the root")
    if earlier is not None and (earlier.size, earlier.root) != (size, root):
        told = "has another root" if earlier.size == size else "is of another size, which takes an export to compare"
        findings.append(f"the earlier ledger of {earlier.size} rows {told}")
    signed: tuple[Mapping[str, Any], ...] = ()
    point = document["checkpoint"]
    if point is not None:
        if (_number(point["size"]), _hash(point["root"])) != (size, root):
            findings.append("the checkpoint is of another tree")
        if document["signature"] is not None:
            signed = ({**point, "signature": _signature(document["signature"])},)
    elif document["signature"] is not None:
        findings.append("there is a signature and no checkpoint that it could be of")
    return Report(RECEIPT, size, root, tuple(findings), int(leaf is None), signed, leaf)


@dataclass
class _Tree:
    """An export while it is read."""

    findings: list[str] = field(default_factory=list)
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    heads: list[str] = field(default_factory=lambda: [FIRST])  # hash of the last row, by size
    hidden: int = 0

    def node(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]

    def add(self, row: Mapping[str, Any]) -> None:
        """Check one row against the one before it, and let the tree grow by it."""
        seq, size = _number(row["seq"]), len(self.heads) - 1
        if seq != size + 1:
            self.findings.append(f"row {seq} stands where row {size + 1} should")
        if _hash(row["prev_hash"]) != self.heads[-1]:
            self.findings.append(f"row {seq} does not name the hash of the row before it")
        own, stated = _hash(row["hash"]), _hash(row["leaf_hash"])
        if row.get("body") is None:
            self.hidden += 1
        else:
            data = _leaf(row)
            if row_hash(data) != own or merkle.leaf_hash(data).hex() != stated:
                self.findings.append(f"row {seq} does not have the hashes that it states")
        self.heads.append(own)
        for level, position, found in merkle.grown(size, bytes.fromhex(stated), self.node):
            self.nodes[level, position] = found

    def root(self, size: int) -> str:
        """Return the root of the first `size` rows."""
        return merkle.root(size, self.node).hex()

    def check(self, what: str, point: Mapping[str, Any]) -> None:
        """Check that a size, root and head are those of the rows."""
        size = _number(point["size"])
        if size >= len(self.heads):
            self.findings.append(f"{what} is over {size} rows, and {len(self.heads) - 1} are here")
        elif (_hash(point["root"]), _hash(point["head"])) != (self.root(size), self.heads[size]):
            self.findings.append(f"{what} over {size} rows is of other rows than these")


def check_export(documents: Sequence[Mapping[str, Any]], earlier: Report | None = None) -> Report:
    """Check the chain of an export from its first row to its head, and its tree at every checkpoint and earlier root."""
    head, tree = documents[0], _Tree()
    points: list[Mapping[str, Any]] = []
    for document in documents[1:]:
        if document.get("schema") == CHECKPOINT:
            points.append(document)
        else:
            tree.add(document)
    tree.check("the head", head)
    if _number(head["size"]) < len(tree.heads) - 1:
        tree.findings.append("there are more rows than the head counts")
    for point in points:
        tree.check(f"the checkpoint of {point['day'] or point['created_at']}", point)
    signed = tuple(
        {**point, "signature": _signature(point["signature"])} for point in points if point["signature"] is not None
    )
    size = len(tree.heads) - 1
    if earlier is not None and (earlier.size > size or tree.root(earlier.size) != earlier.root):
        tree.findings.append(f"it does not continue the earlier ledger of {earlier.size} rows")
    return Report(EXPORT, size, tree.root(size), tuple(tree.findings), tree.hidden, signed)


def _document(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"line {number} is no JSON document") from error


def _leaf(row: Mapping[str, Any]) -> bytes:
    try:
        return leaf_bytes(row["seq"], row["prev_hash"], row["kind"], canonical(row["body"]).decode())
    except ValueError as error:
        raise Unreadable(f"row {row['seq']} holds what cannot be spelled") from error


def _signature(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable("a signature is no document")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Unreadable("a place or size is no number")
    return value


def _hash(value: Any) -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise Unreadable("a hash is not 64 hex digits")
    return value
