"""The door to jinja2 and plotly: a template filled, the script that draws. Nothing else imports them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from limits.errors import MissingExtra

FOLDER: Final = Path(__file__).parent / "page"
MISSING: Final = "the HTML report needs {}: pip install 'darksector-limits[html]'"


def plotly_script() -> str:
    """All of plotly.js, fit to stand inside a script element.

    Raises:
        MissingExtra: plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtra(MISSING.format("plotly")) from error
    return str(get_plotlyjs()).replace("\r\n", "\n").replace("</script", r"<\/script")


def hash_of(script: str) -> str:
    """What a content security policy calls a script that may run."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def filled(template: str, values: Mapping[str, Any]) -> str:
    """A template of the folder `page`; every value is escaped unless it is one of the files there.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtra(MISSING.format("jinja2")) from error
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "ensure_ascii": False, "separators": (",", ":")}
    return environment.get_template(template).render(values)


def text_of(name: str) -> str:
    """A file of the folder `page`."""
    return (FOLDER / name).read_text(encoding="utf-8")
