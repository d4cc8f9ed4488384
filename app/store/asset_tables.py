"""The tables of assets: which there are, and which a seal needs."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.store.tables import _big, _text


class AssetRow(SQLModel, table=True):
    """An asset that a worker has offered."""

    __tablename__ = "asset"
    digest: str = Field(primary_key=True)
    name: str  # as the operator calls it
    bytes: int = Field(sa_column=_big())
    files: int
    licence: str = Field(sa_column=_text())
    created_at: datetime


class SealAsset(SQLModel, table=True):
    """Which assets the runs of a seal need. Append-only."""

    __tablename__ = "seal_asset"
    seal: str = Field(primary_key=True, foreign_key="seal.digest")
    asset: str = Field(primary_key=True, foreign_key="asset.digest", index=True)
