# attack: a file of one TiB that takes no space
# stopped by: resource limits
# expect: contained
# control: succeeds
import os
import tempfile

from attack import report

with tempfile.TemporaryFile() as file:
    try:
        os.ftruncate(file.fileno(), 1 << 40)
    except OSError:
        pass
    report(os.fstat(file.fileno()).st_size > 1 << 30, os.fstat(file.fileno()).st_size)
