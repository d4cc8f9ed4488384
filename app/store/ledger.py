"""The ledger over verdicts and corrections: appending, its tree, checkpoints, and what strangers are shown of it.

A row goes into the chain and, in the same transaction, into the tree: two inserts of nodes on average, about log2(n) reads
at worst. A proof or root reads about 2 * log2(n) nodes by their key and no row, so nothing here grows with the ledger but
the export. All writers take turns from `append` on, so it comes last in every transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, insert, true
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.core import ledger, merkle
from app.core.canonical import canonical
from app.store.ids import new_id
from app.store.tables import (
    Checkpoint,
    ClaimRow,
    Correction,
    LedgerNode,
    LedgerRow,
    LedgerSubject,
    Record,
    Verdict,
)
from app.store.taking_turns import take_turns
from app.store.visible import EVERYTHING, STRANGERS, Visible

if TYPE_CHECKING:
    from collections.abc import Callable

    #: Returns key id and signature of some bytes, None without a key.
    Signer = Callable[[bytes], tuple[str, str] | None]

# Built once, for every conclusion executes them.
_LAST = select_columns(col(LedgerRow.seq), col(LedgerRow.hash)).order_by(col(LedgerRow.seq).desc()).limit(1)
_NODE = select_columns(col(LedgerNode.hash)).where(
    col(LedgerNode.level) == bindparam("level"), col(LedgerNode.position) == bindparam("position")
)
_ADD, _ADD_SUBJECT, _ADD_NODE = insert(LedgerRow), insert(LedgerSubject), insert(LedgerNode)


@lru_cache(maxsize=256)
def _shown(seen: Visible) -> Any:
    """Return the statement that reads rows, and whether each tells of something that may be known.

    A row tells of a verdict, whose claim and its record say who may know of it, or of a correction of a record. A row that
    tells of neither hides nothing.
    """
    told = case(
        (col(Verdict.id).is_not(None), seen.ledgered),
        (col(Correction.id).is_not(None), seen.records),
        else_=true(),
    )
    return (
        select_columns(LedgerRow, told.label("told"))
        .join(LedgerSubject, col(LedgerSubject.seq) == LedgerRow.seq, isouter=True)
        .join(Verdict, col(Verdict.id) == LedgerSubject.subject, isouter=True)
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id, isouter=True)
        .join(Correction, col(Correction.id) == LedgerSubject.subject, isouter=True)
        .join(Record, col(Record.id) == func.coalesce(col(ClaimRow.record_id), col(Correction.record_id)), isouter=True)
        .order_by(col(LedgerRow.seq))
    )


@dataclass(frozen=True)
class Head:
    """Where the ledger ends."""

    size: int
    root: str
    head: str  # hash of the last row


def append(session: Session, kind: str, subject: str, body: dict[str, Any]) -> int:
    """Append a row about a verdict or correction; returns its number."""
    take_turns(session, "ledger")
    connection = session.connection()
    last = connection.execute(_LAST).first()
    previous = last.hash if last is not None else ledger.FIRST
    seq: int = (last.seq if last is not None else 0) + 1
    spelled = canonical(body).decode()
    leaf = ledger.leaf_bytes(seq, previous, kind, spelled)
    row = {"seq": seq, "prev_hash": previous, "hash": ledger.row_hash(leaf), "kind": kind, "body": spelled}
    connection.execute(_ADD, row)
    connection.execute(_ADD_SUBJECT, {"subject": subject, "seq": seq})
    completed = merkle.grown(seq - 1, merkle.leaf_hash(leaf), nodes(session))
    connection.execute(
        _ADD_NODE, [{"level": level, "position": place, "hash": found.hex()} for level, place, found in completed]
    )
    return seq


def nodes(session: Session) -> merkle.Nodes:
    """Return the nodes of the tree, each read when it is asked for."""

    def node(level: int, position: int) -> bytes:
        found: str = session.connection().execute(_NODE, {"level": level, "position": position}).scalar_one()
        return bytes.fromhex(found)

    return node


def head(session: Session) -> Head:
    """Return where the ledger ends now."""
    last = session.connection().execute(_LAST).first()
    size = 0 if last is None else int(last.seq)
    return Head(size, root(session, size), ledger.FIRST if last is None else last.hash)


def begun(session: Session) -> datetime | None:
    """Return when the ledger's first row was written; None while there is none."""
    body = session.exec(select(LedgerRow.body).where(LedgerRow.seq == 1)).first()
    if body is None:
        return None
    told = json.loads(body)
    return datetime.fromisoformat(told.get("evaluated_at") or told["corrected_at"])


def root(session: Session, size: int) -> str:
    """Return the root of the first `size` rows."""
    return merkle.root(size, nodes(session)).hex()


