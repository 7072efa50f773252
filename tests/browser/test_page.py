"""The report in a headless Chromium: what a reader does with it, with a mouse, with keys, on a phone, without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from limits.reproduce import Row
from limits.scan import run_scan
from limits.search import load

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: it comes with the browser extra"
)
pytest.importorskip("plotly", reason="plotly is not installed: it comes with the html extra")
pytest.importorskip("jinja2", reason="jinja2 is not installed: it comes with the html extra")

from limits.html import Results, page  # noqa: E402

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium")

FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 812}


def row(search: str, ratio: float | None, label: str, mass: float | None, method: str = "cls-exact") -> Row:
    published = None if ratio is None else 1e-3
    computed = None if ratio is None else ratio * 1e-3
    source = "a source that is rather long, as those of figures that somebody else has digitised are: arXiv:2401.01708, Fig. 4"
    return Row(
        search,
        "lmu-ltau-dark",
        "observed limit",
        "1",
        mass,
        published,
        computed,
        ratio,
        method,
        0.9,
        label,
        None,
        source,
        "ok",
        (),
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ("faser-aprime", "na64mu-zprime")
    searches = {name: load(name) for name in names}
    region = run_scan(searches["faser-aprime"], masses=[0.02, 0.03, 0.05, 0.06, 0.1])
    limit = run_scan(searches["na64mu-zprime"], masses=[0.05, 0.1, 0.2, 0.5, 1.0, 2.0])
    other = replace(region, search="somebody-elses", label="recast")
    hostile = replace(limit, search="</script><img src=x onerror=alert(1)>", label="<b>bold</b>")
    rows = tuple(
        row(names[i % 2], ratio, ("predicted", "calibrated")[i % 3 == 0], mass, ("cls-exact", "cls")[i % 2])
        for i, (ratio, mass) in enumerate([(1.5, 0.1), (0.9, 0.02), (None, 10.0), (12.0, None), (1.0, 0.003)])
    )
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page(Results(rows=rows, scans=(region, limit, other, hostile)), searches))
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS.split())
        yield chromium
        chromium.close()


class Opened:
    """A page with all that it complained of and asked for."""

    def __init__(self, browser: Any, report: Path, **options: Any) -> None:
        self.page = browser.new_page(viewport=options.pop("viewport", DESK), **options)
        self.page.set_default_timeout(120_000)  # of a machine that has other things to do
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(report.as_uri())

    def drawn(self, identifier: str) -> Any:
        """A figure that has been scrolled to and drawn."""
        figure = self.page.locator(f"#{identifier}")
        figure.locator(".plot").scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()
        return figure

    def shown(self, identifier: str) -> list[str]:
        """Names of the lines that plotly draws in a figure."""
        code = """id => document.querySelector(`#${id} .plot`)._fullData
            .filter((trace) => trace.visible === true && trace.meta.role === "observed").map((trace) => trace.name)"""
        found: list[str] = self.page.evaluate(code, identifier)
        return found


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Opened]:
    found = Opened(browser, report)
    yield found
    found.page.close()
    assert found.complaints == []
    assert [url for url in found.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def column(opened: Opened, name: str) -> list[str]:
    code = """name => {
        const table = document.querySelector("#table");
        const i = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent.trim() === name);
        const value = (cell) => cell.dataset.value ?? cell.textContent.trim();
        return [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => value(row.cells[i]));
    }"""
    found: list[str] = opened.page.evaluate(code, name)
    return found


# --- the table ---


def test_sorting_by_numbers_leaves_what_is_empty_at_the_end(opened: Opened) -> None:
    heading = opened.page.locator("#table th", has_text="ratio")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(opened, "ratio") == ["0.9", "1.0", "1.5", "12.0", ""]
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(opened, "ratio") == ["12.0", "1.5", "1.0", "0.9", ""]
    assert opened.page.locator("#table th[aria-sort=descending], #table th[aria-sort=ascending]").count() == 1


def test_sorting_by_words(opened: Opened) -> None:
    opened.page.locator("#table th", has_text="search").get_by_role("button").click()
    assert column(opened, "search") == sorted(column(opened, "search"))


def test_filters_hide_rows_and_say_how_many_are_left(opened: Opened) -> None:
    opened.page.locator("select[name=label]").select_option("calibrated")
    assert set(column(opened, "label")) == {"calibrated"}
    assert opened.page.locator("#count").inner_text() == "2 of 5 lines"
    opened.page.locator("select[name=label]").select_option("")
    opened.page.locator("select[name=search]").select_option("na64mu-zprime")
    assert set(column(opened, "search")) == {"na64mu-zprime"}
    opened.page.locator("input[name=text]").fill("CLS-EXACT")
    assert column(opened, "search") == []


# --- figures ---


def test_plotly_starts_with_the_first_figure_in_view(opened: Opened) -> None:
    assert opened.page.evaluate("typeof window.Plotly") == "undefined"
    opened.drawn("plane-0")
    assert opened.page.evaluate("typeof window.Plotly") == "object"
    assert (
        opened.page.evaluate("document.querySelectorAll('.main-svg').length")
        < 3 * opened.page.locator(".figure").count()
    )


def test_searches_toggle(opened: Opened) -> None:
    figure = opened.drawn("plane-0")
    assert opened.shown("plane-0") == ["faser-aprime", "somebody-elses"]
    button = figure.locator(".legend button").first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert opened.shown("plane-0") == ["somebody-elses"]
    button.click()
    assert opened.shown("plane-0") == ["faser-aprime", "somebody-elses"]


def test_hovering_says_what_it_is(opened: Opened) -> None:
    figure = opened.drawn("plane-0")
    figure.locator(".legend button").nth(1).click()
    place = opened.page.evaluate("""() => {
        const plot = document.querySelector("#plane-0 .plot");
        const { xaxis, yaxis } = plot._fullLayout;
        const trace = plot._fullData.find((t) => t.meta.role === "observed" && t.visible === true);
        const box = plot.getBoundingClientRect();
        return { x: box.x + xaxis._offset + xaxis.d2p(trace.x[1]), y: box.y + yaxis._offset + yaxis.d2p(trace.y[1]) };
    }""")
    opened.page.mouse.move(place["x"] - 40, place["y"])
    opened.page.mouse.move(place["x"], place["y"], steps=4)
    text = figure.locator(".hovertext")
    text.first.wait_for()
    said = text.first.text_content()
    for words in ("faser-aprime", "predicted", "cls-exact at 90 %", "m = 0.03 GeV", "ε =", "CLs = 0.1", "lower edge"):
        assert words in said, said


def test_every_figure_is_drawn_without_complaint(opened: Opened) -> None:
    for i in range(opened.page.locator(".figure").count()):
        opened.drawn(opened.page.locator(".figure").nth(i).get_attribute("id"))
    assert opened.page.evaluate("document.querySelectorAll('.wait').length") == 0


def test_names_of_searches_stay_names(opened: Opened) -> None:
    opened.drawn("plane-1")
    assert "</script><img src=x onerror=alert(1)>" in opened.page.locator("#plane-1 .legend").first.inner_text()
    assert opened.page.locator("img").count() == 0
    assert opened.page.locator("main b").count() == 0


# --- curves of the reader ---

DROP = """([id, name, text]) => {
    const given = new DataTransfer();
    given.items.add(new File([text], name));
    const figure = document.getElementById(id);
    for (const kind of ["dragenter", "dragover", "drop"])
        figure.querySelector(".plot").dispatchEvent(new DragEvent(kind, { dataTransfer: given, bubbles: true, cancelable: true }));
}"""


def own(opened: Opened, identifier: str) -> list[dict[str, Any]]:
    code = "id => document.querySelector(`#${id} .plot`).data.filter(t => t.meta.role === 'own').map(({ name, x, y }) => ({ name, x, y }))"
    found: list[dict[str, Any]] = opened.page.evaluate(code, identifier)
    return found


def test_a_curve_is_dropped_and_removed(opened: Opened) -> None:
    figure = opened.drawn("plane-0")
    text = "# mine\nmass,coupling\n0.005, 1e-5\n0.05;2e-6\n1.5 3E-7\n"
    opened.page.evaluate(DROP, ["plane-0", "mine<img src=x>.csv", text])
    figure.get_by_role("button", name="Remove mine<img src=x>.csv").wait_for()
    (curve,) = own(opened, "plane-0")
    assert curve["x"] == [0.005, 0.05, 1.5]
    assert curve["y"] == [1e-5, 2e-6, 3e-7]
    assert opened.page.locator("img").count() == 0
    low, high = opened.page.evaluate(
        "document.querySelector('#plane-0 .plot')._fullLayout.xaxis.range.map(x => 10 ** x)"
    )
    assert low <= 0.005
    assert high >= 1.5
    figure.get_by_role("button", name="Remove mine<img src=x>.csv").click()
    assert own(opened, "plane-0") == []
    assert figure.locator(".own li").count() == 0


def test_a_curve_is_picked_and_a_band_is_closed(opened: Opened, tmp_path: Path) -> None:
    figure = opened.drawn("plane-0")
    (tmp_path / "band.csv").write_text("0.02,1e-6,2e-6\n0.05,2e-6,5e-6\n")
    figure.locator("input[type=file]").set_input_files(tmp_path / "band.csv")
    figure.get_by_role("button", name="Remove band.csv").wait_for()
    (curve,) = own(opened, "plane-0")
    assert curve["y"] == [1e-6, 2e-6, 5e-6, 2e-6, 1e-6]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0.1,1e-3\n0.2,-1\n", "line 2: 2 numbers above 0 are needed"),
        ("0.1,1e-3\n0.2,1e-3,1\n", "line 2: 2 numbers above 0 are needed"),
        ("0.1,1e-3\n0.2,alert(1)\n", "line 2: 2 numbers above 0 are needed"),
        ("0.1,1e-3\n0.2,1e999\n", "line 2: 2 numbers above 0 are needed"),
        ("0.1\n0.2\n", "line 1: two or three numbers above 0 are needed"),
        ("a,b\nc,d\n", "line 2: two or three numbers above 0 are needed"),
        ("0.1,1\n", "at least two lines with numbers are needed"),
        ("", "at least two lines with numbers are needed"),
        ("0.1,1\n" * 50001, "more than 50000 lines"),
    ],
)
def test_a_curve_that_cannot_be_read_is_refused_in_words(opened: Opened, text: str, complaint: str) -> None:
    figure = opened.drawn("plane-0")
    opened.page.evaluate(DROP, ["plane-0", "bad.csv", text])
    said = figure.locator(".said")
    said.filter(has_text="bad.csv").wait_for()
    assert complaint in said.inner_text()
    assert own(opened, "plane-0") == []


def test_what_is_shown_is_saved(opened: Opened) -> None:
    figure = opened.drawn("plane-0")
    figure.locator(".legend button").nth(1).click()
    with opened.page.expect_download() as waiting:
        figure.get_by_role("button", name="Save what is shown as CSV").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0] == '"search","what","mass_gev","kinetic mixing ε"'
    rows = [line.split(",") for line in lines[1:]]
    assert {cells[0] for cells in rows} == {'"faser-aprime"'}
    wanted = json.loads(figure.locator("script").text_content())["traces"]
    edges = next(t for t in wanted if t["meta"] == {"key": "plane-0-0", "colour": 0, "role": "observed"})
    drawn = [(x, y) for x, y in zip(edges["x"], edges["y"], strict=True) if y is not None]
    assert [(float(x), float(y)) for _, what, x, y in rows if what == '"observed"'] == drawn


# --- keys, phones, darkness, paper ---


def focused(opened: Opened, what: str) -> Any:
    return opened.page.evaluate(f"(() => {{ const e = document.activeElement; return {what}; }})()")


def test_the_keyboard_reaches_everything(opened: Opened) -> None:
    opened.page.keyboard.press("Tab")
    assert focused(opened, "e.className") == "skip"
    assert focused(opened, "e.getBoundingClientRect().top") >= 0
    opened.page.keyboard.press("Enter")
    assert focused(opened, "e.id") == "main"
    heading = opened.page.locator("#table th", has_text="ratio")
    heading.get_by_role("button").focus()
    opened.page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    opened.drawn("plane-0")
    opened.page.locator("#plane-0 .legend button").first.focus()
    opened.page.keyboard.press("Space")
    assert opened.shown("plane-0") == ["somebody-elses"]
    assert focused(opened, "getComputedStyle(e).outlineStyle") != "none"
    summary = opened.page.locator("summary", has_text="Assumptions").first
    summary.focus()
    opened.page.keyboard.press("Enter")
    assert summary.evaluate("e => e.parentElement.open")
    opened.page.locator("#plane-0 input[type=file]").focus()
    assert focused(opened, "getComputedStyle(e.parentElement).outlineStyle") != "none"


def test_whatever_can_be_pressed_has_a_name_and_is_reached(opened: Opened) -> None:
    nameless = """() => [...document.querySelectorAll("main a, main button, main input, main select, main summary, [role=region]")]
        .filter((e) => !e.closest(".plot"))
        .filter((e) => e.tabIndex < 0 || !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim()))
        .map((e) => e.outerHTML.slice(0, 100))"""
    assert opened.page.evaluate(nameless) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(browser: Any, report: Path, scheme: str) -> None:
    phone = Opened(browser, report, viewport=PHONE, color_scheme=scheme, has_touch=True, is_mobile=True)
    phone.drawn("plane-0")
    phone.page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    for i in range(phone.page.locator(".figure").count()):
        phone.drawn(phone.page.locator(".figure").nth(i).get_attribute("id"))
    assert phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    wide = phone.page.evaluate("""() => [...document.querySelectorAll("main *")]
        .filter((e) => !e.closest(".scroll, .plot") && e.getBoundingClientRect().right > innerWidth + 1)
        .map((e) => e.outerHTML.slice(0, 80))""")
    assert wide == []
    assert phone.page.evaluate("document.querySelector('#table').parentElement.scrollWidth") > PHONE["width"]
    assert phone.complaints == []
    phone.page.close()


CONTRAST = """() => {
    const channel = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = (rgb) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => sum + weight * channel(rgb[i] / 255), 0);
    const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
    const ground = (e) => {
        const found = e ? numbers(getComputedStyle(e).backgroundColor) : [255, 255, 255];
        return found.length < 4 || found[3] > 0 ? found : ground(e.parentElement);
    };
    const speaks = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    return [...document.querySelectorAll("body *")]
        .filter((e) => !e.closest(".plot, script, style, :disabled") && e.checkVisibility() && speaks(e))
        .map((e) => [[numbers(getComputedStyle(e).color), ground(e)].map(light).sort((a, b) => b - a), e.outerHTML.slice(0, 80)])
        .filter(([[high, low]]) => (high + 0.05) / (low + 0.05) < 4.5)
        .map(([, html]) => html);
}"""
"""Texts whose contrast is below 4.5, which WCAG asks for."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Any, report: Path, scheme: str) -> None:
    found = Opened(browser, report, color_scheme=scheme)
    assert found.page.evaluate(CONTRAST) == []
    found.page.close()


def test_figures_follow_the_colour_scheme(opened: Opened) -> None:
    opened.drawn("plane-0")
    ground = "document.querySelector('#plane-0 .plot').layout.paper_bgcolor"
    light = opened.page.evaluate(ground)
    opened.page.emulate_media(color_scheme="dark")
    for _ in range(300):  # in steps from here: the page evaluates no text
        if opened.page.evaluate(ground) != light:
            break
        opened.page.wait_for_timeout(100)
    assert (
        opened.page.evaluate(ground)
        == opened.page.evaluate("getComputedStyle(document.body).backgroundColor && colourOf('--paper')")
        != light
    )


def test_paper_has_all_of_it(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.page.evaluate("[...document.querySelectorAll('details')].every((details) => details.open)")
    assert opened.page.evaluate(
        "[...document.querySelectorAll('.figure')].every((figure) => figure.querySelector('.main-svg'))"
    )
    assert not opened.page.locator("nav").is_visible()
    assert opened.page.pdf().startswith(b"%PDF")
