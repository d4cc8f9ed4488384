"""Recipes: what is read, what is refused with its line, and what moves their digest; and entries of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox import SandboxFault
from sandbox.entries import differences, digest_of, entries, fingerprint
from sandbox.recipe import BROUGHT, Archive, Recipe, normal, own_files, read_recipe, shipped

DIGITS = "0123456789abcdef" * 4


def _read(tmp_path: Path, text: str) -> Recipe:
    path = tmp_path / "r.txt"
    path.write_text(text)
    return read_recipe("mine", path)


def test_a_recipe_is_read(tmp_path: Path) -> None:
    text = "# words\n#: import a.b c\n#: without x/y z\n#: room 3 GiB\n\nSome_Name==1.2  # MIT\nb==2+cpu\n"
    found = _read(tmp_path, text)
    assert found.pins == {"some-name": "1.2", "b": "2+cpu"}
    assert found.licences == {"some-name": "MIT"}
    assert (found.imports, found.without, found.room_bytes) == (("a.b", "c"), ("x/y", "z"), 3 << 30)


def test_hashes_and_archives_are_read_and_belong_to_the_digest(tmp_path: Path) -> None:
    base = _read(tmp_path, "a==1\n").digest
    found = _read(tmp_path, f"#: npm b==1.0-x sha256:{DIGITS}\na==1 --hash=sha256:{DIGITS}  # MIT\n")
    assert (found.pins, found.licences) == ({"a": "1"}, {"a": "MIT"})
    assert found.archives == (Archive("b", "1.0-x", f"sha256:{DIGITS}"),)
    assert found.digest not in {base, _read(tmp_path, f"a==1 --hash=sha256:{DIGITS}\n").digest}
    assert _read(tmp_path, f"a==1 --hash=sha256:{DIGITS}\n").digest != base


def test_programs_beside_a_recipe_belong_to_its_digest(tmp_path: Path) -> None:
    base = _read(tmp_path, "a==1\n").digest
    (tmp_path / "r/inner/__pycache__").mkdir(parents=True)
    (tmp_path / "r/inner/__pycache__/x.pyc").write_bytes(b"")
    assert _read(tmp_path, "a==1\n").digest == base
    (tmp_path / "r/inner/x.py").write_text("1\n")
    one = _read(tmp_path, "a==1\n").digest
    (tmp_path / "r/inner/x.py").write_text("2\n")
    assert len({base, one, _read(tmp_path, "a==1\n").digest}) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a>=1\n", r"line 1: 'a>=1' is no exact version"),
        ("a==1\n-r other.txt\n", r"line 2: '-r other.txt' is no exact version"),
        ("--no-binary all\n", "is no exact version"),
        ("a @ there\n", "is no exact version"),
        ("a==1; python_version > '3'\n", "is no exact version"),
        ("A_b==1\na-B==2\n", "line 2: a-b stands here twice"),
        ("#: import os;system\na==1\n", "line 1: `#: import os;system` is not understood"),
        ("#: import\na==1\n", "is not understood"),
        ("#: without ../x\na==1\n", "is not understood"),
        ("#: without /etc\na==1\n", "is not understood"),
        ("#: room much\na==1\n", "is not understood"),
        ("#: colour red\na==1\n", "is not understood"),
        ("a==1 --hash=md5:00\n", "is no exact version"),
        (f"#: npm a>=1 sha256:{DIGITS}\na==1\n", "is not understood"),
        ("#: npm a==1 sha256:12\na==1\n", "is not understood"),
        (f"#: npm ../a==1 sha256:{DIGITS}\na==1\n", "is not understood"),
        ("# nothing\n", "names no package"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SandboxFault, match=said):
        _read(tmp_path, text)


@pytest.mark.parametrize("name", ["python", "", "Upper", "../up", "a/b", ".hidden", "a" * 33])
def test_a_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    (tmp_path / "r.txt").write_text("a==1\n")
    with pytest.raises(SandboxFault, match="cannot name an environment"):
        read_recipe(name, tmp_path / "r.txt")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxFault, match="cannot be read"):
        read_recipe("mine", tmp_path / "absent.txt")


def test_the_digest_moves_with_what_is_built_and_with_nothing_else(tmp_path: Path) -> None:
    base = _read(tmp_path, "#: import a\na==1\nb==2\n").digest
    assert _read(tmp_path, "# words\n#: room 9 GiB\n#: import a\nb==2  # MIT\na==1\n").digest == base
    for text in ("#: import b\na==1\nb==2\n", "#: import a\na==1\nb==3\n", "#: import a\n#: without x\na==1\nb==2\n"):
        assert _read(tmp_path, text).digest != base


def test_every_recipe_that_is_shipped_can_be_read_and_names_its_licences() -> None:
    assert set(shipped()) == {"lean4", "science", "torch"}
    for name, path in shipped().items():
        recipe = read_recipe(name, path)
        assert recipe.licences.keys() == recipe.pins.keys(), name
        assert list(recipe.pins) == sorted(recipe.pins), name
        own = {file.relative_to(recipe.programs).parts[0] for file in own_files(recipe.programs)}
        assert set(recipe.imports) <= {*recipe.pins, *own}
    assert read_recipe("torch", shipped()["torch"]).pins["torch"] == "2.13.0"


@pytest.mark.parametrize(
    ("name", "brought"),
    [("nvidia-cublas", True), ("nvidia_cudnn_cu13", True), ("triton", True), ("cuda-bindings", True), ("tritonal", False),
     ("nvidia", False), ("numpy", False)],
)  # fmt: skip
def test_only_the_packages_of_a_cuda_build_may_come_unpinned(name: str, *, brought: bool) -> None:
    assert (BROUGHT.fullmatch(normal(name)) is not None) is brought


# --- entries


def test_entries_are_kinds_and_contents(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("abc")
    (tmp_path / "run").write_text("")
    (tmp_path / "run").chmod(0o700)
    (tmp_path / "l").symlink_to("d/f")
    shares: list[float] = []
    found = entries(tmp_path, shares.append)
    assert {path: kind for path, (kind, _) in found.items()} == {
        "d": "folder", "d/f": "file", "run": "program", "l": "link",
    }  # fmt: skip
    assert found["d/f"][1] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found["l"][1] == "d/f"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SandboxFault, match=r"pipe is no file, folder or link \(remove it\)"):
        entries(tmp_path)


def test_no_two_folders_share_a_digest() -> None:
    some = [
        {"a": ("file", "1")}, {"a": ("program", "1")}, {"a": ("link", "1")}, {"a": ("file", "2")}, {"b": ("file", "1")},
        {"a": ("file", "1"), "b": ("file", "")}, {"a\nfile": ("file", "1")}, {},
    ]  # fmt: skip
    found = [digest_of(item, "x") for item in some] + [digest_of({}, "x", "y"), digest_of({}, "xy"), digest_of({})]
    assert len(set(found)) == len(found)


def test_a_digest_does_not_depend_on_the_order(tmp_path: Path) -> None:
    one = {"a": ("file", "1"), "b": ("file", "2")}
    assert digest_of(one) == digest_of(dict(reversed(one.items())))


def test_names_that_are_no_text_are_entries_too(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff", "wb"):  # noqa: PTH123 - no Path of that name
        pass
    (name,) = entries(tmp_path)
    assert os.fsencode(name) == b"\xff"
    assert fingerprint(tmp_path)


def test_differences_name_each_path_once() -> None:
    before = {"a": ("file", "1"), "b": ("file", "1"), "c": ("file", "1")}
    now = {"a": ("file", "2"), "b": ("link", "1"), "d": ("folder", "")}
    assert differences(before, now) == [
        "a changed its contents",
        "b changed its kind, from file to link",
        "c is missing",
        "d was added",
    ]


def test_an_installer_is_given_what_was_read_and_no_more(tmp_path: Path) -> None:
    hashed = f"b==2 --hash=sha256:{DIGITS} --hash=sha256:{DIGITS[::-1]}"
    found = _read(
        tmp_path, f"# -*- coding: utf-7 -*-\n# words +AAo---no-binary b\n#: import b\nA_c==1.2  # MIT\n{hashed}\n"
    )
    assert found.requirements == f"a-c==1.2\n{hashed}\n"


def test_a_link_out_of_the_folder_of_programs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r/inside.py").write_text("")
    (tmp_path / "r/alias.py").symlink_to("inside.py")
    assert _read(tmp_path, "a==1\n").pins == {"a": "1"}
    (tmp_path / "r/shadow").symlink_to("/etc/shadow")
    with pytest.raises(SandboxFault, match=r"shadow is a link that leads out of .*/r \(put the file itself"):
        _read(tmp_path, "a==1\n")
