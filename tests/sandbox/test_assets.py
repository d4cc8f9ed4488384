"""Assets: added, read back, changed on the disk, and seen in a real box of either engine."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import Asset, AssetChanged, Job, NoIsolation, Sandbox, SandboxFault, StagedFile, host_python
from sandbox.adding import LICENCE_MAX, add, remove
from sandbox.assets import describe, hex_of, load, load_all, read_manifest, read_manifests, require_unchanged, verify
from sandbox.entries import CHUNK
from sandbox.job import Misused
from tests.sandbox.kept import FILES, Kept, some_assets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Outcome


@pytest.fixture
def kept() -> Iterator[Kept]:
    with some_assets() as found:
        yield found


# --- adding


def test_the_digest_is_the_documented_one_of_paths_and_contents(kept: Kept) -> None:
    inner = hashlib.sha256(FILES["deep/weights.bin"]).hexdigest()
    records = [
        "assay-asset-v1",
        *("file", "answer.txt", hashlib.sha256(b"42\n").hexdigest()),
        *("folder", "deep", ""),
        *("file", "deep/weights.bin", inner),
    ]
    expected = hashlib.sha256("".join(f"{item}\0" for item in records).encode()).hexdigest()
    assert kept.add().digest == f"sha256:{expected}"


def test_modes_times_and_names_here_are_no_part_of_the_digest(kept: Kept) -> None:
    first = kept.add()
    other = kept.lay(FILES, "other")
    (other / "answer.txt").chmod(0o700)
    os.utime(other / "answer.txt", (1, 1))
    manifest, new = add(kept.folder, other, "another-name", "CC BY 4.0")
    assert (manifest.digest, new) == (first.digest, False)
    assert [(item.name, item.licence) for item in read_manifests(kept.folder)] == [("another-name", "CC BY 4.0")]


@pytest.mark.parametrize("change", [{"answer.txt": b"43\n"}, {"more.txt": b""}, {"deep/answer.txt": b"42\n"}])
def test_every_content_and_path_is_part_of_the_digest(kept: Kept, change: dict[str, bytes]) -> None:
    assert kept.add().digest != kept.add({**FILES, **change}, "other").digest


def test_a_file_alone_becomes_a_folder_that_holds_it(kept: Kept) -> None:
    path = kept.lay(FILES) / "answer.txt"
    manifest, _ = add(kept.folder, path, "answer")
    assert [item.name for item in manifest.data(kept.folder).iterdir()] == ["answer.txt"]
    assert (manifest.files, manifest.bytes) == (1, 3)
    assert manifest.digest == kept.add({"answer.txt": b"42\n"}, "folder").digest


def test_what_happens_to_the_original_later_is_no_matter(kept: Kept) -> None:
    manifest = kept.add()
    (kept.originals / "model/answer.txt").write_text("other")
    assert load(kept.folder, manifest.digest).digest == manifest.digest
    assert verify(kept.folder, manifest.digest)[2] == []


def test_links_inside_are_kept(kept: Kept) -> None:
    path = kept.lay(FILES)
    (path / "alias.txt").symlink_to("deep/../answer.txt")
    manifest, _ = add(kept.folder, path, "model")
    assert (manifest.data(kept.folder) / "alias.txt").read_bytes() == b"42\n"
    assert manifest.files == len(FILES)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "nowhere", "alias.txt", "../model/answer.txt"])
def test_a_link_that_leads_out_or_nowhere_is_refused_and_leaves_nothing(kept: Kept, target: str) -> None:
    path = kept.lay(FILES)
    (path / "alias.txt").symlink_to(target)
    (kept.originals / "outside").write_text("x")
    with pytest.raises(SandboxFault, match=r"^alias.txt is a link that leads out of the asset, or nowhere \(put"):
        add(kept.folder, path, "model")
    assert [item.name for item in kept.folder.iterdir()] == [".lock"]


@contextmanager
def as_somebody(kept: Kept) -> Iterator[None]:
    """Be a user whom modes keep from reading."""
    if os.geteuid() != 0:
        yield
        return
    for path in (kept.originals, *kept.originals.rglob("*")):
        os.chown(path, 65534, 65534)
    kept.folder.mkdir()
    kept.folder.chmod(0o777)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def put_in_the_place(monkeypatch: pytest.MonkeyPatch, path: Path, target: Path) -> None:
    """Have a link stand where something was, as soon as the original has been looked at and before it is copied."""
    from sandbox import adding

    real = adding._require_usable

    def meddle(*given: Any) -> None:
        real(*given)
        path.rename(path.with_name("before"))
        path.symlink_to(target)

    monkeypatch.setattr(adding, "_require_usable", meddle)


def test_a_link_in_the_place_of_a_file_gives_nothing_away_and_opens_nothing(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, secret = kept.lay(FILES), kept.originals / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    put_in_the_place(monkeypatch, path / "answer.txt", secret)
    with pytest.raises(SandboxFault, match=r"answer.txt became another one while it was copied \(add it"):
        add(kept.folder, path, "model")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert [item.name for item in kept.folder.iterdir()] == [".lock"]


def test_a_link_in_the_place_of_a_folder_leads_nowhere(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept.lay(FILES)
    other = kept.lay({"weights.bin": FILES["deep/weights.bin"]}, "other")
    put_in_the_place(monkeypatch, path / "deep", other)
    with pytest.raises(SandboxFault, match=r"deep/weights.bin became another one while it was copied"):
        add(kept.folder, path, "model")


def test_a_file_that_grows_while_it_is_copied_is_refused(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept.lay(FILES)
    from sandbox import adding

    real = adding._require_usable

    def grow(*given: Any) -> None:
        real(*given)
        (path / "answer.txt").write_bytes(b"much more than there was")

    monkeypatch.setattr(adding, "_require_usable", grow)
    with pytest.raises(SandboxFault, match=r"answer.txt became another one while it was copied"):
        add(kept.folder, path, "model")


@pytest.mark.parametrize("change", ["rewritten", "added", "removed"])
def test_what_changes_behind_the_copying_is_refused(kept: Kept, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    path = kept.lay(FILES)
    from sandbox import copying

    real = copying._copy_file

    def meddle(base: Path, item: str, *given: Any) -> Iterator[int]:
        yield from real(base, item, *given)
        if item == "answer.txt":
            if change == "rewritten":
                (path / item).write_bytes(b"43\n")  # as long as before
            elif change == "added":
                (path / "more.txt").touch()
            else:
                (path / item).unlink()

    monkeypatch.setattr(copying, "_copy_file", meddle)
    named = "more.txt" if change == "added" else "answer.txt"
    with pytest.raises(SandboxFault, match=rf"{named} became another one while it was copied \(add it when"):
        add(kept.folder, path, "model")
    assert [item.name for item in kept.folder.iterdir()] == [".lock"]


def test_a_link_that_is_no_link_any_more_is_refused_in_words(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept.lay(FILES)
    (path / "alias.txt").symlink_to("answer.txt")
    from sandbox import adding

    real = adding._require_usable

    def meddle(*given: Any) -> None:
        real(*given)
        (path / "alias.txt").unlink()
        (path / "alias.txt").touch()

    monkeypatch.setattr(adding, "_require_usable", meddle)
    with pytest.raises(SandboxFault, match=r"alias.txt became another one while it was copied"):
        add(kept.folder, path, "model")


@pytest.mark.parametrize("shut", ["answer.txt", "deep", "."])
def test_what_may_not_be_read_is_refused_before_anything_is_copied(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, shut: str
) -> None:
    path = kept.lay(FILES)
    (path / shut).chmod(0)
    monkeypatch.setattr("sandbox.adding.copy", lambda *_: pytest.fail("it was copied"))
    try:
        with as_somebody(kept), pytest.raises(Misused, match=rf"{(path / shut).name} cannot be read \(give yourself"):
            add(kept.folder, path, "model")
    finally:
        (path / shut).chmod(0o755)


def test_a_disk_that_is_full_before_the_end_is_told_with_what_to_do(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sandbox.adding.copy", full)
    with pytest.raises(SandboxFault, match=rf"^there is no room left below {kept.folder} \(make room, or set ASSAY"):
        add(kept.folder, kept.lay(FILES), "model")
    assert [item.name for item in kept.folder.iterdir()] == [".lock"]


def test_a_link_that_is_named_alone_means_what_it_leads_to(kept: Kept) -> None:
    path = kept.lay(FILES)
    (kept.originals / "latest").symlink_to(path / "answer.txt")
    manifest, _ = add(kept.folder, kept.originals / "latest", "answer")
    assert (manifest.data(kept.folder) / "latest").read_bytes() == b"42\n"


def test_a_device_that_is_named_alone_is_refused_in_words(kept: Kept) -> None:
    with pytest.raises(SandboxFault, match=r"^/dev/null is neither file nor folder \(name"):
        add(kept.folder, Path("/dev/null"), "null")


def test_what_is_no_file_is_refused_before_anything_is_copied(kept: Kept) -> None:
    path = kept.lay(FILES)
    os.mkfifo(path / "pipe")
    with pytest.raises(SandboxFault, match=r"/pipe is no file, folder or link \(remove it\)"):
        add(kept.folder, path, "model")


def test_a_folder_without_a_file_is_refused(kept: Kept) -> None:
    (kept.originals / "empty/deep").mkdir(parents=True)
    with pytest.raises(SandboxFault, match=r"holds no file \(name what"):
        add(kept.folder, kept.originals / "empty", "empty")


def test_what_does_not_fit_is_refused(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept.lay(FILES)
    monkeypatch.setattr("sandbox.adding.FILES_MAX", 2)
    with pytest.raises(SandboxFault, match=r"has 3 entries, and 2 is the most"):
        add(kept.folder, path, "model")
    with (path / "answer.txt").open("wb") as file:
        file.truncate(1 << 43)
    monkeypatch.undo()
    with pytest.raises(SandboxFault, match=r"MiB are needed below .* ASSAY_ASSET_FOLDER"):
        add(kept.folder, path, "model")


@pytest.mark.parametrize(
    ("name", "licence", "said"),
    [("a/b", "", "no name for an asset"), ("", "", "no name"), ("m", "a\nb", "one line"), ("m", "x" * 401, "one line")],
)
def test_names_and_licences_are_plain(kept: Kept, name: str, licence: str, said: str) -> None:
    assert LICENCE_MAX == 400
    with pytest.raises(SandboxFault, match=said):
        add(kept.folder, kept.lay(FILES), name, licence)


def test_two_additions_at_once_are_one_after_the_other(kept: Kept) -> None:
    kept.folder.mkdir()
    with (kept.folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SandboxFault, match="another asset is being added"):
            kept.add()


def test_one_that_is_removed_is_gone_with_its_files_and_can_be_added_again(kept: Kept) -> None:
    manifest, other = kept.add(), kept.add({"other.txt": b"1"}, "other")
    remove(kept.folder, manifest)
    assert read_manifest(kept.folder, manifest.digest) is None
    assert sorted(path.name for path in kept.folder.iterdir() if path.name != ".lock") == sorted(
        [hex_of(other.digest), f"{hex_of(other.digest)}.json"]
    )
    with pytest.raises(SandboxFault, match="there is no asset"):
        load(kept.folder, manifest.digest)
    assert kept.add().digest == manifest.digest
    assert load(kept.folder, manifest.digest).bytes == manifest.bytes


def test_nothing_is_removed_while_another_adds(kept: Kept) -> None:
    manifest = kept.add()
    with (kept.folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SandboxFault, match="is being added or removed here"):
            remove(kept.folder, manifest)
    assert read_manifest(kept.folder, manifest.digest) is not None


def test_what_was_left_by_a_killed_addition_or_removal_is_removed(kept: Kept) -> None:
    kept.add()
    unnamed = kept.folder / ("0" * 64)  # killed between the rename and the manifest, or behind the manifest's end
    for left in (kept.folder / ".part-killed/data", unnamed / "data"):
        left.mkdir(parents=True)
    other = kept.add({"other.txt": b"1"}, "other")
    assert not (kept.folder / ".part-killed").exists()
    assert not unnamed.exists()
    assert len(read_manifests(kept.folder)) == 2
    assert verify(kept.folder, other.digest)[2] == []


def test_adding_tells_how_far_it_is(kept: Kept) -> None:
    heard: list[tuple[str, float]] = []
    add(kept.folder, kept.lay(FILES), "model", "", lambda step, share: heard.append((step, share)))
    assert list(dict.fromkeys(step for step, _ in heard)) == ["copying", "hashing"]
    assert [share for _, share in heard] == sorted(share for _, share in heard)
    assert heard[-1][1] == 1.0


def test_a_large_file_alone_tells_how_far_it_is(kept: Kept) -> None:
    heard: list[float] = []
    path = kept.lay({"large": bytes(4 * CHUNK)}) / "large"
    add(kept.folder, path, "model", "", lambda _, share: heard.append(share))
    assert heard == [(step + 1) / 8 for step in range(8)]


# --- reading back


def test_one_that_was_changed_is_refused_named_and_mended_by_adding_it_again(kept: Kept) -> None:
    manifest = kept.add()
    (manifest.data(kept.folder) / "answer.txt").write_text("43\n")
    with pytest.raises(
        AssetChanged, match=r"the asset model was changed: answer.txt changed its contents \(run `assay"
    ):
        load(kept.folder, manifest.digest)
    assert verify(kept.folder, manifest.digest)[2] == ["answer.txt changed its contents"]
    again, new = add(kept.folder, kept.originals / "model", "model")
    assert (again.digest, new) == (manifest.digest, True)
    assert load(kept.folder, manifest.digest).files == len(FILES)


def test_mending_by_the_original_alone_keeps_name_and_licence(kept: Kept) -> None:
    manifest = kept.add(licence="MIT")
    (manifest.data(kept.folder) / "answer.txt").write_text("43\n")
    copied = kept.lay(FILES, "copied-elsewhere")
    assert add(kept.folder, copied) == (manifest, True)
    assert add(kept.folder, copied) == (manifest, False)
    assert add(kept.folder, kept.lay({"other": b"1"}, "new"))[0].name == "new"


def test_one_that_has_grown_is_refused_before_it_is_read(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = kept.add()
    with (manifest.data(kept.folder) / "answer.txt").open("r+b") as file:
        file.truncate(1 << 40)  # sparse: hashing it takes an hour
    monkeypatch.setattr("sandbox.assets.entries", lambda *_: pytest.fail("it was read"))
    with pytest.raises(
        AssetChanged, match=rf"its files have \d{{13}} bytes, and {manifest.bytes} were added \(run `assay"
    ):
        load(kept.folder, manifest.digest)


def test_a_list_of_files_that_was_changed_too_hides_nothing(kept: Kept) -> None:
    manifest = kept.add()
    (manifest.data(kept.folder) / "answer.txt").write_text("43\n")
    listed = manifest.data(kept.folder).parent / "files.json"
    found = json.loads(listed.read_text())
    found["answer.txt"][1] = hashlib.sha256(b"43\n").hexdigest()
    listed.write_text(json.dumps(found))
    with pytest.raises(AssetChanged, match="something of it, and"):
        load(kept.folder, manifest.digest)


def test_a_known_fingerprint_spares_the_hashing_and_a_touched_file_costs_it(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = kept.add()
    load(kept.folder, manifest.digest, tmp_path)
    hashed: list[object] = []
    from sandbox import assets

    real = assets.entries
    monkeypatch.setattr(assets, "entries", lambda *given: hashed.append(given) or real(*given))  # type: ignore[func-returns-value]
    load(kept.folder, manifest.digest, tmp_path)
    assert hashed == []
    (manifest.data(kept.folder) / "answer.txt").touch()
    load(kept.folder, manifest.digest, tmp_path)
    assert len(hashed) == 1


@pytest.mark.parametrize("depth", ["data", "."])
def test_another_one_that_stood_in_its_place_for_a_while_is_seen(kept: Kept, depth: str) -> None:
    asset = load(kept.folder, kept.add().digest)
    require_unchanged([asset])
    place = Path(asset.folder).parent / depth
    place.rename(kept.originals / "kept")
    place.mkdir()
    place.rmdir()
    (kept.originals / "kept").rename(place)
    with pytest.raises(AssetChanged, match="was changed on the disk since its digest was found"):
        require_unchanged([asset])


def test_all_that_can_be_used_are_loaded_and_the_others_named(kept: Kept) -> None:
    whole, broken = kept.add(), kept.add({"x": b"1"}, "broken")
    (broken.data(kept.folder) / "x").unlink()
    (kept.folder / f"{'0' * 64}.json").write_text("{}")
    found, wrong = load_all(kept.folder)
    assert [item.digest for item in found] == [whole.digest]
    assert list(wrong) == [broken.digest]
    assert "x is missing" in wrong[broken.digest]


def test_one_that_is_not_there_is_said_to_be_missing(kept: Kept) -> None:
    with pytest.raises(SandboxFault, match="there is no asset sha256:00"):
        load(kept.folder, "sha256:" + "0" * 64)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's boxes are that user's own")
def test_a_folder_that_the_box_could_not_pass_is_refused(kept: Kept) -> None:
    manifest = kept.add()
    kept.folder.chmod(0o700)
    with pytest.raises(NoIsolation, match=r"is closed to the user of the box .*ASSAY_ASSET_FOLDER"):
        load(kept.folder, manifest.digest)


# --- in the box

LOOK = """\
import json, os
root = os.environ["ASSAY_ASSETS"]
found = {"root": root, "names": sorted(os.listdir(root)), "answer": open(root + "/model/answer.txt").read()}
for path in (root, root + "/model", root + "/model/deep"):
    try:
        open(path + "/new", "w")
    except OSError as error:
        found[path] = error.errno
