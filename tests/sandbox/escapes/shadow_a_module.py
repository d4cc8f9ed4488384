# attack: a file that stands in for a module of the library, beside the script and where one may write
# stopped by: mounts, runner
# expect: contained
# control: succeeds
import os

from attack import report

for folder in (os.path.dirname(os.path.abspath(__file__)), os.environ["TMPDIR"], os.getcwd()):
    try:
        with open(os.path.join(folder, "colorsys.py"), "w") as file:
            file.write("planted = True")
    except OSError:
        pass
import colorsys

report(hasattr(colorsys, "planted"), colorsys.__file__)
