"""A program in the box: it runs as `python PROGRAM` would, ends as it would, and can harm the box but not the truth."""

from __future__ import annotations

import json
import platform
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from sandbox import Job, SandboxFault, SealBroken, StagedFile, host_python
from tests.sandbox.boxes import SCRIPT, a_job

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox import Outcome, Usage
    from tests.sandbox.boxes import Box, Strongest

pytestmark = pytest.mark.box

#: script -> kind, exit code, signal
ENDINGS = {
    "the last line": ("pass", "exited", 0, None),
    "sys.exit()": ("import sys; sys.exit()", "exited", 0, None),
    "exit 7": ("raise SystemExit(7)", "exited", 7, None),
    "exit by its builtin": ("exit(5)", "exited", 5, None),
    "quit by its builtin": ("quit()", "exited", 0, None),
    "exit with words": ("raise SystemExit('no data')", "exited", 1, None),
    "an exception": ("1 / 0", "exited", 1, None),
    "a syntax error": ("this is no Python", "exited", 1, None),
    "os._exit": ("import os; os._exit(9)", "exited", 9, None),
    "exit 127": ("raise SystemExit(127)", "exited", 127, None),
    "exit 255": ("raise SystemExit(255)", "exited", 255, None),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", "signal", None, signal.SIGSEGV),
    "abort": ("import os; os.abort()", "signal", None, signal.SIGABRT),
    "own SIGKILL": ("import os; os.kill(os.getpid(), 9)", "signal", None, signal.SIGKILL),
    "own SIGTERM": ("import os; os.kill(os.getpid(), 15)", "signal", None, signal.SIGTERM),
    "another program": ("import os; os.execv('/bin/false', ['false'])", "exited", 1, None),
}

#: what a program does to the box it is in -> kind, signal; the wall is a second
TAMPERING = {
    "kills the runner": ("os.kill(os.getppid(), 9); time.sleep(30)", "signal", 9),
    "kills the runner and says what bwrap says": (
        "os.write(2, b'bwrap: Creating new namespace failed\\n'); os.kill(os.getppid(), 9); time.sleep(30)",
        "signal",
        9,
    ),
    "segfaults the runner": ("os.kill(os.getppid(), 11); time.sleep(30)", "signal", 11),
    "terminates the runner": ("os.kill(os.getppid(), 15); time.sleep(30)", "signal", 15),
    "kills everybody": ("os.kill(-1, 9); time.sleep(30)", "signal", 9),
    "stops the runner": ("os.kill(os.getppid(), 19)", "timeout", None),
    "stops the runner and PID 1": ("os.kill(os.getppid(), 19); os.kill(1, 19)", "timeout", None),
    "stops itself": ("os.kill(os.getpid(), 19)", "timeout", None),
    "kills PID 1": ("os.kill(1, 9); os.kill(1, 15)", "exited", None),
    "closes every descriptor": ("os.closerange(0, 1024)", "exited", None),
    "closes stdout and works on": ("os.close(1); os.close(2); time.sleep(0.2)", "exited", None),
    "leaves the group and session": ("os.fork() and os._exit(0); os.setsid(); time.sleep(30)", "exited", None),
    "lowers its place in the queue of the dying": (
        "[refuse(lambda p=p: open(f'/proc/{p}/oom_score_adj', 'w').write('0')) for p in (os.getpid(), os.getppid(), 1)]",
        "exited",
        None,
    ),
    "removes all that it may": ("[shutil.rmtree(f, ignore_errors=True) for f in ('/tmp', '/dev/shm')]", "exited", None),
    "takes memory into its own hands": ("resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))", "exited", None),
}
TAMPERING_HEAD = """
import os, resource, shutil, time
def refuse(attempt):
    try: attempt()
    except OSError: pass
"""