def rows(session: Session, begin: int, limit: int, seen: Visible = STRANGERS) -> list[dict[str, Any]]:
    """Return rows from the index `begin` on: without body where it tells of what may not be known."""
    query = _shown(seen).where(col(LedgerRow.seq) > begin, col(LedgerRow.seq) <= begin + limit)
    leaves = select_columns(col(LedgerNode.position), col(LedgerNode.hash)).where(
        col(LedgerNode.level) == 0, col(LedgerNode.position) >= begin, col(LedgerNode.position) < begin + limit
    )
    leaf_hash = {row.position: row.hash for row in session.connection().execute(leaves)}
    return [
        {
            "seq": row["seq"],
            "prev_hash": row["prev_hash"],
            "kind": row["kind"] if row["told"] else None,
            "body": json.loads(row["body"]) if row["told"] else None,
            "hash": row["hash"],
            "leaf_hash": leaf_hash[row["seq"] - 1],
        }
        for row in session.connection().execute(query).mappings()
    ]


def receipt(session: Session, index: int, seen: Visible = STRANGERS) -> dict[str, Any] | None:
    """Return the receipt of a row: in the tree of the newest checkpoint that covers it, else in the tree as it is now."""
    found = rows(session, index, 1, seen)
    if not found:
        return None
    point = session.exec(
        select(Checkpoint).where(col(Checkpoint.size) > index).order_by(col(Checkpoint.size).desc()).limit(1)
    ).first()
    size = head(session).size if point is None else point.size
    path = merkle.inclusion_path(index, size, nodes(session))
    row = found[0]
    leaf = None if row["body"] is None else {name: row[name] for name in ("seq", "prev_hash", "kind", "body")}
    return ledger.receipt(
        index, size, row["leaf_hash"], leaf, path, root(session, size), None if point is None else shown(point)
    )


def index_of(session: Session, verdict_id: str, seen: Visible = EVERYTHING) -> int | None:
    """Return the index of the row that tells of a verdict; None when there is none, or none that may be known."""
    query = (
        select_columns(col(LedgerSubject.seq))
        .join(Verdict, col(Verdict.id) == LedgerSubject.subject)
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(LedgerSubject.subject) == verdict_id, seen.verdicts)
    )
    seq: int | None = session.connection().execute(query).scalar()
    return None if seq is None else seq - 1


def consistency(session: Session, first: int, second: int) -> dict[str, Any]:
    """Return the proof that the tree of `first` rows is the beginning of that of `second`.

    Raises:
        ValueError: there are no such trees.

    """
    size = head(session).size
    if second > size:
        raise ValueError(f"the ledger has {size} rows, not {second}")
    path = merkle.consistency_path(first, second, nodes(session))
    return {
        "first": first,
        "second": second,
        "first_root": root(session, first),
        "second_root": root(session, second),
        "path": [item.hex() for item in path],
    }


def checkpoints(session: Session, limit: int) -> list[dict[str, Any]]:
    """Return the newest checkpoints, newest first."""
    query = select(Checkpoint).order_by(col(Checkpoint.created_at).desc(), col(Checkpoint.id).desc()).limit(limit)
    return [shown(row) for row in session.exec(query)]


def add_checkpoint(session: Session, day: str | None, sign: Signer) -> dict[str, Any] | None:
    """Write down the root of the tree as it is now; None when there is no row, or a checkpoint of the day already.

    Args:
        session: of the transaction.
        day: the UTC day that it closes; None: made on demand.
        sign: signs the bytes of the checkpoint, or has no key.

    """
    take_turns(session, "ledger")
    now = head(session)
    if now.size == 0 or (day is not None and has_checkpoint(session, day)):
        return None
    made = datetime.now(UTC)
    document = ledger.checkpoint(now.size, now.root, now.head, day, made.isoformat())
    key_id, signature = sign(ledger.signed_bytes(document)) or (None, None)
    row = Checkpoint(
        id=new_id("chk"),
        day=day,
        size=now.size,
        root=now.root,
        head=now.head,
        created_at=made,
        signature=signature,
        key_id=key_id,
    )
    session.add(row)
    session.flush()
    return shown(row)


def has_checkpoint(session: Session, day: str) -> bool:
    """Say whether a day has its checkpoint."""
    return session.exec(select(Checkpoint.id).where(Checkpoint.day == day)).first() is not None


def shown(row: Checkpoint) -> dict[str, Any]:
    """Return a checkpoint with its signature."""
    document = ledger.checkpoint(row.size, row.root, row.head, row.day, row.created_at.isoformat())
    signed = None if row.signature is None else {"key_id": row.key_id, "signature": row.signature}
    return document | {"signature": signed}
