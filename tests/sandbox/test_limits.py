"""Every limit as an outcome, at the strongest and at the weakest level. (More ways into each stand in `escapes/`.)"""

from __future__ import annotations

import ast
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import sandbox
from sandbox.cgroup import OWN_MEMORY, V1, V2, Counters, _difference
from sandbox.channel import Channel
from sandbox.judge import LOCKS_MAX, Ending, Seen
from sandbox.watch import Watch
from tests.sandbox import values
from tests.sandbox.boxes import MIB, a_job
from tests.sandbox.conftest import refuse_to_skip

if TYPE_CHECKING:
    from sandbox import Usage
    from tests.sandbox.boxes import Box, Strongest, Weakest

pytestmark = pytest.mark.box

SPIN = "while True: pass"
SLEEP = "import time; time.sleep(60)"
HOG = "held = bytearray(b'x') * (400 << 20)"


def test_the_weakest_box_is_an_ordinary_users_without_a_cgroup(weakest: Weakest) -> None:
    assert weakest.level == "C"
    assert weakest.uid != 0


def test_the_wall_clock_ends_a_run(box: Box) -> None:
    outcome = box.run(SLEEP, wall_ms=300)
    assert (outcome.kind, outcome.clock, outcome.limit) == ("timeout", "wall", "wall")
    assert 300 <= outcome.wall_ms < 5_000


def test_the_processor_clock_ends_a_run(box: Box) -> None:
    outcome = box.run(SPIN, cpu_ms=300)
    assert (outcome.kind, outcome.clock, outcome.limit) == ("timeout", "cpu", "cpu")
    assert 300 < outcome.cpu_ms < 3_000


def test_processor_time_of_children_that_are_gone_counts_at_once(box: Box) -> None:
    script = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        while time.process_time() < 0.1: pass
        os._exit(0)
    os.wait()
"""
    outcome = box.run(script, cpu_ms=500)
    assert (outcome.kind, outcome.clock) == ("timeout", "cpu")
    assert outcome.cpu_ms < 5_000


def test_more_memory_than_allowed_is_a_memory_outcome(box: Box) -> None:
    outcome = box.run(HOG, memory_bytes=64 * MIB, scratch_bytes=8 * MIB)
    assert (outcome.kind, outcome.limit, outcome.result) == ("memory", "memory", None)


def test_memory_that_is_asked_for_and_not_used_harms_nobody(box: Box) -> None:
    """As the stacks of threads and the arrays of libraries do."""
    script = "import mmap; held = mmap.mmap(-1, 2 << 30, flags=mmap.MAP_PRIVATE); print(len(held))"
    outcome = box.run(script, memory_bytes=64 * MIB)
    assert (outcome.kind, outcome.stdout) == ("exited", b"%d\n" % (2 << 30))


def test_memory_has_a_limit_of_its_own_however_much_scratch_there_may_be(box: Box) -> None:
    outcome = box.run(f"{HOG}; {SLEEP}", memory_bytes=64 * MIB, scratch_bytes=512 * MIB)
    assert (outcome.kind, outcome.limit) == ("memory", "memory")
    assert outcome.wall_ms < 10_000


def test_a_full_scratch_and_full_memory_are_no_more_than_what_is_allowed(box: Box) -> None:
    script = """
import ast
import time
for folder in ("/tmp", "/dev/shm"):
    try:
        with open(f"{folder}/file", "wb") as file:
            while True: file.write(bytes(1 << 16))
    except OSError: pass
