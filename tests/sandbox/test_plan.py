"""The arguments are the security model, so they stand here in full."""

from __future__ import annotations

import dataclasses

import pytest

from sandbox import Environment, plan
from tests.sandbox.values import A_GPU, HELD, MERGED, PYTHON, STAGING, a_job

GOLDEN = """
--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup
--uid 1000 --gid 1000 --hostname sandbox --disable-userns
--die-with-parent --new-session --cap-drop ALL --clearenv
--setenv ASSAY_INPUT /in
--setenv ASSAY_OUTPUT /tmp/output
--setenv ASSAY_RESULT /tmp/.assay/result.json
--setenv HOME /tmp
--setenv LANG C.UTF-8
--setenv MKL_NUM_THREADS 2
--setenv NUMEXPR_NUM_THREADS 2
--setenv OMP_NUM_THREADS 2
--setenv OPENBLAS_NUM_THREADS 2
--setenv PATH /usr/bin:/bin
--setenv PYTHONHASHSEED 0
--setenv TMPDIR /tmp
--setenv TZ UTC
--ro-bind /usr /usr
--symlink usr/bin /bin --symlink usr/lib64 /lib64
--ro-bind /host/runner /assay --ro-bind /host/run/in /in --ro-bind /host/run/job /job
--proc /proc --dev /dev
--size 4096 --tmpfs /tmp --size 4096 --tmpfs /dev/shm
--dir /etc --ro-bind /etc/ld.so.cache /etc/ld.so.cache
--ro-bind /dev/null /proc/kallsyms --ro-bind /dev/null /proc/kcore
--size 4096 --tmpfs /proc/bus --remount-ro /proc/bus
--remount-ro /dev --remount-ro /
--seccomp 5 --chdir /tmp
"""
READ_ONLY = {"--ro-bind", "--symlink", "--proc", "--dev", "--tmpfs", "--dir", "--remount-ro"}
HOST_VARIANTS = {
    "merged /usr": MERGED,
    "separate /lib": dataclasses.replace(MERGED, links={}, folders=("/bin", "/lib")),
    "bare": plan.Host(links={}, folders=(), masked=(), masked_folders=(), loader_cache=False, disable_userns=False),
}


def _arguments(host: plan.Host = MERGED, **changes: object) -> list[str]:
    job = a_job(**{"scratch_bytes": 4096, "cpus": 2, **changes})
    return plan.bwrap_arguments(job.shape, host, STAGING, "/host/runner", 5)


def _binds(arguments: list[str]) -> dict[str, str]:
    """Return target -> source of everything bound."""
    return {arguments[at + 2]: arguments[at + 1] for at, word in enumerate(arguments) if word == "--ro-bind"}


def test_the_arguments_of_bubblewrap_are_these() -> None:
    assert _arguments() == GOLDEN.split()


def test_an_asset_is_one_more_folder_that_is_read_only_and_one_variable() -> None:
    with_it, without = _arguments(assets=HELD), _arguments()
    assert _binds(with_it).items() - _binds(without).items() == {("/assets/model", "/host/assets/ab/data")}
    more = ["--setenv", "ASSAY_ASSETS", "/assets", "--ro-bind", "/host/assets/ab/data", "/assets/model"]
    assert sorted(with_it) == sorted([*without, *more])


@pytest.mark.parametrize("host", HOST_VARIANTS.values(), ids=HOST_VARIANTS.keys())
def test_on_every_host_nothing_of_it_is_writable_and_every_namespace_is_new(host: plan.Host) -> None:
    arguments = _arguments(host)
    mounting = {word for word in arguments if "bind" in word or word in READ_ONLY}
    assert mounting <= READ_ONLY
    assert {f"--unshare-{name}" for name in ("user", "pid", "net", "ipc", "uts", "cgroup")} <= set(arguments)
    assert {"--clearenv", "--die-with-parent", "--new-session", "--seccomp"} <= set(arguments)
    assert arguments[arguments.index("--cap-drop") + 1] == "ALL"
    assert not {word for word in arguments if word.startswith(("--share", "--dev-bind", "--cap-add", "--overlay"))}


@pytest.mark.parametrize("host", HOST_VARIANTS.values(), ids=HOST_VARIANTS.keys())
def test_the_root_is_sealed_after_the_last_mount(host: plan.Host) -> None:
    arguments = _arguments(host)
    sealed = arguments.index("--remount-ro")
    paths = [*(f"/proc/{name}" for name in host.masked_folders), "/dev", "/"]
    remounts = [word for path in paths for word in ("--remount-ro", path)]
    assert arguments[sealed:] == [*remounts, "--seccomp", "5", "--chdir", "/tmp"]