try:
    open(root + "/model/answer.txt", "a")
except OSError as error:
    found["append"] = error.errno
json.dump(found, open(os.environ["ASSAY_RESULT"], "w"))
"""
EROFS = errno.EROFS


def asked(*assets: tuple[str, Asset], script: str = LOOK) -> Job:
    file = StagedFile("/job/script.py", script.encode())
    return Job(host_python(), (file.target,), (file,), wall_ms=20_000, cpu_ms=20_000, assets=assets)


def looked(outcome: Outcome) -> dict[str, object]:
    assert outcome.result is not None, outcome.stderr
    found: dict[str, object] = json.loads(outcome.result)
    return found


@pytest.mark.box
def test_a_box_sees_the_assets_of_its_job_read_only_and_no_others(kept: Kept) -> None:
    model, other = (load(kept.folder, item.digest) for item in (kept.add(licence="MIT"), kept.add({"x": b"1"}, "x")))
    assert other.digest != model.digest
    with Sandbox() as box:
        outcome = box.run(asked(("model", model)))
    found = looked(outcome)
    assert (found["root"], found["names"], found["answer"]) == ("/assets", ["model"], "42\n")
    assert [found[path] for path in ("/assets", "/assets/model", "/assets/model/deep")] == [EROFS] * 3
    assert found["append"] in {errno.EACCES, EROFS}  # the former where the box is another user than the owner
    told = {"name": "model", "digest": model.digest, "bytes": model.bytes, "files": 2, "licence": "MIT"}
    assert outcome.isolation["assets"] == [told] == [describe("model", model)]


@pytest.mark.box
def test_without_assets_there_is_neither_folder_nor_variable(kept: Kept) -> None:
    kept.add()
    with Sandbox() as box:
        script = 'import os\nassert "ASSAY_ASSETS" not in os.environ and not os.path.exists("/assets")\n'
        outcome = box.run(asked(script=script))
    assert (outcome.exit_code, "assets" in outcome.isolation) == (0, False), outcome.stderr


@pytest.mark.box
def test_a_box_that_waits_with_other_assets_is_not_used(kept: Kept) -> None:
    one, two = (load(kept.folder, kept.add({"answer.txt": text}, "m").digest) for text in (b"1", b"2"))
    with Sandbox(ahead=1) as box:
        answers = [looked(box.run(asked(("model", asset), script=ONE)))["answer"] for asset in (one, two, two, one)]
    assert answers == ["1", "2", "2", "1"]


ONE = """\
import json, os
answer = open(os.environ["ASSAY_ASSETS"] + "/model/answer.txt").read()
json.dump({"answer": answer}, open(os.environ["ASSAY_RESULT"], "w"))
"""


@pytest.mark.box
def test_one_that_was_touched_since_it_was_loaded_is_given_to_no_run(kept: Kept) -> None:
    manifest = kept.add()
    asset = load(kept.folder, manifest.digest)
    (manifest.data(kept.folder) / "answer.txt").touch()
    with Sandbox() as box, pytest.raises(AssetChanged, match="changed on the disk since its digest was found"):
        box.run(asked(("model", asset)))


@pytest.mark.box
def test_one_that_is_touched_while_a_run_goes_on_spoils_it(kept: Kept) -> None:
    manifest = kept.add()
    asset = load(kept.folder, manifest.digest)
    slow = "import time\ntime.sleep(1.5)\n"

    def meddle(_: object) -> bool:
        (manifest.data(kept.folder) / "answer.txt").touch()
        return True

    with Sandbox() as box, pytest.raises(AssetChanged):
        box.run(asked(("model", asset), script=slow), meddle)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_a_name_that_is_a_path_is_refused(kept: Kept, name: str) -> None:
    asset = load(kept.folder, kept.add().digest)
    with pytest.raises(ValueError, match="which is no path"):
        asked((name, asset))
    with pytest.raises(ValueError, match="a name of its own"):
        asked(("model", asset), ("model", replace(asset, name="other")))
