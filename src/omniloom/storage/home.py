"""Where Omniloom keeps things, and the switches of the environment that say so.

OMNILOOM_HOME          the user's private folder; the platform's data folder for applications without it
OMNILOOM_WEIGHTS       where weights lie; `weights` in the home without it
OMNILOOM_OFFLINE       set and not "0": any use of the network is an error
OMNILOOM_CACHE_BYTES   cap on what the store keeps, such as 500MB or 20GiB (default 20 GiB)
OMNILOOM_MAX_BYTES     inputs of this size or more are refused (default 2 GB)
"""

import os
import re
from pathlib import Path

from omniloom.core.errors import UsageError
from omniloom.storage.files import private_folder

DEFAULT_CACHE_BYTES = 20 * 2**30
DEFAULT_MAX_BYTES = 2_000_000_000
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def home() -> Path:
    """The user's private folder, made with mode 0700 if it is not there. Raises StorageError where it cannot be."""
    return private_folder(_home_path())


def weights_home() -> Path:
    """Where weights lie. Not created here: it may be shared and read-only."""
    named = os.environ.get("OMNILOOM_WEIGHTS", "")
    return Path(named).expanduser().absolute() if named else _home_path() / "weights"


def offline() -> bool:
    """True if the user forbids any use of the network."""
    return os.environ.get("OMNILOOM_OFFLINE", "0").strip() not in ("", "0")


def cache_bytes() -> int:
    """The cap on everything the store keeps, in bytes."""
    return _bytes_of("OMNILOOM_CACHE_BYTES", DEFAULT_CACHE_BYTES)


def max_bytes() -> int:
    """Inputs of this many bytes or more are refused."""
    return _bytes_of("OMNILOOM_MAX_BYTES", DEFAULT_MAX_BYTES)


def _home_path() -> Path:
    named = os.environ.get("OMNILOOM_HOME", "")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_dir

    return Path(user_data_dir("omniloom", appauthor=False))


def _bytes_of(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]i?|)b?", text.lower())
    if not found:
        raise UsageError(f"{variable} is {text!r}", hint="a number of bytes, such as 500000000, 500MB or 2GiB")
    return int(float(found[1]) * _UNITS[found[2]])
