"""The program of a proof's boxes: `prove` compiles and exports a source, `replay` gives an export to Lean's kernel.

Standard library only, because it lies in an environment and runs in the box. Theory of operation: `prove` runs what a
stranger wrote, so whatever it leaves is data and nothing more. `replay` runs nothing of a stranger: it reads the two
exports, compares the statements, and hands every declaration of the solution to the kernel through `judge.lean`.
"""

from .box import main

__all__ = ["main"]
