"""Pages of the API reference: the public interface, and one page per package, written as directives of mkdocstrings."""

from __future__ import annotations

import pkgutil

import gaitprint

# Commands are documented by their help texts, and recipes are no code.
_NOT_A_PAGE = ("cli", "recipes", "weights")


def api_pages() -> dict[str, str]:
    """Return path below ``reference/api/`` -> Markdown."""
    packages = [
        module.name
        for module in pkgutil.iter_modules(gaitprint.__path__)
        if module.ispkg and module.name not in _NOT_A_PAGE
    ]
    pages = {"index.md": _public_interface(packages)}
    return pages | {f"{name}.md": _package(name) for name in packages}


def _package(name: str) -> str:
    # The title of the page is the heading of the package.
    return f"# gaitprint.{name}\n\n::: gaitprint.{name}\n    options:\n      show_root_heading: false\n"


def _public_interface(packages: list[str]) -> str:
    lines = [
        "# The public interface",
        "",
        (gaitprint.__doc__ or "").partition("\n\n")[2].strip(),
        "",
        "Packages: " + ", ".join(f"[{name}]({name}.md)" for name in packages) + ".",
        "",
    ]
    for name in gaitprint.__all__:
        value = getattr(gaitprint, name)
        if not name.startswith("__"):
            target = f"{value.__module__}.{value.__qualname__}"
            lines += [f"## `gaitprint.{name}`", "", f"::: {target}", "    options:", "      heading_level: 3", ""]
    return "\n".join(lines)
