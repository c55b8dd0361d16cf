"""`gaitprint doctor`: what is installed, what it computes on, where things are kept, and what of it is broken."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from rich.table import Table
from rich.text import Text

from gaitprint import __version__
from gaitprint.cli.terminal import output
from gaitprint.core.errors import FailedCheckError, GaitprintError, UsageError
from gaitprint.core.extras import EXTRAS

# Packages whose native libraries are what fails on a machine that lacks something; the others are not imported.
_TRIED = ("torch", "cv2")
# All of them put their files into one folder, cv2.
_OPENCV = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
_LITTLE_SPACE = 1 << 30

_MARKS = {"ok": "green", "missing": "yellow", "broken": "red", "none": "dim", "little": "yellow"}


@dataclass
class _Findings:
    """What was found: rows to show, the same as JSON, and what is wrong."""

    summary: dict[str, Any] = field(default_factory=dict)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def show(self, section: str, name: str, mark: str, text: str) -> None:
        self.rows.append((section, name, mark, text))


def doctor() -> dict[str, Any]:
    """Say what is installed, what it computes on, where things are kept, and what of it is broken.

    Nothing is changed, and nothing is asked of the network unless the gallery is on a server. Most of the seconds that
    it takes are PyTorch being loaded, which is how a broken one shows. The exit code is 1 where something is broken
    that every command needs, or a gallery that cannot be opened; an extra that is missing is no error.

    Returns:
        gaitprint, python, platform, packages (name -> version or None), extras (name -> adds, installed, packages,
        install), front_ends, weights, devices, folders, problems, warnings.

    Raises:
        FailedCheckError: something is broken.
    """
    found = _Findings()
    _versions(found)
    _packages(found)
    _devices(found)
    _extras(found)
    _front_ends(found)
    _weights(found)
    _folders(found)
    found.summary |= {"problems": found.problems, "warnings": found.warnings}
    _print(found)
    if found.problems:
        more = f" (and {len(found.problems) - 1} more, above)" if len(found.problems) > 1 else ""
        raise FailedCheckError(f"{found.problems[0]}{more}", found.summary)
    return found.summary


def _print(found: _Findings) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = None
    for section, name, mark, text in found.rows:
        if section != before:
            if before is not None:
                table.add_row()
            table.add_row(Text(section, style="bold"))
            before = section
        table.add_row(Text(f"  {name}", style="cyan"), Text(mark, style=_MARKS.get(mark, "")), Text(text))
    output.print(table)
    for style, kind, lines in (("yellow", "warning", found.warnings), ("red", "broken", found.problems)):
        for line in lines:
            output.print(Text.assemble((f"{kind}: ", style), line))
    if not found.problems:
        output.print(Text("everything that is needed works", style="green"))


def _versions(found: _Findings) -> None:
    found.summary |= {
        "gaitprint": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    found.show("Versions", "gaitprint", "ok", f"{__version__}, in {Path(str(files('gaitprint')))}")
    found.show("Versions", "Python", "ok", f"{platform.python_version()}, {sys.executable}")
    found.show("Versions", "system", "ok", platform.platform())


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _requirements(found: _Findings) -> Iterator[Requirement]:
    """Yield what gaitprint itself needs on this machine, as its own metadata say."""
    try:
        lines = metadata.requires("gaitprint") or []
    except metadata.PackageNotFoundError:
        found.warnings.append("gaitprint runs from a folder and is not installed: what it needs is not checked")
        return
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def _packages(found: _Findings) -> None:
    versions: dict[str, str | None] = {}
    for requirement in _requirements(found):
        version = versions[requirement.name] = _version(requirement.name)
        if version is None:
            mark, text = "missing", f"{requirement} is not installed"
        elif not requirement.specifier.contains(version, prereleases=True):
            mark, text = "broken", f"{requirement.name} is {version}, needed is {requirement.specifier}"
        else:
            continue
        found.show("Versions", requirement.name, mark, text)
        found.problems.append(text)
    found.summary["packages"] = versions
    shown = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    if shown:
        found.show("Versions", "needed", "ok", shown)
    flavours = [name for name in _OPENCV if _version(name) is not None]
    if len(flavours) > 1:
        found.warnings.append(
            f"{' and '.join(flavours)} share one folder, and which of them is used is chance: uninstall them all, then "
            f"install {_OPENCV[0]} again"
        )
    for module in _TRIED:
        try:
            importlib.import_module(module)
        # A broken native library surfaces as any of these.
        except (ImportError, OSError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            found.show("Versions", module, "broken", reason)
            found.problems.append(f"{module} cannot be imported: {reason}")


def _devices(found: _Findings) -> None:
    try:
        import torch
    except (ImportError, OSError):
        found.summary["devices"] = None
        return
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    instructions = torch.backends.cpu.get_cpu_capability()
    cuda = [
        {
            "name": torch.cuda.get_device_name(index),
            "bytes": torch.cuda.get_device_properties(index).total_memory,
            "bf16": torch.cuda.is_bf16_supported(),
        }
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    mps = torch.backends.mps.is_available()
    found.summary["devices"] = {
        "cpu": {"cores": os.cpu_count(), "usable": usable, "threads": torch.get_num_threads(), "simd": instructions},
        "cuda": cuda,
        "mps": mps,
    }
    cores = f"{os.cpu_count()} cores, of which {usable} may be used; PyTorch takes {torch.get_num_threads()}"
    found.show("Devices", "cpu", "ok", f"{cores}; {instructions}")
    for index, device in enumerate(cuda):
        precision = "bf16" if device["bf16"] else "fp16, no bf16"
        text = f"{device['name']}, {device['bytes'] / 2**30:.0f} GiB, {precision}"
        found.show("Devices", f"cuda:{index}", "ok", text)
    if not cuda:
        built = f"PyTorch {torch.__version__} is for CUDA {torch.version.cuda}" if torch.version.cuda else ""
        found.show("Devices", "cuda", "none", built or f"PyTorch {torch.__version__} is a build without CUDA")
        if shutil.which("nvidia-smi"):
            found.warnings.append(f"there is an NVIDIA driver, but PyTorch {torch.__version__} finds no device")
    found.show("Devices", "mps", "ok" if mps else "none", "not used by gaitprint" if mps else "")


def _extras(found: _Findings) -> None:
    summary = found.summary["extras"] = {}
    for name, extra in EXTRAS.items():
        versions = {distribution: _version(distribution) for distribution in extra.distributions}
        installed = all(versions.values())
        summary[name] = {
            "adds": extra.adds,
            "installed": installed,
            "packages": versions,
            "install": extra.install,
        }
        here = ", ".join(f"{package} {version}" for package, version in versions.items() if version)
        text = f"{extra.adds}: {here if installed else extra.install}"
        found.show("Extras", name, "ok" if installed else "missing", text)


def _front_ends(found: _Findings) -> None:
    summary = found.summary["front_ends"] = {"background": True, "mediapipe": False}
    found.show("Videos", "background", "ok", "silhouettes before a background at rest, without a network")
    from gaitprint.video.litert import MODELS, mediapipe_is_installed, model_file

    paths = {name: model_file(name) for name in MODELS}
    summary["mediapipe"] = mediapipe_is_installed()
    lacking = [name for name, path in paths.items() if path is None]
    if summary["mediapipe"]:
        text = f"silhouettes and joints by networks; {', '.join(MODELS)} by LiteRT"
    elif lacking:
        text = f"no networks ({', '.join(lacking)}): {EXTRAS['video'].install}"
    else:
        text = f"no LiteRT: {EXTRAS['video'].install}"
    found.show("Videos", "mediapipe", "ok" if summary["mediapipe"] else "missing", text)


def _weights(found: _Findings) -> None:
    folder = Path(str(files("gaitprint") / "weights"))
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    found.summary["weights"] = names
    found.show("Models", "weights", "ok" if names else "missing", ", ".join(names))
    if not names:
        found.problems.append(f"{folder}: the shipped weights are missing; install gaitprint again")


def _folders(found: _Findings) -> None:
    from gaitprint.data.feature_cache import cache_folder
    from gaitprint.gallery.engine import default_location, without_password

    gallery = default_location()
    state, mark, text = _gallery(found, gallery)
    is_server = "://" in gallery
    summary: dict[str, Any] = {"gallery": {"location": without_password(gallery) if is_server else gallery, **state}}
    found.show("Folders", "gallery", mark, text)
    places = {"working": Path.cwd(), "cache": cache_folder()} | ({} if is_server else {"gallery": Path(gallery)})
    for name, place in places.items():
        free = _free_bytes(place)
        summary.setdefault(name, {"location": str(place)})["free_bytes"] = free
        little = free is not None and free < _LITTLE_SPACE
        if little:
            found.warnings.append(f"{place}: less than 1 GiB free")
        if name != "gallery" or little:
            shown = "unknown" if free is None else f"{free / 2**30:.1f} GiB"
            found.show("Folders", name, "little" if little else "ok", f"{place}, {shown} free")
    if shared := os.environ.get("GAITPRINT_SHARED"):
        there = Path(shared).is_dir()
        summary["shared"] = {"location": shared, "exists": there}
        found.show("Folders", "shared", "ok" if there else "missing", f"{shared} (GAITPRINT_SHARED)")
    found.summary["folders"] = summary


def _gallery(found: _Findings, location: str) -> tuple[dict[str, Any], str, str]:
    """Open a gallery as far as to count its people; return what JSON, the mark and the row say."""
    from gaitprint.gallery.engine import open_engine, without_password

    shown = without_password(location) if "://" in location else location
    if "://" not in location and not Path(location).exists():
        return {"state": "none", "people": 0}, "none", f"{shown}: nobody was enrolled yet"
    try:
        with open_engine(location, create=False) as engine:
            people = engine.size()
    except UsageError as error:
        found.warnings.append(str(error))
        return {"state": "none", "people": 0}, "none", str(error)
    except GaitprintError as error:
        found.problems.append(str(error))
        return {"state": "broken", "people": None}, "broken", str(error)
    return {"state": "ok", "people": people}, "ok", f"{shown}: opens, {people} people"


def _free_bytes(folder: Path) -> int | None:
    """Return what is free where a folder is, or will be made; None where that cannot be told."""
    there = next((parent for parent in (folder, *folder.parents) if parent.is_dir()), None)
    try:
        return None if there is None else shutil.disk_usage(there).free
    except OSError:
        return None
