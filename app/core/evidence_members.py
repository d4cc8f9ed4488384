"""Whether an evidence archive is the one that was written: its packing, the digest of every member, the signature.

Nothing is judged here. This is what the service does whenever it reads stored evidence and every night, and the first
step of a stranger's check. For an archive of the second format:

1. The archive is, byte for byte, what packing its members gives.
2. The envelope holds a statement of ours, and its signature is that of the signer whom the statement names.
3. Every member is the one that the statement names, and none is beyond it.
4. The statement, made again from the members, is the signed one, byte for byte.
5. The signer is among the keys that are given, and was in use when the verdict was reached. No such key: the archive may
   hold, and who made it is not known.

An archive of the first format has a manifest in the place of the statement, and nobody's signature.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.core import dsse, statement
from app.core.canonical import digest
from app.core.evidence_archive import MANIFEST, UNSIGNED_FORMAT, Unreadable, is_packing, manifest, read_json, unpack
from app.core.keys import public_key
from app.core.seal import seal_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.keys import KnownKey, PublicKey

SIGNED_FORMAT = "assay-evidence-v2"


@dataclass(frozen=True)
class Intact:
    """The members of an archive, and what keeps it from being the one that was written."""

    members: Mapping[str, bytes]
    findings: tuple[str, ...]
    seal: str  # digest of the sealed bytes in it
    format: str
    signer: PublicKey | None = None  # whose signature holds
    trusted: bool = False  # the signer is one of the given keys, which covers the moment of the verdict

    @property
    def signed(self) -> bool:
        """Whether there is a signature that holds."""
        return self.signer is not None

    def bundle(self) -> dict[str, bytes]:
        """Return the files of the bundle."""
        return {name.removeprefix("bundle/"): data for name, data in self.members.items() if name.startswith("bundle/")}


def intact(archive: bytes, keys: Sequence[KnownKey] = ()) -> Intact:
    """Check an archive's packing, members and signature.

    Raises:
        Unreadable: the bytes are no evidence archive.

    """
    members = unpack(archive)
    seal = seal_digest(members.get("seal.json", b""))
    if statement.MEMBER not in members:
        if MANIFEST not in members:
            raise Unreadable(f"the archive has neither {statement.MEMBER} nor {MANIFEST}")
        return Intact(members, tuple(_check_manifest(seal, members)), seal, UNSIGNED_FORMAT)
    findings = [] if is_packing(archive, members) else ["the archive is not packed as it was written"]
    envelope, signed, signer = _read_statement(members[statement.MEMBER])
    holds = envelope.signed_by(signer)
    if not holds:
        findings.append(f"the signature is not that of the signer {signer.id}")
    differing = _check_subjects(signed["subject"], members)
    findings += differing or _check_statement(envelope, seal, members, signer)
    trusted, late = _trust(signer, keys, signed["predicate"]) if holds else (False, [])
    return Intact(members, (*findings, *late), seal, SIGNED_FORMAT, signer if holds else None, trusted)


def _read_statement(member: bytes) -> tuple[dsse.Envelope, dict[str, Any], PublicKey]:
    """Read the envelope, the statement in it and the signer whom that names."""
    try:
        envelope = dsse.read(member)
        document = json.loads(envelope.payload)
        if (envelope.payload_type, document["predicateType"]) != (statement.PAYLOAD_TYPE, statement.PREDICATE_TYPE):
            raise ValueError("it is of another kind than ours")
        signer = public_key(document["predicate"]["signer"]["public_key"])
        if not isinstance(document["subject"], list):
            raise TypeError("it names no members")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"{statement.MEMBER} holds no statement about evidence: {error}") from error
    return envelope, document, signer


def _check_subjects(subjects: list[Any], members: Mapping[str, bytes]) -> list[str]:
    """Name the members that are missing, changed or beyond the statement; its spelling is checked as a whole later."""
    named = {
        item["name"]: item.get("digest")
        for item in subjects
        if isinstance(item, dict) and isinstance(item.get("name"), str)
    }
    beyond = sorted(members.keys() - named.keys() - {statement.MEMBER})
    findings = [f"{name} is not in the signed statement" for name in beyond]
    for name, wanted in named.items():
        if name not in members:
            findings.append(f"{name} is missing")
        elif wanted != {"sha256": digest(members[name]).removeprefix("sha256:")}:
            findings.append(f"{name} is not the file that was signed")
    return findings


def _check_statement(envelope: dsse.Envelope, seal: str, members: Mapping[str, bytes], signer: PublicKey) -> list[str]:
    try:
        again = statement.statement(seal, members, read_json(members, "verdict.json"), signer)
    except (KeyError, TypeError, ValueError):  # Unreadable is a ValueError
        return ["verdict.json is no verdict that could be signed"]
    return [] if again == envelope.payload else ["the signed statement is not the one that the members make"]


def _trust(signer: PublicKey, keys: Sequence[KnownKey], predicate: Any) -> tuple[bool, list[str]]:
    """Say whether the signer is one of the keys; a verdict from outside of a known key's time is none of its holder's."""
    known = [key for key in keys if key.public == signer]
    if not known:
        return False, []
    try:
        moment = datetime.fromisoformat(predicate["evaluated_at"])
        if any(key.covers(moment) for key in known):
            return True, []
    except (KeyError, TypeError, ValueError):  # TypeError: a time without a zone, or no text at all
        return False, ["the signed statement does not say when the verdict was reached"]
    return False, [f"the verdict is of {moment.isoformat()}, when its signer's key was not in use"]


def _check_manifest(seal: str, members: Mapping[str, bytes]) -> list[str]:
    document = read_json(members, MANIFEST)
    if not isinstance(document, dict) or document.get("format") != UNSIGNED_FORMAT:
        raise Unreadable(f"the manifest is not of the format {UNSIGNED_FORMAT}")
    listed = document.get("members")
    if not isinstance(listed, dict):
        raise Unreadable("the manifest lists no members")
    findings = [f"{name} is not in the manifest" for name in members if name not in listed and name != MANIFEST]
    for name, entry in listed.items():
        if name not in members:
            findings.append(f"{name} is missing")
        elif not isinstance(entry, dict) or digest(members[name]) != entry.get("sha256"):
            findings.append(f"{name} is not the file that the manifest names")
    if document.get("seal") != seal:
        findings.append("seal.json does not hash to the seal that the manifest names")
    if not findings and manifest(seal, members) != members[MANIFEST]:
        findings.append(f"{MANIFEST} is not spelled as it was written")
    return findings