#: machine code in the runner's memory, which a program reaches through /proc: it writes into the channel, and then ends
TAKE_OVER = r"""
import os, struct, time
ENDS = b"\xbf\0\0\0\0\xb8\xe7\0\0\0\x0f\5"  # exit_group(0)
WAITS = b"\xb8\x22\0\0\0\x0f\5\xeb\xf7"  # pause() without end
AGAIN = b"\xeb\xe6"  # back to the first instruction
def take_over(frames, then):
    code = b"\x48\x8d\x35" + struct.pack("<I", 17 + len(then)) + b"\xba" + struct.pack("<I", len(frames))
    code += b"\xbf\3\0\0\0\xb8\1\0\0\0\x0f\5" + then + frames  # write(3, frames)
    runner = os.getppid()
    while not (now := open(f"/proc/{runner}/syscall").read()).startswith("7 "):
        time.sleep(0.01)  # until it waits, as it mostly does
    with open(f"/proc/{runner}/mem", "r+b", buffering=0) as memory:
        memory.seek(int(now.split()[-1], 16))
        assert memory.write(code) == len(code)
"""
machine_code = pytest.mark.skipif(platform.machine() != "x86_64", reason="the machine code is for x86_64 alone")
FORGED = {
    "an exit that did not happen": b"S\0\0\0\x06exit 0",
    "a fault": b"S\0\0\0\x05fault",
    "rubbish": b"\xff" * 64,
    "a result without end": b"R\xff\xff\xff\xff",
    "a second beginning": b"B\0\0\0\0",
    "half a frame": b"R\0\0\0\x20{",
}


def _run(box: Box, script: str, **limits: int) -> tuple[str, int | None, int | None]:
    outcome = box.run(script, **limits)
    return outcome.kind, outcome.exit_code, outcome.signal


@pytest.mark.parametrize(("script", "kind", "code", "number"), ENDINGS.values(), ids=ENDINGS.keys())
def test_a_program_ends_as_it_does_outside(
    box: Box, script: str, kind: str, code: int | None, number: int | None
) -> None:
    assert _run(box, script) == (kind, code, number)


