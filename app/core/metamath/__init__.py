"""What checks a Metamath proof, in the box: no part of the service imports it, its files are staged there as they are.

The standard library alone. `reader` understands a database, `kernel` verifies its proofs, `box` is the program of both runs.
"""