held = bytearray(b"x") * (48 << 20)
time.sleep(0.3)
"""
    outcome = box.run(script, memory_bytes=64 * MIB, scratch_bytes=48 * MIB)
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", 0, "scratch")


@pytest.mark.parametrize(("free", "wait"), [(0, 10), (1 << 16, 1), (8 << 20, 2), (20 << 20, 5), (1 << 30, 10)])
def test_the_runner_looks_the_more_often_the_less_room_is_left(free: int, wait: int) -> None:
    tree = ast.parse((Path(sandbox.__file__).parent / "runner.py").read_text())
    constants = {"LOOK_MS", "FILLED_PER_MS", "SCRATCH", "OWN_PROCESSES"}
    wanted = [
        node
        for node in tree.body
        if (isinstance(node, ast.FunctionDef) and node.name == "look")
        or (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in constants)
    ]
    said: list[bytes] = []
    room = SimpleNamespace(f_bavail=free // 4096, f_frsize=4096, f_favail=9, f_files=10)
    names = {"posix": SimpleNamespace(statvfs=lambda _: room), "say": said.append, "count": lambda: 1}
    exec(compile(ast.Module(wanted, []), "runner.py", "exec"), names)  # noqa: S102 - our own program of the box
    assert names["look"](0) == wait  # type: ignore[operator]
    assert bool(said) == (free == 0)


def test_a_file_may_be_longer_than_the_scratch_as_long_as_it_takes_no_space(box: Box) -> None:
    """A limit of length would end other programs by a signal that reads like a crash."""
    script = "file = open('/tmp/sparse', 'wb'); file.truncate(1 << 34); print(file.seek(0, 2))"
    outcome = box.run(script, scratch_bytes=4 * MIB)
    assert (outcome.kind, outcome.limit, outcome.stdout) == ("exited", None, b"%d\n" % (1 << 34))


def test_memory_within_the_limit_is_measured_and_harms_nobody(box: Box) -> None:
    outcome = box.run("import time; held = bytearray(b'x') * (60 << 20); time.sleep(0.3)", memory_bytes=100 * MIB)
    assert (outcome.kind, outcome.exit_code) == ("exited", 0)
    assert 60 * MIB < outcome.peak_memory_bytes < 120 * MIB


def test_what_the_run_before_left_in_the_kernels_caches_is_not_missing_from_the_next_ones_peak(
    strongest: Strongest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference of a cgroup that was full of caches, which made way for a program of 44 MiB."""
    slot = strongest.sandbox._open()[0]
    if slot.cgroup is None:
        refuse_to_skip("only a cgroup keeps caches")
    monkeypatch.setattr(slot.cgroup, "read", lambda: Counters(1, 0, 44 * MIB, 5 * MIB, 0, 0))
    seen = Seen(Channel(1, 1))
    slot.meter.count(a_job(strongest.environment, "pass"), seen, 0.0)
    assert seen.peak_bytes == 44 * MIB


def test_memory_that_children_share_with_their_parent_counts_once(box: Box) -> None:
    outcome = box.run(
        """
import os, time
held = bytearray(b"x") * (60 << 20)
for _ in range(6):
    if os.fork() == 0:
        time.sleep(0.3)
        os._exit(0)
for _ in range(6):
    os.wait()
""",
        memory_bytes=100 * MIB,
        scratch_bytes=8 * MIB,
    )
    assert (outcome.kind, outcome.exit_code) == ("exited", 0)


@pytest.mark.parametrize("then", ["os._exit(0)", "time.sleep(60)"], ids=["exits 0", "goes on"])
def test_when_a_child_is_killed_for_memory_the_whole_run_ends_for_memory(strongest: Strongest, then: str) -> None:
    if strongest.level == "C":
        refuse_to_skip("only a cgroup tells")
    script = f"""
import os, sys, time
child = os.fork()
if child == 0:
    {HOG}
    os._exit(0)
os.waitpid(child, 0)
open(os.environ["ASSAY_RESULT"], "w").write('{{"a": 1}}')
{then}
"""
    outcome = strongest.run(script, memory_bytes=64 * MIB, scratch_bytes=8 * MIB)
    assert (outcome.kind, outcome.result) == ("memory", None)
    assert outcome.wall_ms < 10_000


def test_memory_and_swap_have_one_limit_together(strongest: Strongest) -> None:
    group = strongest.sandbox._open()[0].cgroup
    strongest.run("pass", memory_bytes=100 * MIB, scratch_bytes=20 * MIB)
    limit = str(140 * MIB + OWN_MEMORY)  # the scratch twice: there are two places of that size
    if isinstance(group, V1):
        files = {"memory.limit_in_bytes": limit, "memory.memsw.limit_in_bytes": limit}
        folder = group.folders["memory"]
    elif isinstance(group, V2):
        files, folder = {"memory.max": limit, "memory.swap.max": "0"}, group.folder
    else:
        refuse_to_skip("only a cgroup limits")
        return
    found = {name: (folder / name).read_text().strip() for name in files if (folder / name).exists()}
    assert found == {name: files[name] for name in found}
    assert len(found) >= 1


