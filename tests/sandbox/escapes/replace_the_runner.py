# attack: putting another runner, or compiled code of the library, in the place of the sealed one
# stopped by: mounts, filter
# expect: contained
# control: root
import os
import tempfile

from attack import call, report_any

BIND = 0x1000
mine = tempfile.mkdtemp()


def leave(folder):
    path = os.path.join(folder, f"left-{os.getpid()}.pyc")
    open(path, "x").close()
    os.unlink(path)


def cover(folder):
    if not os.path.exists(folder + "/runner.pyc") or call("mount", mine.encode(), folder.encode(), 0, BIND, 0)[1]:
        raise OSError("refused")


report_any(
    [
        ("rename", lambda: os.rename("/assay/runner.pyc", "/assay/old.pyc")),
        ("unlink", lambda: os.unlink("/assay/runner.pyc")),
        ("cover", lambda: cover("/assay")),
        *(
            (folder, lambda folder=folder: leave(folder))
            for folder in (
                "/assay",
                f"/proc/{os.getppid()}/root/assay",
                "/proc/1/root/assay",
                os.path.join(os.path.dirname(os.__file__), "__pycache__"),
            )
        ),
    ]
)
