"""What a browser is given besides the terminal's own files: two pages, their style and a few lines of script."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template

import textual_serve

_FOLDER = Path(__file__).parent / "files"
_TERMINAL = Path(str(textual_serve.__file__)).parent / "static"

OWN = {"web.css": "text/css", "desk.js": "text/javascript"}
TERMINAL = {
    "js/textual.js": "text/javascript",
    "css/xterm.css": "text/css",
    "fonts/RobotoMono-VariableFont_wght.ttf": "font/ttf",
}
"""The files by name, and what each is. Nothing else of a folder is given out."""

_templates: dict[str, Template] = {}


def page(name: str, **values: str) -> str:
    """The page with these values, which are text and never markup."""
    if name not in _templates:
        _templates[name] = Template((_FOLDER / f"{name}.html").read_text("utf-8"))
    return _templates[name].substitute({key: html.escape(value) for key, value in values.items()})


def own(name: str) -> Path:
    return _FOLDER / name


def terminal(name: str) -> Path:
    """A file of the terminal that textual-serve brings."""
    return _TERMINAL / name