@pytest.mark.parametrize("what", ENDINGS.keys())
def test_the_same_exit_code_comes_from_the_plain_interpreter(what: str, tmp_path: Path) -> None:
    script, _, code, number = ENDINGS[what]
    if "builtin" in what:
        script = f"import site\n{script}"
    path = tmp_path / "script.py"
    path.write_text(script)
    done = subprocess.run([host_python().interpreter, path], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == (code if number is None else -number)


@pytest.mark.parametrize(("script", "kind", "number"), TAMPERING.values(), ids=TAMPERING.keys())
def test_whatever_a_program_does_to_its_box_the_outcome_is_the_programs(
    box: Box, script: str, kind: str, number: int | None
) -> None:
    outcome = box.run(TAMPERING_HEAD + script, wall_ms=1_000)
    assert (outcome.kind, outcome.signal, outcome.result) == (kind, number, None)
    assert box.run("print(1)").stdout == b"1\n"


@machine_code
@pytest.mark.parametrize("frames", FORGED.values(), ids=FORGED.keys())
def test_forged_frames_make_no_fault_and_no_outcome_but_the_programs_own(box: Box, frames: bytes) -> None:
    """The runner was a stranger's all along, so a forger gets what he could have had by exiting so himself."""
    outcome = box.run(TAKE_OVER + f"take_over({frames!r}, ENDS)\nraise SystemExit(3)", result_cap=1000)
    assert outcome.kind in {"exited", "signal", "output"}
    assert outcome.exit_code in {0, None}
    assert outcome.result is None


@machine_code
def test_a_forged_result_is_the_programs_own(box: Box) -> None:
    frames = b"S\0\0\0\x06exit 0" + b'R\0\0\0\x0d{"forged": 1}'
    outcome = box.run(TAKE_OVER + f"take_over({frames!r}, ENDS)\nraise SystemExit(3)")
    assert (outcome.kind, outcome.exit_code, outcome.result) == ("exited", 0, b'{"forged": 1}')


@machine_code
def test_a_forged_exit_does_not_stop_the_clocks(box: Box) -> None:
    frames = b"S\0\0\0\x06exit 0" + b"R\0\0\0\x02{}"
    outcome = box.run(TAKE_OVER + f"take_over({frames!r}, WAITS)", wall_ms=500)
    assert (outcome.kind, outcome.clock, outcome.result) == ("timeout", "wall", None)


@machine_code
@pytest.mark.parametrize(
    "flood", [r"b'N\0\0\0\x01.' * 8192", r"b'D\0\0\xff\xff' + bytes(65535)"], ids=["names", "data"]
)
def test_a_flood_of_forged_frames_holds_nobody(box: Box, flood: str) -> None:
    outcome = box.run(TAKE_OVER + f"take_over({flood}, AGAIN)", output_cap=1 << 20)
    assert (outcome.kind, outcome.limit) == ("output", "output")
    assert outcome.wall_ms < 5_000


@pytest.mark.parametrize("mode", ["os.O_RDONLY", "os.O_WRONLY"])
def test_a_program_cannot_open_the_channel(box: Box, mode: str) -> None:
    """Whoever reads from it takes away that the program has begun, and what follows looks like a fault."""
    outcome = box.run(f'import os\nos.open(f"/proc/{{os.getppid()}}/fd/3", {mode} | os.O_NONBLOCK)')
    assert outcome.exit_code == 1
    assert b"No such device or address" in outcome.stderr


# --- as `python PROGRAM` would


def test_a_traceback_looks_as_the_interpreters_own(box: Box, tmp_path: Path) -> None:
    script = "def deep(n):\n    return deep(n - 1) if n else 1 / 0\n\ntry:\n    deep(2)\nexcept OSError:\n    pass\n"
    path = tmp_path / "script.py"
    path.write_text(script)
    plain = subprocess.run([host_python().interpreter, path], capture_output=True, check=False).stderr
    assert box.run(script).stderr == plain.replace(str(path).encode(), SCRIPT.encode())


def test_a_syntax_error_looks_as_the_interpreters_own(box: Box, tmp_path: Path) -> None:
    script = "x = 1\ny = = 2\n"
    path = tmp_path / "script.py"
    path.write_text(script)
    plain = subprocess.run([host_python().interpreter, path], capture_output=True, check=False).stderr
    assert box.run(script).stderr == plain.replace(str(path).encode(), SCRIPT.encode())


def test_a_chained_exception_shows_both(box: Box) -> None:
    said = box.run("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('second') from e").stderr
    assert said.startswith(b'Traceback (most recent call last):\n  File "/job/script.py", line 2, in <module>\n')
    assert said.endswith(b"ValueError: second\n")
    assert b"runner" not in said


def test_the_program_is_main_and_knows_its_file(box: Box) -> None:
    script = """
import sys
print(__name__, __file__, sys.argv, __builtins__ is not None, sys.modules["__main__"].__file__)
"""
    said = "__main__ /job/script.py ['/job/script.py'] True /job/script.py\n"
    assert box.run(script).stdout.decode() == said


def test_output_of_every_language_arrives(box: Box) -> None:
    outcome = box.run("import sys; print('naïve 語 🜁'); print('Ünï', file=sys.stderr)")
    assert outcome.stdout.decode() == "naïve 語 🜁\n"
    assert outcome.stderr.decode() == "Ünï\n"


def test_what_is_buffered_and_registered_at_the_end_still_happens(box: Box) -> None:
    script = "import atexit, sys; atexit.register(print, 'bye'); sys.stdout.write('no newline ')"
    assert box.run(script).stdout == b"no newline bye\n"


def test_multiprocessing_and_threads_work(box: Box) -> None:
    script = """
import concurrent.futures as f, multiprocessing as m
def square(n): return n * n
if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with m.get_context(method).Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
    with f.ThreadPoolExecutor(2) as pool: print(list(pool.map(square, [4])))
"""
    outcome = box.run(script)
    assert (outcome.stdout, outcome.stderr) == (b"[1, 4, 9]\n[1, 4, 9]\n[16]\n", b"")


def test_a_module_beside_the_entrypoint_cannot_stand_in_for_the_librarys(box: Box) -> None:
    names = ["json", "os", "random", "math", "statistics", "sitecustomize", "usercustomize", "encodings", "csv"]
    files = {f"/job/{name}.py": b"raise SystemExit('shadowed')" for name in names}
    script = "import json, os, random, math, statistics, csv; print(json.__file__.startswith('/usr'), os.sep)"
    outcome = box.run(script, files)
    assert (outcome.stdout, outcome.stderr) == (b"True /\n", b"")


def test_modules_beside_the_entrypoint_and_at_the_top_of_the_bundle_can_be_imported(strongest: Strongest) -> None:
    files = (
        StagedFile("/job/code/main.py", b"import near, far, pack.inner; print(near.x, far.x, pack.inner.x)"),
        StagedFile("/job/code/near.py", b"x = 1"),
        StagedFile("/job/far.py", b"x = 2"),
        StagedFile("/job/pack/inner.py", b"x = 3"),
    )
    outcome = strongest.sandbox.run(Job(strongest.environment, ("/job/code/main.py",), files))
    assert (outcome.stdout, outcome.stderr) == (b"1 2 3\n", b"")


def test_the_bundle_comes_last_on_the_path_and_nothing_else_is_on_it(box: Box) -> None:
    outcome = box.run("import sys, json; print(json.dumps(sys.path))")
    *library, last = json.loads(outcome.stdout)
    assert last == "/job"
    assert all("/lib" in path for path in library)
    assert not [path for path in library if "packages" in path]


def test_a_module_planted_in_the_scratch_is_not_found(box: Box) -> None:
    script = """
import os, subprocess, sys
for folder in ("/tmp", os.environ["HOME"]):
    open(f"{folder}/planted.py", "w").write("raise SystemExit('planted')")
os.chdir("/tmp")
try: import planted
except ImportError: print("not found")
"""
    assert box.run(script).stdout == b"not found\n"


def test_hashes_are_the_same_in_every_run(box: Box) -> None:
    script = "import sys; print(hash('assay'), list({'a', 'b', 'c', 'd'}), sys.flags.hash_randomization)"
    first, second = box.run(script).stdout, box.run(script).stdout
    assert first == second
    assert first.endswith(b" 0\n")


def test_the_environment_holds_what_the_plan_sets_and_nothing_of_the_host(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", "secret")
    outcome = box.run("import os, json; print(json.dumps(dict(os.environ)))", env={"ASSAY_SEED": "7"})
    names = set(json.loads(outcome.stdout))
    assert {"ASSAY_SEED", "ASSAY_INPUT", "ASSAY_RESULT", "ASSAY_OUTPUT"} <= names
    own = {"HOME", "TMPDIR", "PATH", "LANG", "TZ", "PYTHONHASHSEED", "PWD"}
    assert {name for name in names if not name.startswith("ASSAY_") and not name.endswith("_THREADS")} <= own
    assert {name for name in names if name.startswith("ASSAY_")} == {
        "ASSAY_SEED", "ASSAY_INPUT", "ASSAY_RESULT", "ASSAY_OUTPUT",
    }  # fmt: skip


def test_the_streams_can_be_opened_by_their_names(box: Box) -> None:
    outcome = box.run("print('a', file=open('/dev/stdout', 'w')); print('b', file=open('/dev/stderr', 'w'))")
    assert (outcome.stdout, outcome.stderr) == (b"a\n", b"b\n")


def test_inputs_are_where_the_environment_says_and_stdin_is_empty(box: Box) -> None:
    script = "import os, sys; print(open(os.environ['ASSAY_INPUT'] + '/data/x.csv').read(), repr(sys.stdin.read()))"
    assert box.run(script, {"/in/data/x.csv": b"1,2"}).stdout == b"1,2 ''\n"


def test_a_program_may_open_many_files(box: Box) -> None:
    script = "held = [open('/dev/null') for _ in range(900)]; print(len(held))"
    assert box.run(script).stdout == b"900\n"


def test_an_evaluator_of_ours_runs_without_the_bundle_on_its_path(strongest: Strongest) -> None:
    files = (
        StagedFile("/in/evaluate.py", b"import sys; print(sys.path[-1]); import near"),
        StagedFile("/job/near.py", b""),
    )
    job = Job(strongest.environment, ("/in/evaluate.py",), files, mode="evaluator")
    outcome = strongest.sandbox.run(job)
    assert b"/job" not in outcome.stdout
    assert b"No module named 'near'" in outcome.stderr


def test_an_evaluator_is_compiled_from_its_staged_bytes_and_another_one_anew(strongest: Strongest) -> None:
    def said_by(program: bytes) -> Outcome:
        files = (StagedFile("/job/evaluate.py", program),)
        return strongest.sandbox.run(Job(strongest.environment, ("/job/evaluate.py",), files, mode="evaluator"))

    assert [said_by(program).stdout for program in (b"print(1)", b"print(2)", b"print(1)")] == [b"1\n", b"2\n", b"1\n"]
    crashed = said_by(b"\n1 / 0")
    assert crashed.exit_code == 1
    assert b'File "/job/evaluate.py", line 2' in crashed.stderr


def test_an_evaluator_that_is_no_python_is_a_fault(strongest: Strongest) -> None:
    files = (StagedFile("/job/evaluate.py", b"1 +"),)
    with pytest.raises(SandboxFault, match=r"could not compile evaluate\.py"):
        strongest.sandbox.run(Job(strongest.environment, ("/job/evaluate.py",), files, mode="evaluator"))


# --- what is staged


def test_a_file_that_is_not_the_sealed_one_is_refused_and_nothing_runs(strongest: Strongest, tmp_path: Path) -> None:
    right = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of "test"
    files = (
        StagedFile(SCRIPT, b"print(1)"),
        StagedFile("/in/data", b"test", right),
        StagedFile("/in/more", b"x", right),
    )
    touched: list[Usage] = []
    with pytest.raises(SealBroken, match="/in/more is not the file that was sealed"):
        strongest.sandbox.run(Job(strongest.environment, (SCRIPT,), files), lambda usage: touched.append(usage) is None)
    assert touched == []
    assert list(strongest.sandbox._open()[0].folder.glob("run-*")) == []
    assert strongest.sandbox.run(Job(strongest.environment, (SCRIPT,), files[:2])).stdout == b"1\n"


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "/job", "/job/", "job/x", "/in/../job/x", "/job/./x", "/job//x", "/tmp/x", "/in/..", "", "/"],
)
def test_a_file_has_no_place_outside_of_the_bundle_and_the_inputs(strongest: Strongest, target: str) -> None:
    job = Job(strongest.environment, (SCRIPT,), (StagedFile(SCRIPT, b""), StagedFile(target, b"")))
    with pytest.raises(SandboxFault, match="is no place for a file in the box"):
        strongest.sandbox.run(job)


@pytest.mark.parametrize(
    "targets", [("/in/a", "/in/a"), ("/in/a", "/in/a/b")], ids=["twice the same", "a file for a folder"]
)
def test_files_that_cannot_both_be_there_are_a_fault(strongest: Strongest, targets: tuple[str, str]) -> None:
    job = Job(strongest.environment, (SCRIPT,), tuple(StagedFile(target, b"") for target in (SCRIPT, *targets)))
    with pytest.raises(SandboxFault, match="the files could not be staged"):
        strongest.sandbox.run(job)


def test_what_was_isolated_and_how_is_part_of_the_outcome(box: Box) -> None:
    isolation = box.run("pass").isolation
    assert isolation["engine"] == box.engine
    assert isolation["level"] == box.level
    assert isolation["seccomp"].startswith("sha256:")
    assert isolation["runner"].startswith("sha256:")
    assert {"engine_version", "kernel", "machine", "own_user", "userns_disabled", "usage_source"} < set(isolation)


def test_every_run_has_the_same_filter_and_runner(strongest: Strongest) -> None:
    first, second = (strongest.sandbox.run(a_job(strongest.environment, "pass")).isolation for _ in range(2))
    assert first == second
