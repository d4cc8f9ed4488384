# attack: an artifact of one TiB that takes no space before somebody reads it
# stopped by: output caps
# expect: output output
# control: succeeds
import os

from attack import report

with open(os.path.join(os.environ["ASSAY_OUTPUT"], "sparse"), "wb") as file:
    file.truncate(1 << 40)
    report(os.fstat(file.fileno()).st_size > 1 << 30, os.fstat(file.fileno()).st_size)
