"""The HRA Cloud-Xero agent: keeps one HRA Cloud account and one Xero organisation in step.

`create_app(config)` gives the WSGI application to mount inside another server. It is looked up on first use:
loading the whole agent for whoever wants only the version or one module would be a cycle.
"""

from importlib import import_module
from typing import Any

__version__ = "0.3.0"


def __getattr__(name: str) -> Any:
    if name == "create_app":
        return import_module("agent.embedded").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
