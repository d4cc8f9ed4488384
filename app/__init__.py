"""Assay's service: a pure core, a store, one set of actions, and the doors that call them."""

__version__ = "0.1.0"
