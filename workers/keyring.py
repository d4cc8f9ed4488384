"""The judge's keys on disk. Nobody else reads them: not the web process, not a run worker, and no box.

Below `$ASSAY_HOME/keys`, a folder of mode 0700, each key has two files named by the 64 digits of its id: `.pem`, the
private key (PKCS #8, mode 0600), and `.json`, its entry in a document of keys. The key in use is the newest that is not
retired. Where the operator hands a judge its key as a file of its own (`ASSAY_SIGNING_KEY`), that one is used and nothing
is written. A private key that somebody else may read is refused: whoever has it signs in the judge's name.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.core.canonical import canonical
from app.core.errors import Fault
from app.core.keys import BadKey, KnownKey, PublicKey, read_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from app.settings import Settings

FOLDER = "keys"
GENERATE = "run `assay keys generate`"


@dataclass(frozen=True)
class PrivateSigner:
    """A private key in memory. See `app.core.keys.Signer`."""

    known: KnownKey
    private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are checked with."""
        return self.known.public

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message."""
        return self.private.sign(message)


class Keyring:
    """The keys below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keys(self) -> list[KnownKey]:
        """Return the public side of every key, oldest first.

        Raises:
            BadKey: a file is not what this program wrote.

        """
        found = [_entry(path) for path in self.folder.glob("*.json")]
        return sorted(found, key=lambda key: (str(key.not_before), key.public.id))

    def current(self) -> PrivateSigner | None:
        """Return the key in use; None when there is none.

        Raises:
            Fault: it cannot be read, or others may read it too.

        """
        in_use = [key for key in self.keys() if key.retired_at is None]
        return _signer(self._private(in_use[-1].public), in_use[-1]) if in_use else None

    def generate(self, now: datetime) -> KnownKey:
        """Make a key, which is the one in use from now on."""
        with self._locked():
            return self._generate(now)

    def ensure(self, now: datetime) -> PrivateSigner:
        """Return the key in use, made now if there is none."""
        found = self.current()
        if found is None:
            with self._locked():
                found = self.current()  # another process may have been faster
                if found is None:
                    key = self._generate(now)
                    found = _signer(self._private(key.public), key)
        return found

    def retire(self, keyid: str, now: datetime) -> KnownKey | None:
        """Say that a key signs no more; returns it, None when it is not here. What it signed before keeps its worth."""
        with self._locked():
            key = next((item for item in self.keys() if item.public.id == keyid), None)
            if key is None or key.retired_at is not None:
                return key
            retired = replace(key, retired_at=now)
            _write(self._public(key.public), canonical(retired.document()), 0o644)
            return retired

    def changed_at(self) -> int:
        """Return a number that changes when a key is made or retired."""
        return self.folder.stat().st_mtime_ns if self.folder.is_dir() else 0

    def _generate(self, now: datetime) -> KnownKey:
        private = Ed25519PrivateKey.generate()
        key = KnownKey(_public(private), not_before=now)
        # The private key first: an entry without it would be the one in use.
        _write(self._private(key.public), _pem(private), 0o600)
        _write(self._public(key.public), canonical(key.document()), 0o644)
        return key

    def _private(self, key: PublicKey) -> Path:
        return self.folder / f"{key.id.removeprefix('sha256:')}.pem"

    def _public(self, key: PublicKey) -> Path:
        return self.folder / f"{key.id.removeprefix('sha256:')}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Signing:
    """What a judge signs with: the key in use, read anew when the operator has made or retired one meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stamp: int | None = None
        self._signer: PrivateSigner | None = None

    def current(self, publish: Callable[[list[KnownKey]], None]) -> PrivateSigner:
        """Return the key in use.

        Args:
            publish: called with all keys before one is used for the first time.

        Raises:
            Fault: see `judge_key`.

        """
        given = self._settings.signing_key
        stamp = (
            given.stat().st_mtime_ns if given is not None and given.exists() else keyring(self._settings).changed_at()
        )
        if self._signer is not None and stamp == self._stamp:
            return self._signer
        signer = judge_key(self._settings)
        publish([signer.known] if given else keyring(self._settings).keys())
        self._signer, self._stamp = signer, stamp
        return signer


def keyring(settings: Settings) -> Keyring:
    """Return the keys of a home."""
    return Keyring(settings.home / FOLDER)


def write_private(path: Path) -> KnownKey:
    """Make a key and write its private side to a file of its own, for a judge on another machine."""
    private = Ed25519PrivateKey.generate()
    _write(path, _pem(private), 0o600)
    return KnownKey(_public(private))


def judge_key(settings: Settings) -> PrivateSigner:
    """Return the key that a judge with these settings signs with.

    Raises:
        Fault: there is none, it cannot be read, or others may read it too.

    """
    if settings.signing_key is not None:
        return _signer(settings.signing_key)
    found = keyring(settings).current()
    if found is None:
        raise Fault("no-signing-key", f"there is no key in use in {settings.home / FOLDER}", GENERATE)
    return found


def _signer(path: Path, known: KnownKey | None = None) -> PrivateSigner:
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        detail = f"the signing key {path} cannot be read: {error.strerror}"
        raise Fault("no-signing-key", detail, "check path and owner, or " + GENERATE) from error
    if mode & 0o077:
        raise Fault("open-signing-key", f"the signing key {path} is open to others", f"run `chmod 600 {path}`")
    try:
        private = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:  # TypeError: it is encrypted
        raise Fault("bad-signing-key", f"the signing key {path} is no private key in PEM", GENERATE) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise Fault("bad-signing-key", f"the signing key {path} is of another kind than Ed25519", GENERATE)
    key = _public(private)
    if known is not None and known.public != key:
        raise Fault("bad-signing-key", f"the signing key {path} is not the one of its name", GENERATE)
    return PrivateSigner(known or KnownKey(key), private)


def _pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public(private: Ed25519PrivateKey) -> PublicKey:
    return PublicKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def _entry(path: Path) -> KnownKey:
    (key, *more) = read_keys(path.read_bytes(), str(path))
    if more or path.stem != key.public.id.removeprefix("sha256:"):
        raise BadKey(f"{path} holds another key than its name says")
    return key


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is there with its mode and as a whole, or not at all."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)  # of a process that was killed; we hold the lock
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