def test_processes_beyond_the_limit_are_refused_and_name_the_limit(box: Box) -> None:
    script = """
import os, time
for _ in range(30):
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
"""
    outcome = box.run(script, processes=10)
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", 1, "processes")
    assert b"BlockingIOError" in outcome.stderr


@pytest.mark.parametrize("processes", [1, 2, 7])
def test_a_program_may_have_exactly_as_many_processes_as_its_limit_says(box: Box, processes: int) -> None:
    script = """
import os, time
children = 0
try:
    for _ in range(20):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        children += 1
except BlockingIOError:
    pass
print(1 + children)
"""
    outcome = box.run(script, processes=processes)
    there = processes + 1 if box.level == "C" else processes  # there one more is let in, so that it can be seen
    assert (outcome.kind, outcome.stdout) == ("exited", b"%d\n" % there)
    assert outcome.limit == "processes"


def test_as_many_processes_and_threads_as_the_limit_says_meet_no_limit(box: Box) -> None:
    script = """
import os, threading, time
for _ in range(3):
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
stop = threading.Event()
threads = [threading.Thread(target=stop.wait) for _ in range(4)]
for thread in threads: thread.start()
time.sleep(0.3)
stop.set()
"""
    outcome = box.run(script, processes=8)
    assert (outcome.kind, outcome.exit_code, outcome.limit, outcome.notes) == ("exited", 0, None, ())


@pytest.mark.parametrize("start", ["fork()", "thread()"])
def test_a_program_that_swallows_a_refusal_and_tidies_up_is_reported_all_the_same(box: Box, start: str) -> None:
    script = f"""
import os, threading, time
stop, children = threading.Event(), []
def fork():
    child = os.fork()
    if child == 0:
        time.sleep(20)
        os._exit(0)
    children.append(child)
def thread():
    threading.Thread(target=stop.wait).start()
try:
    for _ in range(30): {start}
except (OSError, RuntimeError): time.sleep(0.1)
stop.set()
for child in children: os.kill(child, 9)
for child in children: os.waitpid(child, 0)
"""
    outcome = box.run(script, processes=10)
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", 0, "processes")
    assert any("processes" in note for note in outcome.notes)


def test_a_full_scratch_reads_as_a_full_disk(box: Box) -> None:
    script = "with open('/tmp/file', 'wb') as file:\n    while True: file.write(bytes(1 << 16))"
    outcome = box.run(script, scratch_bytes=4 * MIB)
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", 1, "scratch")
    assert any("scratch" in note for note in outcome.notes)


def test_a_full_scratch_is_noted_even_when_the_program_says_nothing(box: Box) -> None:
    script = """
import os
try:
    for number in range(10):
        with open(f"/tmp/{number}", "wb") as file: file.write(bytes(1 << 20))
except OSError:
    pass
"""
    outcome = box.run(script, scratch_bytes=4 * MIB)
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", 0, "scratch")
    assert "the scratch was full at some moment" in outcome.notes


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_a_scratch_that_was_full_and_is_empty_again_is_reported_all_the_same(box: Box, folder: str) -> None:
    script = f"""
import os, time
try:
    with open("{folder}/file", "wb", buffering=0) as file:
        while True: file.write(bytes(1 << 16))
except OSError: time.sleep(0.1)
os.unlink("{folder}/file")
"""
    outcome = box.run(script, scratch_bytes=4 * MIB)
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", 0, "scratch")


def test_scratch_is_counted_beside_memory_not_against_it(box: Box) -> None:
    script = "open('/tmp/file', 'wb').write(bytes(24 << 20)); held = bytearray(b'x') * (24 << 20)"
    outcome = box.run(script, memory_bytes=64 * MIB, scratch_bytes=32 * MIB)
    assert (outcome.kind, outcome.exit_code) == ("exited", 0)


