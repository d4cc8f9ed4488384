"""Assay's service: a pure core, a store, one set of actions, and the doors that call them."""
