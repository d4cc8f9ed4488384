# attack: a result of many bytes
# stopped by: output caps
# expect: output result
# control: succeeds
# limits: result_cap=65536
from attack import report
import os

report(True, "4 MiB")
with open(os.environ["ASSAY_RESULT"], "a") as file:
    file.write(" " * (4 << 20))
