"""Assets: which there are, which a seal needs, and whether somebody has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select
from sqlmodel import Session, col

from app.store.asset_tables import AssetRow, SealAsset
from app.store.taking_turns import add_missing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_KNOWN = select(col(AssetRow.digest), col(AssetRow.name))


def put_assets(session: Session, offered: Iterable[Mapping[str, Any]]) -> None:
    """Make assets known, each with its digest, name, bytes, files and licence; of a known one name and licence change."""
    for asset in offered:
        add_missing(session, AssetRow, ({**asset, "created_at": datetime.now(UTC)},))
        row = session.get_one(AssetRow, asset["digest"])
        row.name, row.licence = asset["name"], asset["licence"]


def known(session: Session) -> dict[str, str]:
    """Return every asset that was ever offered, digest -> name."""
    return {row.digest: row.name for row in session.connection().execute(_KNOWN)}


def needed(session: Session, seal: str) -> set[str]:
    """Return the digests of the assets that the runs of a seal need."""
    query = select(col(SealAsset.asset)).where(col(SealAsset.seal) == seal)
    return set(session.connection().execute(query).scalars())


def named(session: Session, seals: Collection[str]) -> dict[str, dict[str, str]]:
    """Return of each seal whose runs need assets their names, by their digests."""
    query = (
        select(col(SealAsset.seal), col(SealAsset.asset), col(AssetRow.name))
        .join(AssetRow, col(AssetRow.digest) == SealAsset.asset, isouter=True)
        .where(col(SealAsset.seal).in_(list(seals)))
        .order_by(col(SealAsset.asset))
    )
    found: dict[str, dict[str, str]] = {}
    for row in session.connection().execute(query):
        found.setdefault(row.seal, {})[row.asset] = row.name or ""
    return found


def lacking(seal: Any, offered: Any) -> Any:
    """Return the condition that a seal needs an asset that is not among those offered.

    Args:
        seal: column with the seal's digest.
        offered: digests, or a parameter that expands to them.

    """
    return exists().where(col(SealAsset.seal) == seal, col(SealAsset.asset).not_in(offered))


def need(session: Session, seal: str, digests: Collection[str]) -> None:
    """Note which assets a seal needs."""
    add_missing(session, SealAsset, ({"seal": seal, "asset": digest} for digest in digests))
