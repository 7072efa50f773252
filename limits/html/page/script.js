"use strict";
// Tables are sorted and filtered here; figures are drawn by plotly, which is started when the first of them comes into view.

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- tables ---

function cellValue(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  return cell.classList.contains("number") ? (text === "" ? null : Number.parseFloat(text)) : text;
}

function compare(a, b) {
  return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
}

function sortBy(heading) {
  const table = heading.closest("table");
  const descending = heading.getAttribute("aria-sort") === "ascending";
  for (const other of all("thead th", table)) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, value: cellValue(row, heading.cellIndex) }));
  const empty = (value) => value === null || value === "";
  rows.sort((a, b) => {
    if (empty(a.value) || empty(b.value)) return empty(a.value) - empty(b.value); // at the end in both directions
    return (descending ? -1 : 1) * compare(a.value, b.value);
  });
  table.tBodies[0].append(...rows.map(({ row }) => row));
}

for (const button of all(".sortable thead button")) button.addEventListener("click", () => sortBy(button.closest("th")));

function filter(form) {
  const wanted = Object.fromEntries(new FormData(form));
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...one("#table").tBodies[0].rows];
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const named = ["search", "label"].every((key) => !wanted[key] || row.dataset[key] === wanted[key]);
    row.hidden = !(named && words.every((word) => text.includes(word)));
  }
  one("#count").value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} lines`;
}

const filters = one("#filters");
if (filters) {
  filters.addEventListener("input", () => filter(filters));
  filters.addEventListener("submit", (event) => event.preventDefault());
  filter(filters); // a page that is gone back to keeps what was chosen
}

// --- figures ---

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const touch = window.matchMedia("(pointer: coarse)");
const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const faded = (colour, share) => colour + Math.round(255 * share).toString(16).padStart(2, "0");
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const STYLES = {
  area: (c) => ({ line: { width: 0 }, marker: { opacity: 0 }, fillcolor: faded(c, 0.13) }),
  observed: (c) => ({ line: { color: c, width: 2.2 }, marker: { color: c, size: 8 } }),
  expected: (c) => ({ line: { color: c, width: 1.3, dash: "dash" }, marker: { color: c, size: 6, symbol: "circle-open" } }),
  band1: (c) => ({ line: { width: 0 }, fillcolor: faded(c, 0.2) }),
  band2: (c) => ({ line: { width: 0 }, fillcolor: faded(c, 0.12) }),
  published: (c, trace) => ({ marker: { ...trace.marker, color: c, line: { color: colourOf("--paper"), width: 1 } } }),
  label: (c) => ({ textfont: { color: c, size: 12, weight: 600 } }),
  own: (c) => ({ line: { color: c, width: 1.8, dash: "dot" }, fillcolor: faded(c, 0.1) }),
};

function styled(trace) {
  const colour = colourOf(`--c${trace.meta.colour}`);
  const style = STYLES[trace.meta.role];
  if (style) return { ...trace, ...style(colour, trace) };
  return { ...trace, marker: { ...trace.marker, color: colour, line: { color: colour, width: 1.5 } }, error_x: { ...trace.error_x, color: colour } };
}

function layoutOf(figure) {
  const { kind } = figure.dataset;
  const { axes } = figure.content;
  const small = figure.clientWidth < 560;
  const axis = (title, range) => ({
    type: "log", title: { text: title, font: { size: 14 }, standoff: 8 }, range: range && range.map(Math.log10), exponentformat: "power",
    gridcolor: colourOf("--rule"), linecolor: colourOf("--muted"), ticks: "outside", tickcolor: colourOf("--muted"), zeroline: false,
    automargin: true, minor: { ticks: "outside", ticklen: 3, tickcolor: colourOf("--rule") }, showline: true, mirror: true,
  });
  const layout = {
    paper_bgcolor: colourOf("--paper"), plot_bgcolor: colourOf("--paper"), showlegend: false, hovermode: "closest",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colourOf("--ink") },
    margin: { l: small ? 48 : 64, r: 14, t: 14, b: 48 }, dragmode: touch.matches ? false : "zoom",
    hoverlabel: { bgcolor: colourOf("--faint"), bordercolor: colourOf("--muted"), font: { color: colourOf("--ink") }, align: "left" },
    xaxis: axis(axes.x, axes.xrange), yaxis: axis(axes.y, axes.yrange),
  };
  if (kind !== "ratio") return layout;
  const names = [...axes.names].reverse();
  const short = (name) => (small && name.length > 22 ? name.slice(0, 21) + "…" : name);
  layout.yaxis = { type: "category", categoryorder: "array", categoryarray: names, tickvals: names, ticktext: names.map(short), automargin: true,
    gridcolor: colourOf("--rule"), range: [-0.6, names.length - 0.4], fixedrange: true, tickfont: { size: small ? 10 : 12 } };
  const ratios = figure.content.traces.flatMap((trace) => trace.x);
  layout.xaxis.range = [Math.min(0.5, ...ratios) / 1.3, Math.max(2, ...ratios) * 1.3].map(Math.log10);
  Object.assign(layout.xaxis, { tickvals: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100], exponentformat: "none" });
  layout.shapes = [{ type: "line", x0: 1, x1: 1, yref: "paper", y0: 0, y1: 1, line: { color: colourOf("--muted"), width: 1.5 }, layer: "below" }];
  return layout;
}

function plotly() {
  if (!window.Plotly) {
    const script = document.createElement("script");
    script.textContent = one("#plotly").textContent;
    document.head.append(script); // runs at once; its digest is in the policy of the page
  }
  return window.Plotly;
}

function draw(figure) {
  const plot = one(".plot", figure);
  if (!figure.content) {
    figure.content = JSON.parse(one("script[type='application/json']", figure).textContent);
    plot.textContent = "";
    if (figure.dataset.kind === "ratio") plot.style.height = `${90 + 24 * figure.content.axes.names.length}px`;
  }
  const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], displayModeBar: touch.matches ? false : "hover" };
  return plotly().react(plot, figure.content.traces.map(styled), layoutOf(figure), config);
}

const drawn = () => all(".figure").filter((figure) => figure.content);
const watch = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        watch.unobserve(target);
        draw(target);
      }
    }
  },
  { rootMargin: "200px" },
);
for (const figure of all(".figure")) watch.observe(figure);
dark.addEventListener("change", () => drawn().forEach(draw));
window.addEventListener("beforeprint", () => {
  for (const details of all("details")) details.open = true;
  all(".figure").forEach(draw);
});

function toggle(figure, button) {
  const shown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(shown));
  if (!figure.content) draw(figure);
  for (const trace of figure.content.traces) if (trace.meta.key === button.dataset.key) trace.visible = shown;
  draw(figure);
}

for (const button of all(".legend button[data-key]")) button.addEventListener("click", () => toggle(button.closest(".figure"), button));

// --- curves of the reader: numbers are taken from a file, nothing else, and nothing leaves the page ---

const LARGEST = 4e6;
const MOST_ROWS = 50000;

function parsed(text) {
  const rows = [];
  for (const [i, line] of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).entries()) {
    const cells = line.split(/[\s,;]+/).filter(Boolean);
    if (!cells.length || cells[0].startsWith("#")) continue;
    const numbers = cells.map((cell) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) ? Number(cell) : NaN));
    if (!rows.length && numbers.every(Number.isNaN) && !rows.headed) {
      rows.headed = true;
      continue;
    }
    const columns = rows.length ? rows[0].length : numbers.length;
    if (numbers.length !== columns || ![2, 3].includes(columns) || !numbers.every((x) => x > 0 && Number.isFinite(x)))
      throw new Error(`line ${i + 1}: ${rows.length ? columns : "two or three"} numbers above 0 are needed: mass, coupling or mass, lower, upper`);
    if (rows.push(numbers) > MOST_ROWS) throw new Error(`more than ${MOST_ROWS} lines`);
  }
  if (rows.length < 2) throw new Error("at least two lines with numbers are needed");
  return rows;
}

function ownTrace(name, rows) {
  const band = rows[0].length === 3;
  const back = [...rows].reverse();
  const x = band ? [...rows, ...back, rows[0]].map((row) => row[0]) : rows.map((row) => row[0]);
  const y = band ? [...rows.map((row) => row[1]), ...back.map((row) => row[2]), rows[0][1]] : rows.map((row) => row[1]);
  const safe = escaped(name).replaceAll("%{", "% {");
  return {
    type: "scatter", mode: "lines", x, y, name: safe, fill: band ? "toself" : "none", hoveron: "points",
    hovertemplate: `<b>${safe}</b>, your curve<br>m = %{x:.4~g} GeV<br>%{y:.2~e}<extra></extra>`,
    meta: { key: `own-${name}`, colour: 8, role: "own" },
  };
}

function widened(range, values) {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, 0]);
  return [Math.min(range[0], low / 1.05), Math.max(range[1], high * 1.05)];
}

function addCurve(figure, name, rows) {
  if (!figure.content) draw(figure);
  const trace = ownTrace(name, rows);
  removeCurve(figure, trace.meta.key);
  const { axes, traces } = figure.content;
  axes.xrange = widened(axes.xrange, trace.x);
  axes.yrange = widened(axes.yrange, trace.y);
  traces.push(trace);
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Remove ${name}`;
  button.addEventListener("click", () => {
    removeCurve(figure, trace.meta.key);
    one("input[type='file']", figure).focus();
    draw(figure);
  });
  item.dataset.own = trace.meta.key;
  item.append(button);
  one(".own", figure).append(item);
  draw(figure);
}

