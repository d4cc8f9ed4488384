# attack: folders without end, and links in circles, for whoever walks through the artifacts
# stopped by: runner
# expect: nothing
# note: deeper than four
# control: none, folders in an own folder are no attack before somebody reads them
import os

os.chdir(os.environ["ASSAY_OUTPUT"])
for number in range(40):
    os.symlink(f"link-{(number + 1) % 40}", f"link-{number}")
for _ in range(2000):
    os.mkdir("d")
    os.symlink("..", "up")
    os.chdir("d")