def test_top_level_folders_are_bound_where_usr_is_not_merged() -> None:
    bound = _binds(_arguments(HOST_VARIANTS["separate /lib"]))
    assert bound["/bin"] == "/bin"
    assert bound["/lib"] == "/lib"


def test_what_the_host_lacks_is_not_asked_for() -> None:
    arguments = _arguments(HOST_VARIANTS["bare"])
    assert "--disable-userns" not in arguments
    assert "/etc/ld.so.cache" not in arguments
    assert "/dev/null" not in arguments


def test_an_environment_elsewhere_is_bound_read_only_and_not_hidden_by_the_scratch() -> None:
    environment = dataclasses.replace(PYTHON, mounts=("/tmp/python/bin/python3", "/tmp/python/lib"))
    arguments = _arguments(environment=environment)
    assert _binds(arguments)["/tmp/python/lib"] == "/tmp/python/lib"
    assert arguments.index("/tmp/python/lib") > arguments.index("/tmp", arguments.index("--tmpfs"))


def test_a_job_cannot_replace_the_variables_that_the_box_sets() -> None:
    job = a_job(env={"PYTHONHASHSEED": "1", "ASSAY_RESULT": "/elsewhere", "OWN": "kept"})
    assert plan.hand_over(job, "", counted=True).split(b"\0")[6:] == [b"OWN=kept"]


def test_the_command_is_interpreter_and_runner() -> None:
    python = ["/usr/bin/python3.11", "-S", "-s", "-P", "-B"]
    assert plan.command(PYTHON) == [*python, "/assay/runner.pyc"]


@pytest.mark.parametrize(
    ("counted", "limit"), [(True, b"0"), (False, b"9")], ids=["a cgroup limits", "the runner limits"]
)
@pytest.mark.parametrize(("compiled", "named"), [("", b""), ("ab.pyc", b"/assay/ab.pyc")], ids=["script", "evaluator"])
def test_the_hand_over_is_caps_limits_program_arguments_variables(
    counted: bool,  # noqa: FBT001 - a row
    limit: bytes,
    compiled: str,
    named: bytes,
) -> None:
    job = a_job(argv=("/job/a.py", "b"), processes=9, result_cap=1, output_cap=2, env={"B": "2=", "A": "é"})
    variables = ["A=é".encode(), b"B=2="]
    expected = [b"1", b"2", limit, named, b"2", b"/job/a.py", b"b", *variables]
    assert plan.hand_over(job, compiled, counted=counted).split(b"\0") == expected


def test_jobs_that_differ_in_what_their_box_must_be_have_different_shapes() -> None:
    shape = a_job().shape
    own = {"environment", "cpu_ms", "cpus", "memory_bytes", "processes", "scratch_bytes", "assets", "gpu"}
    assert {field.name for field in dataclasses.fields(shape)} == own
    other = Environment("python", "sha256:1", PYTHON.interpreter)
    changed = [a_job(**{name: 1_234_567}).shape for name in sorted(own - {"environment", "assets", "gpu"})]
    changed += [a_job(environment=other).shape, a_job(assets=HELD).shape, a_job(gpu=A_GPU).shape]
    assert shape not in changed
    same = a_job(argv=("/job/x.py",), env={"A": "1"}, wall_ms=5, stdout_cap=1, result_cap=1, mode="evaluator")
    assert same.shape == shape


@pytest.mark.parametrize(
    "changes",
    [
        {"argv": ()},
        {"argv": ("/job/a\0--bind\0/\0/",)},
        {"env": {"A": "1\0--bind"}},
        {"env": {"A\0": "1"}},
        {"environment": Environment("python", "", "/usr/bin/python\0")},
        {"environment": Environment("python", "", "/usr/bin/python", ("/\0",))},
        {"wall_ms": 0},
        {"cpu_ms": 0},
        {"cpus": 0},
        {"memory_bytes": 0},
        {"processes": 0},
        {"scratch_bytes": 0},
        {"stdout_cap": -1},
        {"stderr_cap": -1},
        {"result_cap": -1},
        {"output_cap": -1},
    ],
    ids=str,
)
def test_a_job_that_no_box_could_be_made_for_cannot_be_written_down(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"a job needs a program|every limit"):
        a_job(**changes)
