"""The box: a job goes in, an outcome comes out. Standard library only; knows nothing of claims."""

from sandbox.engine import Sandbox
from sandbox.environments import host_python
from sandbox.host import LEVELS
from sandbox.job import (
    Asset,
    AssetChanged,
    Environment,
    EnvironmentChanged,
    Gpu,
    Job,
    Misused,
    NoIsolation,
    Outcome,
    SandboxFault,
    SealBroken,
    StagedFile,
    Usage,
)

__all__ = [
    "LEVELS",
    "Asset",
    "AssetChanged",
    "Environment",
    "EnvironmentChanged",
    "Gpu",
    "Job",
    "Misused",
    "NoIsolation",
    "Outcome",
    "Sandbox",
    "SandboxFault",
    "SealBroken",
    "StagedFile",
    "Usage",
    "host_python",
]
