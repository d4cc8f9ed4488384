# attack: a full disk; it stops at 64 MiB, to be safe without a box
# stopped by: scratch size
# expect: contained
# control: succeeds
# limits: scratch_bytes=8388608
import os
import tempfile

from attack import report

block, written, paths = bytes(1 << 20), 0, []
for folder in (os.environ.get("TMPDIR", "/tmp"), "/dev/shm"):
    try:
        for number in range(64):
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                paths.append(file.name)
                file.write(block)
            written += 1
    except OSError:
        pass
for path in paths:
    os.unlink(path)
report(written > 16, f"{written} MiB")
