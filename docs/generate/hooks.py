"""Events of MkDocs: pages that are made from the code when the site is built, so that they cannot go stale."""

from __future__ import annotations

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from api_pages import api_pages
from command_pages import command_page
from model_facts import model_facts
from recipe_pages import recipe_page


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the reference."""
    pages = {"commands.md": command_page(), "recipes.md": recipe_page()}
    pages |= {f"api/{name}": text for name, text in api_pages().items()}
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put a model's figures where its page says ``<!-- figures of MODEL -->``, and keep deviations whole."""
    filled = re.sub(r"<!-- figures of ([a-z-]+) -->", lambda found: model_facts(found[1]), markdown)
    return re.sub(r"^\|.*", lambda row: row[0].replace("± ", "±\N{NO-BREAK SPACE}"), filled, flags=re.MULTILINE)
