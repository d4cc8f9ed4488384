# attack: twenty thousand artifacts
# stopped by: runner, channel
# expect: nothing
# note: more than 256 artifacts
# control: none, files in an own folder are no attack before somebody reads them
import os

for number in range(20_000):
    os.close(os.open(f"{os.environ['ASSAY_OUTPUT']}/{number}", os.O_CREAT | os.O_WRONLY))