def test_as_many_locks_as_programs_need_are_nobodys_concern(box: Box) -> None:
    script = f"""
import fcntl, time
file = open("/tmp/file", "wb")
for at in range({LOCKS_MAX}): fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * at)
time.sleep(0.3)
"""
    outcome = box.run(script)
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", 0, None)


def test_locks_without_end_end_the_run_and_say_how_many(box: Box) -> None:
    script = f"""
import fcntl, time
file = open("/tmp/file", "wb")
for at in range({LOCKS_MAX} + 100): fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * at)
time.sleep(20)
"""
    outcome = box.run(script)
    assert (outcome.kind, outcome.limit) == ("memory", "locks")
    assert outcome.wall_ms < 10_000
    (note,) = outcome.notes
    held, _, rest = note.partition(" ")
    assert rest == f"record locks were held at once, and {LOCKS_MAX} are allowed"
    assert LOCKS_MAX < int(held) <= LOCKS_MAX + 100


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_at_its_cap_is_kept_whole_and_one_byte_more_ends_the_run(box: Box, stream: str) -> None:
    script = "import sys; sys.{}.write('x' * {})"
    whole = box.run(script.format(stream, 4096), **{f"{stream}_cap": 4096})
    assert (whole.kind, getattr(whole, stream)) == ("exited", b"x" * 4096)
    more = box.run(script.format(stream, 4097), **{f"{stream}_cap": 4096})
    assert (more.kind, more.limit, getattr(more, stream)) == ("output", stream, b"x" * 4096)
    assert more.notes == (f"{stream} had more than 4096 bytes",)


def test_a_result_at_its_cap_is_kept_and_one_byte_more_ends_the_run(box: Box) -> None:
    script = "import os; open(os.environ['ASSAY_RESULT'], 'w').write('x' * {})"
    assert box.run(script.format(512), result_cap=512).result == b"x" * 512
    more = box.run(script.format(513), result_cap=512)
    assert (more.kind, more.limit, more.result) == ("output", "result", None)
    assert "result had more than 512 bytes" in more.notes


def test_artifacts_count_together_against_their_cap(box: Box) -> None:
    script = """
import os
for name in "ab":
    with open(os.path.join(os.environ["ASSAY_OUTPUT"], name), "wb") as file: file.write(bytes({}))
"""
    whole = box.run(script.format(500), output_cap=1000)
    assert [len(data) for _, data in whole.artifacts] == [500, 500]
    more = box.run(script.format(501), output_cap=1000)
    assert (more.kind, more.limit, more.artifacts) == ("output", "output", ())


def test_large_artifacts_arrive_whole_and_in_time(box: Box) -> None:
    script = """
import os
block = bytes(range(256)) * 4096
with open(os.path.join(os.environ["ASSAY_OUTPUT"], "large.bin"), "wb") as file:
    for _ in range(32): file.write(block)
"""
    outcome = box.run(script, wall_ms=10_000)
    assert (outcome.kind, outcome.exit_code) == ("exited", 0)
    ((name, data),) = outcome.artifacts
    assert name == "large.bin"
    assert data == bytes(range(256)) * 4096 * 32


def test_sending_what_was_left_counts_against_the_wall(box: Box) -> None:
    """More than any machine copies within the wall, or the answer would be gigabytes instead of a timeout."""
    script = """
import os
with open(os.path.join(os.environ["ASSAY_OUTPUT"], "sparse"), "wb") as file:
    file.truncate(3000 << 20)
"""
    outcome = box.run(script, wall_ms=400, scratch_bytes=3100 * MIB, output_cap=3100 * MIB)
    assert (outcome.kind, outcome.clock, outcome.artifacts) == ("timeout", "wall", ())


def test_the_least_that_a_claim_may_ask_for_is_enough_for_a_small_program(box: Box) -> None:
    outcome = box.run("import json; print(json.dumps(1))", memory_bytes=16 * MIB, scratch_bytes=MIB, processes=1)
    assert (outcome.kind, outcome.stdout) == ("exited", b"1\n")


