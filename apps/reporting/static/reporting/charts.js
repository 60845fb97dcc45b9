/**
 * Draws the charts of apps/reporting/chart.py with ECharts, which is expected as `window.echarts`.
 *
 * Colours are the custom properties of report.css. All axes are plain numbers to ECharts: what is logarithmic is mapped
 * in scales.js, so that ticks stand where a reader wants them. These modules also stand in exported files, as one text
 * without its imports: no name is in two of them, and each import is one statement from "./…".
 */

import { BESIDE, KINDS } from "./kinds.js";
import { lookOf, SHAPES } from "./scales.js";

const mounted = new Set();

/* Names of lines: buttons that dim the others; beside the lines' ends where there is room, else above them. */

function swatch(style) {
  const make = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  };
  const drawing = make("svg", { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" });
  drawing.append(make("path", { class: `fill-${style.hue}-${style.shade}`, d: SHAPES[style.symbol] }));
  return drawing;
}

/** `choose` hears which contender is meant, or null. One stop for the tabulator key; arrows go on from there. */
function legendOf(chart, choose) {
  const last = (one) => one.spots.at(-1)?.y ?? 0;
  const bar = document.createElement("div");
  bar.className = "series";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", `${chart.title}: dim all but one`);
  let kept = null;
  const buttons = [...chart.series].sort((one, other) => last(other) - last(one)).map((one, number) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", tabIndex: number ? -1 : 0, ariaPressed: "false" });
    button.dataset.contender = one.contender;
    button.append(swatch(one.style), one.contender);
    ["mouseenter", "focus"].forEach((kind) => button.addEventListener(kind, () => choose(one.contender)));
    ["mouseleave", "blur"].forEach((kind) => button.addEventListener(kind, () => choose(kept)));
    button.addEventListener("click", () => {
      kept = kept === one.contender ? null : one.contender;
      buttons.forEach((other) => { other.ariaPressed = String(other.dataset.contender === kept); });
      choose(kept);
    });
    return button;
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const from = buttons.indexOf(document.activeElement);
    const to = buttons[(from + step + buttons.length) % buttons.length];
    buttons.forEach((button) => { button.tabIndex = button === to ? 0 : -1; });
    to.focus();
  });
  bar.append(...buttons);
  return bar;
}

/** Each name at the height where its line ends, none over another. */
function placeBeside(legend, plot, chart) {
  const gap = 19;
  const room = legend.clientHeight - gap;
  const buttons = [...legend.children];
  const option = plot.getOption().series;
  const ends = new Map(chart.series.map((one) => {
    const value = option.find((some) => some.id === one.contender).data.at(-1)?.value;
    return [one.contender, value ? plot.convertToPixel({ gridIndex: 0 }, value)[1] - gap / 2 : 0];
  }));
  const order = buttons.sort((one, other) => ends.get(one.dataset.contender) - ends.get(other.dataset.contender));
  const tops = order.map((button) => ends.get(button.dataset.contender));
  for (let row = 1; row < tops.length; row += 1) tops[row] = Math.max(tops[row], tops[row - 1] + gap);
  for (let row = tops.length - 1, most = room; row >= 0; row -= 1, most -= gap) tops[row] = Math.max(0, Math.min(tops[row], most));
  order.forEach((button, row) => { button.style.top = `${tops[row]}px`; });
}

const isEmpty = (chart) => !chart.series.some((one) => one.spots.length);

/** Without the library, or with nothing to draw, the table is the chart. */
function leaveToTable(element) {
  element.hidden = true;
  const table = element.closest("figure")?.querySelector("details");
  if (table) table.open = true;
}

/**
 * Draw a chart into an element, and keep it fitting its width and the colour scheme.
 * @returns {{update(chart: object): void, dispose(): void}}
 */
export function mountChart(element, chart) {
  if (!window.echarts) {
    leaveToTable(element);
    return { update() {}, dispose() {} };
  }
  const drawing = document.createElement("div");
  drawing.className = "drawing";
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", element.getAttribute("aria-label") ?? chart.title);
  element.removeAttribute("role"); // a picture has no buttons in it
  element.removeAttribute("aria-label");
  element.replaceChildren(drawing);
  const plot = window.echarts.init(drawing, null, { renderer: "canvas" });
  let [legend, active, shown] = [null, null, chart];

  const draw = () => {
    const width = element.clientWidth;
    if (!width || isEmpty(shown)) return;
    const look = lookOf(element);
    element.classList.toggle("beside", Boolean(legend) && width >= BESIDE);
    const { height, ...option } = KINDS[shown.kind](shown, look, width, active);
    element.style.height = height ? `${height}px` : "";
    plot.resize();
    plot.setOption(option, { replaceMerge: ["series", "xAxis", "yAxis", "title"] });
    if (element.classList.contains("beside")) placeBeside(legend, plot, shown);
  };
  const name = () => {
    const wanted = shown.kind === "lines" ? shown.series.map((one) => one.contender).sort().join() : "";
    if (wanted === (legend?.dataset.names ?? "")) return;
    legend?.remove();
    legend = wanted ? legendOf(shown, (contender) => { active = contender; draw(); }) : null;
    if (!legend) return;
    legend.dataset.names = wanted;
    element.append(legend);
  };
  const observer = new ResizeObserver(() => draw());
  name();
  draw();
  observer.observe(element);
  mounted.add(draw);
  return {
    update(next) {
      shown = next;
      name();
      draw();
    },
    dispose() {
      observer.disconnect();
      mounted.delete(draw);
      plot.dispose();
      element.replaceChildren();
    },
  };
}

/** Room for a chart before it is drawn, so that nothing moves when it is. */
function reserve(element, chart) {
  const { height } = KINDS[chart.kind](chart, lookOf(element), element.clientWidth, null);
  if (height) element.style.height = `${height}px`;
}

function mountAll() {
  const data = document.getElementById("charts");
  if (!data) return;
  const charts = JSON.parse(data.textContent);
  const found = [...document.querySelectorAll("[data-chart]")].filter((element) => charts[element.dataset.chart]);
  const drawn = found.filter((element) => window.echarts && !isEmpty(charts[element.dataset.chart]));
  found.filter((element) => !drawn.includes(element)).forEach(leaveToTable);
  const near = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
    near.unobserve(target);
    mountChart(target, charts[target.dataset.chart]);
  }), { rootMargin: "400px" });
  drawn.forEach((element) => {
    reserve(element, charts[element.dataset.chart]);
    near.observe(element);
  });
  addEventListener("beforeprint", () => { // paper has no view that things come into
    for (const element of drawn.filter((one) => !one.firstChild)) {
      near.unobserve(element);
      mountChart(element, charts[element.dataset.chart]);
    }
  });
}

for (const query of ["(prefers-color-scheme: dark)", "print"]) { // paper is narrower than a window, too
  matchMedia(query).addEventListener("change", () => mounted.forEach((draw) => draw()));
}
mountAll();
