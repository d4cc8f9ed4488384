# attack: rewriting, replacing or re-owning the script itself, so that a repeat would run something else
# stopped by: mounts
# expect: contained
# control: succeeds
import os

from attack import report_any

me = os.path.abspath(__file__)
report_any(
    [
        ("chmod", lambda: os.chmod(me, 0o755)),
        ("append", lambda: open(me, "ab").write(b"\n# changed\n")),
        ("rename", lambda: os.rename(me, me + ".old")),
        ("link", lambda: os.link(me, me + ".twin")),
        ("times", lambda: os.utime(me, (1, 1))),
        ("owner", lambda: os.chown(me, os.getuid(), os.getgid())),
    ]
)
