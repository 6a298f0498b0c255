"""The door with a handle: `omniloom VERB`, one file per verb."""

from omniloom.cli.app import main

__all__ = ["main"]
