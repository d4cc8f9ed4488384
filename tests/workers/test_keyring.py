"""The judge's keys on disk: made, used, rotated, and refused when somebody else could have them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app import actions
from app.core.errors import Fault
from app.core.evidence import verify
from app.core.keys import BadKey, KnownKey
from app.settings import Settings
from app.store import keys
from workers.keyring import Keyring, Signing, judge_key, keyring, write_private

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workers.station import Station

NOW = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys")


def private_of(ring: Keyring, key: KnownKey) -> Path:
    return ring.folder / f"{key.public.id.removeprefix('sha256:')}.pem"


def test_a_new_key_is_the_one_in_use_and_signs(ring: Keyring) -> None:
    assert ring.current() is None
    key = ring.generate(NOW)
    signer = ring.current()
    assert signer is not None
    assert (signer.public, signer.known) == (key.public, key)
    assert key.public.verifies(signer.sign(b"x"), b"x")
    assert ring.keys() == [KnownKey(key.public, NOW)]


def test_nobody_else_can_read_a_private_key(ring: Keyring, tmp_path: Path) -> None:
    key = ring.generate(NOW)
    assert ring.folder.stat().st_mode & 0o777 == 0o700
    assert private_of(ring, key).stat().st_mode & 0o777 == 0o600
    write_private(tmp_path / "for-another-host.pem")
    assert (tmp_path / "for-another-host.pem").stat().st_mode & 0o777 == 0o600


def test_the_newest_key_that_is_not_retired_is_in_use(ring: Keyring) -> None:
    first, second = ring.generate(NOW), ring.generate(LATER)
    assert ring.ensure(NOW).public == second.public
    assert ring.retire(second.public.id, LATER) == KnownKey(second.public, LATER, LATER)
    assert ring.ensure(NOW).public == first.public
    ring.retire(first.public.id, LATER)
    assert ring.current() is None
    assert ring.ensure(LATER).public not in {first.public, second.public}


def test_a_key_is_retired_once_and_an_unknown_one_never(ring: Keyring) -> None:
    key = ring.generate(NOW)
    ring.retire(key.public.id, NOW)
    again = ring.retire(key.public.id, LATER)
    assert again is not None
    assert again.retired_at == NOW
    assert ring.retire("sha256:" + "0" * 64, NOW) is None


RACE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from workers.keyring import Keyring
print(Keyring(Path(sys.argv[1])).ensure(datetime.now(UTC)).public.id)
"""


def test_of_several_first_starts_at_once_one_makes_the_key(ring: Keyring) -> None:
    command = [sys.executable, "-c", RACE, str(ring.folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1
    assert len(ring.keys()) == 1


def other_kind(path: Path) -> None:
    private = ed448.Ed448PrivateKey.generate()
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def another(path: Path) -> None:
    path.unlink()
    write_private(path)


DAMAGES: list[Any] = [
    pytest.param(lambda path: path.chmod(0o640), "is open to others", "chmod 600", id="readable to the group"),
    pytest.param(lambda path: path.chmod(0o606), "is open to others", "chmod 600", id="readable to all"),
    pytest.param(lambda path: path.unlink(), "cannot be read: No such file", "assay keys generate", id="gone"),
    pytest.param(lambda path: path.write_bytes(b"x"), "is no private key in PEM", "assay keys generate", id="damaged"),
    pytest.param(other_kind, "is of another kind than Ed25519", "assay keys generate", id="another kind"),
    pytest.param(another, "is not the one of its name", "assay keys generate", id="another key"),
]


@pytest.mark.parametrize(("damage", "says", "remedy"), DAMAGES)
def test_a_private_key_that_cannot_be_relied_on_is_refused_with_the_remedy(
    ring: Keyring, damage: Callable[[Path], None], says: str, remedy: str
) -> None:
    damage(private_of(ring, ring.generate(NOW)))
    with pytest.raises(Fault, match=says) as caught:
        ring.current()
    assert remedy in caught.value.remedy


def test_an_entry_under_another_name_is_refused(ring: Keyring) -> None:
    first, second = ring.generate(NOW), ring.generate(LATER)
    entry = private_of(ring, first).with_suffix(".json")
    entry.write_bytes(private_of(ring, second).with_suffix(".json").read_bytes())
    with pytest.raises(BadKey, match="another key than its name says"):
        ring.keys()


def test_a_killed_writer_leaves_nothing_that_counts(ring: Keyring) -> None:
    key = ring.generate(NOW)
    private_of(ring, key).with_suffix(".new").write_bytes(b"half")
    assert ring.retire(key.public.id, LATER) == KnownKey(key.public, NOW, LATER)
    assert ring.keys() == [KnownKey(key.public, NOW, LATER)]


# --- which key a judge takes -----------------------------------------------------------------------------------------


def test_a_judge_takes_the_file_that_it_is_given(tmp_path: Path) -> None:
    given = write_private(tmp_path / "judge.pem")
    settings = Settings(home=tmp_path / "home", signing_key=tmp_path / "judge.pem")
    keyring(settings).generate(NOW)
    assert judge_key(settings).public == given.public
    published: list[list[KnownKey]] = []
    assert Signing(settings).current(published.append).public == given.public
    assert published == [[given]]


def test_a_judge_without_a_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="there is no key in use") as caught:
        judge_key(Settings(home=tmp_path))
    assert caught.value.remedy == "run `assay keys generate`"


def test_keys_are_published_before_one_is_used_and_again_only_after_a_change(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = keyring(settings).generate(NOW)
    signing, published = Signing(settings), []
    assert signing.current(published.append).public == first.public
    assert signing.current(published.append).public == first.public
    assert published == [[first]]
    second = keyring(settings).generate(LATER)
    assert signing.current(published.append).public == second.public
    assert published[1:] == [[first, second]]


def test_a_key_that_could_not_be_published_is_not_used(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    keyring(settings).generate(NOW)
    signing = Signing(settings)

    def away(_: list[KnownKey]) -> None:
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            signing.current(away)


@pytest.mark.box
def test_a_rotation_needs_no_restart(station: Station) -> None:
    """The judge reads its keys again, publishes the new one before it signs with it, and the old verdicts still hold."""
    ring = keyring(station.parts.settings)
    signers = []
    for name in ("before", "after"):
        station.submit(publisher=name)
        station.work()
        stored = station.scalar("SELECT evidence FROM verdict ORDER BY id DESC LIMIT 1")
        signers.append(verify(station.parts.blobs.read(stored)).signer)
        old = ring.ensure(NOW)
        ring.generate(datetime.now(UTC))
        ring.retire(old.public.id, datetime.now(UTC))
    assert None not in signers
    assert len(set(signers)) == 2
    with station.parts.store.read() as session:
        known = keys.published(session)
    assert [key.public.id for key in known] == signers
    assert known[0].retired_at is not None
    while actions.audit(station.parts):
        pass
    assert station.scalar("SELECT failed FROM audit") == 0
    assert station.scalar("SELECT checked FROM audit") == 2
