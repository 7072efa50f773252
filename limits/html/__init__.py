"""`limits report`: one HTML file that needs no network, of everything that was found.

    page(read(document, "results.json", digest), {"faser-aprime": load("faser-aprime")})

`results` says what was found and reads it back, `figures` and `traces` what is drawn, `content` what stands on the page. The template, its
style and its script are in `page/`; `door` opens jinja2 and plotly.
"""

from __future__ import annotations

from collections.abc import Mapping

from limits.html.content import content
from limits.html.door import filled, hash_of, plotly_script, text_of
from limits.html.results import Results, computed, read
from limits.search import Search

__all__ = ["Results", "computed", "page", "read"]


def page(results: Results, searches: Mapping[str, Search]) -> str:
    """The file as text; `searches` are those whose files are at hand, by name.

    Scripts that are not those of this package do not run, whatever the results hold: the policy of the page names both by their digests.

    Raises:
        MissingExtra: plotly or jinja2 is not installed.
    """
    plotly, script = plotly_script(), text_of("script.js")
    files = {"style": text_of("style.css"), "script": script, "plotly": plotly}
    policy = (
        f"default-src 'none'; script-src {hash_of(plotly)} {hash_of(script)}; style-src 'unsafe-inline'; img-src data: blob:; "
        "form-action 'none'; base-uri 'none'"
    )
    return filled("page.html", {**content(results, searches), "files": files, "policy": policy})
