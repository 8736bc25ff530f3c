"""agent.ini and the environment -> Settings; every problem reported at once.

`load` and `parse` read, `example` writes the file that documents every key. The settings table
drives them all.
"""

from agent.config.example import PLACEHOLDERS, example
from agent.config.reader import load, parse
from agent.config.settings import Settings

__all__ = ["PLACEHOLDERS", "Settings", "example", "load", "parse"]
