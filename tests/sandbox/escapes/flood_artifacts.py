# attack: artifacts of many bytes
# stopped by: output caps
# expect: output output
# control: succeeds
# limits: output_cap=65536
import os

from attack import report

for number in range(8):
    with open(os.path.join(os.environ["ASSAY_OUTPUT"], f"{number}.bin"), "wb") as file:
        file.write(bytes(1 << 14))
report(True, "128 KiB")