function removeCurve(figure, key) {
  figure.content.traces = figure.content.traces.filter((trace) => trace.meta.key !== key);
  for (const item of all(".own li", figure)) if (item.dataset.own === key) item.remove();
}

async function take(figure, files) {
  const said = [];
  for (const file of files) {
    try {
      if (file.size > LARGEST) throw new Error("larger than 4 MB");
      const rows = parsed(await file.text());
      addCurve(figure, file.name, rows);
    } catch (error) {
      said.push(`${file.name}: ${error.message}`);
    }
  }
  one(".said", figure).textContent = said.join("; ");
}

function csv(figure) {
  if (!figure.content) draw(figure);
  const { traces, axes } = figure.content;
  const cell = (text) => `"${String(text).replaceAll('"', '""')}"`;
  const plain = new DOMParser();
  const words = (text) => plain.parseFromString(String(text), "text/html").body.textContent;
  const lines = [["search", "what", "mass_gev", words(axes.y)].map(cell).join(",")];
  for (const trace of traces.filter(({ visible, meta }) => visible !== false && ["observed", "expected", "own"].includes(meta.role)))
    trace.x.forEach((x, i) => x !== null && trace.y[i] !== null && lines.push([cell(words(trace.name)), cell(trace.meta.role), x, trace.y[i]].join(",")));
  return lines.join("\n") + "\n";
}

for (const figure of all(".figure[data-kind='plane']")) {
  const input = one("input[type='file']", figure);
  input.addEventListener("change", async () => {
    await take(figure, [...input.files]);
    input.value = ""; // the same file may be chosen again
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    figure.addEventListener(kind, (event) => {
      event.preventDefault();
      figure.classList.toggle("over-it", kind === "dragenter" || kind === "dragover");
      if (kind === "drop") take(figure, [...event.dataTransfer.files]);
    });
  }
  one(".save", figure).addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(figure)], { type: "text/csv" }));
    link.download = `${figure.id}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