def test_a_tick_that_says_no_cancels(strongest: Strongest) -> None:
    told: list[Usage] = []

    def tick(usage: Usage) -> bool:
        told.append(usage)
        return not usage.stdout

    job = a_job(strongest.environment, f"print('::progress 0.5', flush=True); {SLEEP}")
    outcome = strongest.sandbox.run(job, tick)
    assert (outcome.kind, outcome.limit, outcome.result) == ("cancelled", None, None)
    assert told[-1].stdout == outcome.stdout == b"::progress 0.5\n"
    assert 400 <= told[0].wall_ms <= told[-1].wall_ms <= outcome.wall_ms


def test_a_tick_that_raises_ends_the_run_and_the_next_one_works(strongest: Strongest) -> None:
    def tick(_: Usage) -> bool:
        raise LookupError("the database is gone")

    with pytest.raises(LookupError, match="the database is gone"):
        strongest.sandbox.run(a_job(strongest.environment, SLEEP), tick)
    assert strongest.run("print(1)").stdout == b"1\n"


def test_a_slow_tick_does_not_turn_an_end_in_time_into_a_timeout(strongest: Strongest) -> None:
    """Whatever kept us from looking, the run's own end decides."""

    def tick(_: Usage) -> bool:
        time.sleep(1.5)
        return True

    job = a_job(strongest.environment, "import time; time.sleep(0.7)", wall_ms=1_500)
    outcome = strongest.sandbox.run(job, tick)
    assert (outcome.kind, outcome.exit_code) == ("exited", 0)
    assert outcome.wall_ms < 1_500


def test_a_slow_tick_does_not_hide_that_a_run_took_too_long(strongest: Strongest) -> None:
    def tick(_: Usage) -> bool:
        time.sleep(1.2)
        return True

    job = a_job(strongest.environment, "import time; time.sleep(1)", wall_ms=800)
    outcome = strongest.sandbox.run(job, tick)
    assert (outcome.kind, outcome.clock) == ("timeout", "wall")


@pytest.mark.parametrize(("ended_at", "late"), [(10.5, False), (11.0, False), (11.001, True)])
def test_the_moment_of_the_end_decides_over_the_wall_whatever_was_asked_meanwhile(ended_at: float, late: bool) -> None:  # noqa: FBT001 - a row
    """We may ask for an end at the very moment at which the program ends by itself."""
    watch = Watch(None, None, values.a_job(wall_ms=1000), lambda _: True)  # type: ignore[arg-type]
    watch.started, watch.deadline, watch.begun = 10.0, 11.0, True
    for asked in (set(), {"wall"}):
        watch.seen.ending, watch.seen.causes = Ending(0, ended_at, 0, 0), set(asked)
        watch._time()
        assert watch.seen.causes == ({"wall"} if late else set())
        assert watch.seen.wall_ms == int((ended_at - 10) * 1000)


def test_counters_are_those_of_the_run_alone() -> None:
    before, after = Counters(5, 100, 60, 900, 1, 2), Counters(9, 150, 90, 300, 1, 7)
    assert _difference(before, after) == Counters(4, 50, 30, 200, 0, 5)


def test_the_usage_says_where_it_comes_from(box: Box) -> None:
    outcome = box.run("pass")
    assert outcome.usage_source == {"B": "cgroup2", "B1": "cgroup1", "C": "rusage"}[box.level]
    assert outcome.isolation["level"] == box.level
    assert outcome.isolation["usage_source"] == outcome.usage_source


def test_a_cgroup_of_the_second_version_is_read_like_this(tmp_path: Path) -> None:
    """The files as Linux 6.12 writes them; hosts with both versions give us none of their own."""
    files = {
        "memory.current": "7340032\n",
        "memory.stat": "anon 5242880\nfile 1048576\nkernel 20480\nshmem 999424\n",
        "memory.events": "low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n",
        "pids.events": "max 4\n",
        "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n",
        "cgroup.procs": "12\n7\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    group = object.__new__(V2)
    group.folder, group._peak, group._highest = tmp_path, None, 8 << 20
    assert group._now() == Counters(2500, 7 << 20, 5 << 20, 8 << 20, 1, 4)
    assert group.members() == {7, 12}
