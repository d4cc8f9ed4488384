"""`assay verify PATH`: the whole job on this machine, in real boxes; its fields and exit codes are what others build on."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.exits import Exit, of_status, worst
from cli.main import run
from tests.api.bundles import CLAIM, SCRIPT, SCRIPT_CLAIM, formula_bundle, inside, script_bundle, tarred, zipped
from tests.cli.command import COMMAND, ROOT, assay, descendants, environment, eventually, lay, no_survivors

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.box

FIELDS = [
    "status",
    "outcome",
    "reason_code",
    "reason",
    "blame",
    "seal",
    "comparisons",
    "controls",
    "runs",
    "isolation",
    "claim_name",
]
COMPARISON = ["metric", "unit", "rule", "tolerance", "expected", "computed", "values", "low", "high"]
COMPARISON += ["computed_low", "computed_high", "match", "code", "flips_at", "table", "p", "note"]
CONTROL = ["name", "attacker", "result", "detail", "cannot_prove", "effect"]
RUN = ["key", "purpose", "seed", "derivation", "outcome", "stderr"]

BUNDLES = {
    "verified": formula_bundle(),
    "falsified": formula_bundle(CLAIM.replace('"8.7"', '"8.2"')),
    "unverified": script_bundle(script="raise SystemExit(3)"),
    "refused": formula_bundle(CLAIM.replace('"8.7"', '"eight"')),
}
CODES = {"verified": 0, "falsified": 1, "unverified": 3, "refused": 2}
STATUS = {"verified": "VERIFIED", "falsified": "FALSIFIED", "unverified": "UNVERIFIED", "refused": None}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home, shared so that the interpreter is hashed once."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("name", BUNDLES)
def test_the_exit_code_is_the_verdict_and_the_json_has_exactly_the_promised_fields(
    home: Path, tmp_path: Path, name: str
) -> None:
    done = assay("verify", lay(tmp_path / name, BUNDLES[name]), "--json", home=home)
    assert done.returncode == CODES[name], done.stderr
    (line,) = done.stdout.splitlines()
    document = json.loads(line)
    assert list(document) == [*FIELDS, *(["problems"] if name == "refused" else [])]
    assert document["status"] == STATUS[name]
    assert (document["seal"] or "").startswith("" if name == "refused" else "sha256:")
    assert all(list(item) == COMPARISON for item in document["comparisons"])
    assert all(list(item) == CONTROL for item in document["controls"])
    assert all(list(item) == RUN for item in document["runs"])
    assert bool(document["runs"]) is (name != "refused")


def test_people_read_the_verdict_with_its_working_on_stdout_and_progress_on_stderr(home: Path, tmp_path: Path) -> None:
    done = assay("verify", lay(tmp_path / "gain", formula_bundle()), home=home)
    assert done.stdout.startswith(f"{tmp_path / 'gain'}: VERIFIED MATCH_EXACT\n")
    assert "computed 8.7, expected 8.7 points (rounding" in done.stdout
    assert "seal sha256:" in done.stdout
    assert "gain: measure-0 (1 of 3 to 4)" in done.stderr
    assert "measure-0" not in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_runs_are_begun_in_an_order_drawn_anew_and_told_in_the_plans(home: Path, tmp_path: Path) -> None:
    done = assay("verify", lay(tmp_path / "x", script_bundle()), "--json", home=home)
    told = [run["key"] for run in json.loads(done.stdout)["runs"]]
    begun = re.findall(r": (\S+) \(\d+ of ", done.stderr)
    assert told[:4] == ["measure-0", "repeat-0", "perturb-0-1", "perturb-0-2"]
    assert sorted(begun) == sorted(told)
    assert begun != told  # the same by chance once in millions: the second stage has a dozen runs


@pytest.mark.parametrize("command", ["verify", "serve", "doctor"])
def test_nothing_begins_where_boxes_would_show_the_state(tmp_path: Path, command: str) -> None:
    (tmp_path / "link").symlink_to("/usr/share")
    home, more = tmp_path / "link" / "none", []
    if command == "verify":
        more = [lay(tmp_path / "x", formula_bundle())]
    done = assay(command, *more, home=home)
    assert done.returncode == Exit.FAULT
    assert f"ASSAY_HOME is at {home}, and every box shows /usr" in done.stdout + done.stderr
    assert "ASSAY_HOME to a path outside of /usr" in done.stdout + done.stderr
    assert not home.exists()


def test_the_last_words_of_a_script_that_crashed_are_shown_as_its_own(home: Path, tmp_path: Path) -> None:
    script = "import sys\nfor n in range(99): print(n, file=sys.stderr)\n"
    folder = lay(tmp_path / "x", script_bundle(script=f"{script}raise KeyError('no such column')\n"))
    done = assay("verify", folder, home=home)
    assert done.returncode == 3
    _, _, said = done.stderr.partition("the script's own last words on stderr in measure-0:\n")
    lines = said.splitlines()
    assert len(lines) == 20
    assert all(line.startswith("  | ") for line in lines)
    assert lines[-1] == "  | KeyError: 'no such column'"
    assert "KeyError" not in done.stdout
    run = json.loads(assay("verify", folder, "--json", home=home).stdout)["runs"][0]
    assert run["stderr"].splitlines() == [line.removeprefix("  | ") for line in lines]


def test_a_script_that_measures_is_not_quoted(home: Path, tmp_path: Path) -> None:
    chatty = "import sys\nprint('a warning', file=sys.stderr)\n" + SCRIPT
    done = assay("verify", lay(tmp_path / "x", script_bundle(script=chatty)), home=home)
    assert done.returncode == 0
    assert "a warning" not in done.stdout + done.stderr


def test_people_read_every_problem_of_a_refused_bundle_with_line_and_remedy(home: Path, tmp_path: Path) -> None:
    done = assay("verify", lay(tmp_path / "x", BUNDLES["refused"]), home=home)
    assert done.returncode == 2
    assert "x: REFUSED\n" in done.stdout
    assert "claim.toml:7: value: " in done.stdout


def test_a_source_that_is_no_text_is_refused_with_its_line(home: Path, tmp_path: Path) -> None:
    claim = CLAIM + '[[source]]\nid = "notes"\ntitle = "Notes"\nfile = "notes.md"\n'
    done = assay("verify", lay(tmp_path / "x", {**formula_bundle(claim), "notes.md": b"one\n\xff"}), home=home)
    assert done.returncode == 2
    assert "notes.md:2: the source is not UTF-8. Save it as UTF-8 text." in done.stdout


@pytest.mark.parametrize("form", ["tar.gz", "zip", "with a folder around"])
def test_an_archive_has_the_seal_of_its_folder(home: Path, tmp_path: Path, sealed: str, form: str) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(
        {
            "tar.gz": tarred(formula_bundle()),
            "zip": zipped(formula_bundle()),
            "with a folder around": tarred(inside("gain-1.0", formula_bundle())),
        }[form]
    )
    document = json.loads(assay("verify", archive, "--json", home=home).stdout)
    assert (document["seal"], document["status"]) == (sealed, "VERIFIED")


def test_the_path_of_the_claim_itself_names_its_bundle(home: Path, tmp_path: Path, sealed: str) -> None:
    folder = lay(tmp_path / "gain", formula_bundle())
    done = assay("verify", folder / "claim.toml", "--json", home=home)
    assert json.loads(done.stdout)["seal"] == sealed
    assert done.stderr.startswith("gain: ")


@pytest.fixture(scope="module")
def sealed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the seal of the formula as a folder."""
    folder = lay(tmp_path_factory.mktemp("sealed"), formula_bundle())
    return str(json.loads(assay("verify", folder, "--json", home=home).stdout)["seal"])


