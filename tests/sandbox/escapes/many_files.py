# attack: files without end, each empty: their count is memory of the kernel
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=16777216, scratch_bytes=4194304
import os
import shutil
import tempfile

from attack import report

folder = tempfile.mkdtemp(dir="/dev/shm")
for number in range(45000):
    os.close(os.open(f"{folder}/{number}", os.O_CREAT | os.O_WRONLY))
report(True, "45000 files")
shutil.rmtree(folder)
