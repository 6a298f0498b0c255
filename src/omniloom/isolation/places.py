"""What a child may read without being told: its interpreter, the installed packages, the system's libraries and fonts.

The user's own folders are never among them, also when one stands in sys.path (the folder of a script, or the current
one): a package found there is let in by itself.
"""

import importlib.util
import site
import sys
import sysconfig
from pathlib import Path

_SYSTEM = (
    "/usr/lib /usr/lib64 /usr/lib32 /usr/libexec /usr/local/lib /usr/share /usr/local/share /lib /lib64 /lib32 "
    "/etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/fonts /etc/localtime /etc/timezone /etc/mime.types "
    "/etc/alternatives /nix/store /gnu/store /opt/rocm /usr/local/cuda "
    "/proc/self /proc/cpuinfo /proc/meminfo /proc/stat /proc/version /proc/sys/vm /proc/sys/kernel/osrelease "
    "/sys/devices/system /sys/fs/cgroup /sys/kernel/mm/transparent_hugepage "
    "/dev/urandom /dev/random /dev/zero /dev/null"
).split()
# A program is shown less: no /proc, no /sys, nothing of /etc but what the loader and the clock read.
_PROGRAMS = (
    "/usr/lib /usr/lib64 /usr/lib32 /usr/local/lib /usr/share/zoneinfo /lib /lib64 /lib32 /etc/ld.so.cache "
    "/etc/localtime /nix/store /gnu/store /dev/urandom /dev/random /dev/zero /dev/null"
).split()
WRITABLE_DEVICES = (Path("/dev/null"),)


def module_path() -> list[str]:
    """The folders of sys.path that hold the standard library and installed packages, absolute, in order."""
    roots = {Path(p).resolve() for p in _library_roots()}
    return [entry for entry in map(_absolute, sys.path) if entry and _installed(Path(entry), roots)]


def package_paths(*modules: str) -> dict[str, str]:
    """Top-level package name → its folder or file, for those that the module path alone does not find."""
    known = [Path(p) for p in module_path()]
    paths: dict[str, str] = {}
    for top in {name.partition(".")[0] for name in modules}:
        spec = importlib.util.find_spec(top)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin).resolve()
        place = origin.parent if spec.submodule_search_locations else origin
        if place.parent not in known:
            paths[top] = str(place)
    return paths


def readable(modules: list[str], packages: dict[str, str], *, strict: bool = False) -> list[Path]:
    """Everything that a child reads without being told."""
    places = (
        [Path(p) for p in (_PROGRAMS if strict else _SYSTEM)]
        + [Path(p) for p in modules]
        + [Path(p) for p in packages.values()]
    )
    for root in _library_roots():
        places += [Path(root)]
    places += [Path(sys.prefix) / "pyvenv.cfg", Path(sys.base_prefix) / "share"]
    return list(dict.fromkeys(p for p in places if p.exists()))


def _library_roots() -> list[str]:
    roots = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    roots += site.getsitepackages() if hasattr(site, "getsitepackages") else []
    roots += [str(Path(prefix) / "lib") for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    if site.ENABLE_USER_SITE:
        roots.append(site.getusersitepackages())
    return list(dict.fromkeys(root for root in roots if root))


def _absolute(entry: str) -> str:
    return str(Path(entry).resolve()) if entry and Path(entry).exists() else ""


def _installed(entry: Path, roots: set[Path]) -> bool:
    if any(entry.is_relative_to(root) for root in roots) or entry.suffix == ".zip":
        return True
    return entry.is_dir() and any(entry.glob("*.dist-info"))  # pip install --target