def test_a_folder_of_bundles_gives_one_line_each_and_the_worst_exit(home: Path, tmp_path: Path) -> None:
    for name in ("falsified", "refused"):
        lay(tmp_path / name, BUNDLES[name])
    lay(tmp_path / "no-bundle", {"notes.txt": b""})
    done = assay("verify", tmp_path, "--json", home=home)
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [(item["bundle"], item["status"]) for item in documents] == [
        (str(tmp_path / "falsified"), "FALSIFIED"),
        (str(tmp_path / "refused"), None),
    ]


ORDER = [Exit.FAULT, Exit.REFUSED, Exit.FALSIFIED, Exit.UNVERIFIED, Exit.VERIFIED]


def test_the_worst_of_several_follows_the_order_5_2_1_3_0() -> None:
    for size in range(1, len(ORDER) + 1):
        for codes in combinations(ORDER, size):
            assert worst(reversed(codes)) == codes[0]
    assert [int(code) for code in ORDER] == [5, 2, 1, 3, 0]


def test_only_a_status_is_a_verdict() -> None:
    assert [of_status(status) for status in ("VERIFIED", "FALSIFIED", "UNVERIFIED", None, "verified", "")] == [
        0, 1, 3, 5, 5, 5,
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["nowhere", "empty"])
def test_a_path_without_a_bundle_is_usage(home: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    done = assay("verify", tmp_path / path, "--json", home=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert ("there is no bundle here" if path == "empty" else "no such file or folder") in done.stderr


def test_a_fault_of_ours_is_exit_5_without_a_status(home: Path, tmp_path: Path) -> None:
    """The interpreter that the operator set does not exist: nothing can be executed, and no claim is judged."""
    done = assay("verify", lay(tmp_path / "x", formula_bundle()), "--json", home=home, ASSAY_PYTHON="/nowhere/python")
    document = json.loads(done.stdout)
    assert done.returncode == 5
    assert list(document) == FIELDS
    assert (document["status"], document["reason_code"], document["blame"]) == (None, "NO_ISOLATION", "service")


def test_isolation_that_this_host_cannot_give_is_a_fault(home: Path, tmp_path: Path) -> None:
    done = assay("verify", lay(tmp_path / "x", formula_bundle()), "--json", home=home, ASSAY_ISOLATION="A")
    document = json.loads(done.stdout)
    assert done.returncode == 5
    assert (document["status"], document["reason_code"]) == (None, "NO_ISOLATION")
    assert document["seal"].startswith("sha256:")


@pytest.mark.parametrize("module", ["typer", "pydantic", "pydantic_settings"])
def test_an_import_that_fails_is_exit_5_and_never_falsified(home: Path, tmp_path: Path, module: str) -> None:
    """Python itself exits with 1 then, and 1 says that the claim is false."""
    lay(tmp_path, {f"{module}.py": b"raise ImportError('broken installation')"})
    done = assay("verify", tmp_path, home=home, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert done.returncode == 5
    assert "broken installation" in done.stderr


def test_a_home_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = assay("verify", lay(tmp_path / "x", formula_bundle()), home=tmp_path / "file" / "home")
    assert done.returncode == 0, done.stderr


def test_an_evidence_archive_is_sent_to_the_command_for_it(home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tar.gz"
    assert assay("verify", lay(tmp_path / "x", formula_bundle()), "--evidence", kept, home=home).returncode == 0
    done = assay("verify", kept, home=home)
    assert done.returncode == 2
    assert f"`assay evidence verify {kept}`" in done.stdout


def test_a_reader_that_goes_away_is_not_a_verdict(home: Path, tmp_path: Path) -> None:
    """`assay verify … | head -0`: writing fails, the library would exit with 1, and Python with 120 and a complaint."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "verify", lay(tmp_path / "x", formula_bundle())],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(home),
        cwd=ROOT,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 141
    assert not any(word in done.stderr for word in (b"Traceback", b"Error", b"ignored"))


def test_a_terminal_that_knows_ascii_only_gets_the_verdict_too(home: Path, tmp_path: Path) -> None:
    folder = lay(tmp_path / "caf\u00e9", formula_bundle(CLAIM.replace("A is", "\u00c5 is")))
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    for arguments in (("verify", folder), ("verify", folder, "--json")):
        done = assay(*arguments, home=home, **plain)
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()


@pytest.mark.parametrize(("more", "moving"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_a_moving_line_unless_it_wants_none(
    home: Path, tmp_path: Path, more: dict[str, str], *, moving: bool
) -> None:
    main, terminal = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, "verify", lay(tmp_path / "x", formula_bundle())],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(home, TERM="xterm") | more,
        cwd=ROOT,
    )
    os.close(terminal)
    said = b""
    while select.select([main], [], [], 60)[0]:
        try:
            data = os.read(main, 65_536)
        except OSError:  # the terminal's other end is closed
            break
        if not data:
            break
        said += data
    os.close(main)
    assert child.wait(60) == 0
    assert (b"\x1b" in said) is moving
    assert b"VERIFIED" in said


def test_ctrl_c_ends_the_box_and_exits_with_130(home: Path, tmp_path: Path) -> None:
    sleeping = SCRIPT_CLAIM + '[limits]\nwall = "300s"\n'
    folder = lay(tmp_path / "x", script_bundle(sleeping, "import time\ntime.sleep(250)\n"))
    child = subprocess.Popen(
        [*COMMAND, "verify", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home), cwd=ROOT
    )
    with child:
        boxed = eventually(lambda: (found := descendants(child.pid)) and len(found) >= 3 and found)
        with no_survivors(boxed):
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (130, b"")
    assert b"Traceback" not in err


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Return a folder for temporary files that a box's own user may pass, as it may not what pytest gives."""
    with tempfile.TemporaryDirectory(prefix="assay-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_leaves_no_process_and_no_folder(
    home: Path, tmp_path: Path, temporary: Path, number: signal.Signals
) -> None:
    """A kill leaves no time to clean up; the next command does."""
    sleeping = SCRIPT_CLAIM + '[limits]\nwall = "300s"\n'
    folder = lay(tmp_path / "x", script_bundle(sleeping, "import time\ntime.sleep(250)\n"))
    child = subprocess.Popen(
        ["env", "--default-signal=HUP", *COMMAND, "verify", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, TMPDIR=str(temporary)),
        cwd=ROOT,
    )
    with child:
        boxed = eventually(lambda: (found := descendants(child.pid)) and len(found) >= 3 and found)
        with no_survivors(boxed):
            child.send_signal(number)
            out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (-number if number is signal.SIGKILL else 128 + number, b"")
    assert b"Traceback" not in err
    if number is signal.SIGKILL:
        assert [path.name[:10] for path in temporary.iterdir()] == ["assay-box-"]
        lay(temporary / "assay-demo-left", {"assay.db": b""})
        done = assay("verify", lay(tmp_path / "next", formula_bundle()), home=home, TMPDIR=str(temporary))
        assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []


# --- evidence --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evidence(home: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the evidence archive of a verified script."""
    folder = tmp_path_factory.mktemp("evidence")
    done = assay("verify", lay(folder / "x", script_bundle()), "--evidence", folder / "out.tar.gz", home=home)
    assert done.returncode == 0, done.stderr
    return (folder / "out.tar.gz").read_bytes()


def test_evidence_holds_and_its_signer_is_unknown_until_the_reader_brings_the_key(
    home: Path, tmp_path: Path, evidence: bytes
) -> None:
    path = lay(tmp_path, {"e.tar.gz": evidence}) / "e.tar.gz"
    done = assay("evidence", "verify", path, "--json", home=home)
    document = json.loads(done.stdout)
    assert done.returncode == 3
    assert (document["ok"], document["signed"], document["trusted"]) == (True, True, False)
    assert document["findings"] == []
    assert document["judgement"]["status"] == "VERIFIED"
    said = assay("evidence", "verify", path, home=home).stdout
    assert document["own"] is True
    assert "who is not known here" in said
    assert "it is this home's own key" in said
    strange = assay("evidence", "verify", path, home=tmp_path / "elsewhere").stdout
    assert "remedy: ask the judge" in strange
    assert "own key" not in strange
    (tmp_path / "judge.pem").write_text(assay("keys", "export", home=home).stdout)
    done = assay("evidence", "verify", path, "--key", tmp_path / "judge.pem", "--json", home=home)
    assert (done.returncode, json.loads(done.stdout)["trusted"]) == (0, True)
    assert json.loads(done.stdout)["signer"] == document["signer"]


def test_a_key_that_was_trusted_once_is_known_from_then_on(home: Path, tmp_path: Path, evidence: bytes) -> None:
    path = lay(tmp_path / "x", {"e.tar.gz": evidence}) / "e.tar.gz"
    (tmp_path / "keys.json").write_text(assay("keys", "export", "--json", home=home).stdout)
    stranger = tmp_path / "stranger"
    trusted = assay("keys", "trust", tmp_path / "keys.json", home=stranger)
    assert trusted.returncode == 0
    assert assay("evidence", "verify", path, home=stranger).returncode == 0
    listed = json.loads(assay("keys", "list", "--json", home=stranger).stdout)
    assert [item["keyid"] for item in listed["trusted"]] == trusted.stdout.split()
    assert listed["own"] == []
    assert assay("keys", "distrust", trusted.stdout.strip(), home=stranger).returncode == 0
    assert assay("evidence", "verify", path, home=stranger).returncode == 3
    assert assay("keys", "distrust", trusted.stdout.strip(), home=stranger).returncode == 2


def test_a_changed_byte_of_trusted_evidence_is_never_accepted(home: Path, tmp_path: Path, evidence: bytes) -> None:
    """`tests/core/test_evidence_signed.py` flips every byte; here the command says so."""
    (tmp_path / "judge.pem").write_text(assay("keys", "export", home=home).stdout)
    for position in (4, 9, 11, 300, len(evidence) // 2, len(evidence) - 20, len(evidence) - 1):
        changed = evidence[:position] + bytes([evidence[position] ^ 1]) + evidence[position + 1 :]
        (tmp_path / "e").write_bytes(changed)
        done = assay("evidence", "verify", tmp_path / "e", "--key", tmp_path / "judge.pem", home=home)
        assert done.returncode in {1, 2}, position


def test_whoever_signs_with_a_retired_key_is_refused_by_those_who_know(home: Path, tmp_path: Path) -> None:
    house = tmp_path / "house"
    first = assay("keys", "generate", home=house).stdout.strip()
    assert assay("keys", "retire", first, home=house).returncode == 0
    second = assay("keys", "generate", home=house).stdout.strip()
    done = assay("verify", lay(tmp_path / "x", formula_bundle()), "--evidence", tmp_path / "e", home=house)
    assert done.returncode == 0
    assert json.loads(assay("evidence", "verify", tmp_path / "e", "--json", home=house).stdout)["signer"] == second
    document = json.loads(assay("keys", "export", second, "--json", home=house).stdout)
    document["keys"][0]["retired_at"] = document["keys"][0]["not_before"]
    (tmp_path / "keys.json").write_text(json.dumps(document))
    done = assay("evidence", "verify", tmp_path / "e", "--key", tmp_path / "keys.json", home=house)
    assert done.returncode == 1
    assert "when its signer's key was not in use" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["trust", "README.md"], "holds no public key"),
        (["trust", "missing.pem"], "No such file"),
        (["retire", "sha256:" + "0" * 64], "neither in this home nor in the service's database"),
        (["export", "sha256:" + "0" * 64], "there is no key"),
        (["distrust", "../x"], "no id of a key"),
        (["generate", "--to", "README.md"], "a key is never written over"),
    ],
)
def test_a_key_that_is_none_is_usage(tmp_path: Path, arguments: list[str], says: str) -> None:
    assert assay("keys", "generate", home=tmp_path).returncode == 0
    done = assay("keys", *arguments, home=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_private_key_that_others_can_read_is_not_used(home: Path, tmp_path: Path) -> None:
    assay("keys", "generate", home=tmp_path / "h")
    (private,) = (tmp_path / "h" / "keys").glob("*.pem")
    assert private.stat().st_mode & 0o777 == 0o600
    assert private.parent.stat().st_mode & 0o777 == 0o700
    private.chmod(0o640)
    bundle = lay(tmp_path / "x", formula_bundle())
    done = assay("verify", bundle, "--evidence", tmp_path / "e", home=tmp_path / "h")
    assert done.returncode == 5
    assert f"Run `chmod 600 {private}`" in done.stderr


def tampered(evidence: bytes, old: bytes, new: bytes) -> bytes:
    data = gzip.decompress(evidence)
    assert old in data
    return gzip.compress(data.replace(old, new))


def test_evidence_that_was_changed_is_contradicted(home: Path, tmp_path: Path, evidence: bytes) -> None:
    changed = tampered(evidence, b'{"total": 6}', b'{"total": 7}')
    done = assay("evidence", "verify", lay(tmp_path, {"e": changed}) / "e", "--json", home=home)
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"]


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "text",
        "half a header",
        "a tar without a manifest",
        "zip",
        "truncated",
        "changed",
        "a folder",
        "nowhere",
    ],
)
def test_what_is_no_evidence_is_unreadable(
    tmp_path: Path, evidence: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "a folder").mkdir()
    data = {
        "nothing": b"",
        "text": b"text",
        "half a header": b"\x1f\x8b",
        "a tar without a manifest": tarred({"a": b"1"}),
        "zip": zipped({"a": b"1"}),
        "truncated": evidence[:-20],
        "changed": evidence[:5000] + bytes([evidence[5000] ^ 1]) + evidence[5001:],
    }
    lay(tmp_path, data)
    monkeypatch.setattr(sys, "argv", ["assay", "evidence", "verify", str(tmp_path / name)])
    assert run() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("unreadable: ")
    assert ("changed or damaged since it was signed" in err) is (name in {"truncated", "changed"})


@pytest.mark.parametrize("place", ["missing/e.tar.gz", "folder"])
def test_evidence_that_could_not_be_written_is_said_before_anything_runs(
    home: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    done = assay("verify", lay(tmp_path / "x", formula_bundle()), "--evidence", tmp_path / place, home=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert "measure" not in done.stderr


def test_evidence_of_several_bundles_is_usage(home: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        lay(tmp_path / name, formula_bundle())
    done = assay("verify", tmp_path, "--evidence", tmp_path / "e", home=home)
    assert done.returncode == 2
    assert not (tmp_path / "e").exists()
