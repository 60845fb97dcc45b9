/**
 * Draws the charts of apps/reporting/chart.py with ECharts, which is expected as `window.echarts`.
 *
 * It imports nothing, since it also stands in exported files. Colours are the custom properties of report.css. All axes
 * are plain numbers to ECharts: what is logarithmic is mapped here, so that ticks stand where a reader wants them.
 */

const SHAPES = { // those of templatetags/reporting.py, in a box of 10 by 10
  circle: "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8z",
  rect: "M1 2h8v6h-8z",
  roundRect: "M3 2h4a2 2 0 0 1 2 2v2a2 2 0 0 1-2 2h-4a2 2 0 0 1-2-2v-2a2 2 0 0 1 2-2z",
  triangle: "M5 1l4.5 8h-9z",
  diamond: "M5 0l4 5l-4 5l-4-5z",
  arrow: "M5 0l4 10l-4-3l-4 3z",
  pin: "M5 10c-5-5-3-10 0-10s5 5 0 10z",
  down: "M5 9l4.5-8h-9z",
  plus: "M3.7 .5h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6v-3.2h-3.2v-2.6h3.2z",
  cross: "M2.6 .8l2.4 2.4l2.4-2.4l1.8 1.8l-2.4 2.4l2.4 2.4l-1.8 1.8l-2.4-2.4l-2.4 2.4l-1.8-1.8l2.4-2.4l-2.4-2.4z",
};
const SIZE = 12; // of text, in pixels
const BESIDE = 600; // from this width on the lines' names stand beside their ends
const TOLD_PERCENTS = [50, 90, 99, 99.9, 99.99];
const NEAR_ONE = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.4, 1.7, 2];

const exactly = new Intl.NumberFormat("en", { maximumFractionDigits: 20 }).format;
const pen = document.createElement("canvas").getContext("2d");
const mounted = new Set();

/** Three digits or so. */
function briefly(value) {
  if (Number.isInteger(value)) return exactly(value);
  const size = Math.abs(value);
  if (size < 0.1) return value.toPrecision(2);
  const digits = size < 10 ? 2 : size < 100 ? 1 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const named = (axis) => (axis.unit && axis.unit !== axis.title ? `${axis.title} (${axis.unit})` : axis.title);
const figure = (axis, value) => axis.names[value] ?? `${exactly(value)}${axis.unit ? ` ${axis.unit}` : ""}`;
const spread = (spot) => (spot.low == null ? "" : `\n${exactly(spot.low)} – ${exactly(spot.high)}`);
const bounds = (spot, middle) => [middle, spot.low, spot.high].filter((value) => value != null);

/** Colours and type of the page around the element, as they are now. */
function lookOf(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  pen.font = `${SIZE}px ${style.fontFamily}`;
  return {
    colour,
    font: style.fontFamily,
    text: (name) => ({ color: colour(name), fontSize: SIZE }),
    width: (texts) => Math.ceil(Math.max(0, ...texts.map((text) => pen.measureText(text).width))),
    of: (series) => colour(`${series.style.hue}-${series.style.shade}`),
    still: matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
}

/* Scales: `at` maps a figure to its place on the axis, `ticks` are figures. */

const inDecades = (low, high, digits) => {
  const found = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)); power += 1) {
    found.push(...digits.map((digit) => Number(`${digit}e${power}`)));
  }
  return found;
};

function logScale(values, ticks) {
  const positive = values.filter((value) => value > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  if (ticks) return { at: Math.log10, low: Math.log10(least) - 0.04, high: Math.log10(most) + 0.04, ticks };
  const steps = inDecades(least, most, [1, 2, 5]);
  const low = steps.findLast((step) => step <= least);
  const high = steps.find((step) => step >= most && step > low);
  const told = [[1, 2, 5], [1, 3], [1]].map((digits) =>
    inDecades(low, high, digits).filter((step) => step >= low && step <= high));
  return { at: Math.log10, low: Math.log10(low), high: Math.log10(high), ticks: told.find((some) => some.length < 8) ?? told[2] };
}

function linearScale(values) {
  const most = Math.max(...values, 1e-9);
  const step = inDecades(most / 100, most, [1, 2, 5]).find((size) => most / size <= 5);
  const count = Math.ceil(most / step - 1e-9);
  return { at: (value) => value, low: 0, high: count * step, ticks: Array.from({ length: count + 1 }, (_, place) => place * step) };
}

function percentileScale(values) {
  const at = (percent) => -Math.log10(1 - percent / 100);
  const most = Math.max(...values);
  return { at, low: 0, high: at(most) + 0.06, ticks: TOLD_PERCENTS.filter((percent) => percent <= most) };
}

/** As far to the left of 1 as to its right. */
function scaleAroundOne(values) {
  const reach = Math.max(0.02, ...values.map((value) => Math.abs(Math.log10(value)))) * 1.06;
  const [low, high] = [10 ** -reach, 10 ** reach];
  const steps = high < 2.2 ? NEAR_ONE : inDecades(low, high, high < 30 ? [1, 2, 5] : [1]);
  return { at: Math.log10, low: -reach, high: reach, ticks: steps.filter((step) => step >= low && step <= high) };
}

function scaleOf(axis, values, measured = false) {
  if (axis.scale === "category") {
    return { at: (place) => place, low: -0.2, high: axis.names.length - 0.8, ticks: axis.names.map((_, place) => place) };
  }
  if (axis.scale === "percentile") return percentileScale(values);
  if (axis.scale === "linear") return linearScale(values);
  const different = [...new Set(values)].sort((one, other) => one - other);
  return logScale(values, measured && different.length > 1 && different.length < 9 ? different : null);
}

/* Parts of ECharts' options. */

const tickText = (axis, value) => axis.names[value] ?? exactly(Number(value.toPrecision(4)));

function axisOption(axis, scale, look, grid, edge) {
  const texts = new Map(scale.ticks.map((tick) => [scale.at(tick), tickText(axis, tick)]));
  const places = [...texts.keys()];
  return {
    type: "value", min: scale.low, max: scale.high,
    axisLine: { show: !grid, lineStyle: { color: look.colour("line-strong") } },
    axisTick: { show: !grid, length: 4, lineStyle: { color: look.colour("line-strong") }, customValues: places },
    axisLabel: {
      ...look.text("soft"), customValues: places, hideOverlap: true, alignMinLabel: edge, formatter: (place) => texts.get(place) ?? "",
    },
    splitLine: { show: grid, lineStyle: { color: look.colour("line"), width: 1 } },
  };
}

const nameAxis = (names, label) => ({
  type: "category", data: names, axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
  axisLabel: { interval: 0, ...label },
});

/** Names of rows from top to bottom; above their rows where they have a `room` to break lines in. */
const rowAxis = (names, look, room) => ({
  ...nameAxis(names, {
    ...look.text("ink"), margin: room ? 0 : 10,
    ...(room && { inside: true, align: "left", verticalAlign: "bottom", padding: [0, 0, 8, 0], lineHeight: 14, width: room, overflow: "break" }),
  }),
  inverse: true,
});

const caption = (text, look, place) => ({
  text, padding: 0, ...place, textStyle: { ...look.text("soft"), lineHeight: 18, fontWeight: "normal" },
});

function frame(look, grid, titles, tooltip) {
  return {
    animation: !look.still, animationDuration: 0, animationDurationUpdate: 250,
    textStyle: { fontFamily: look.font },
    grid: { outerBoundsMode: "none", ...grid },
    title: titles,
    tooltip: {
      renderMode: "richText", confine: true, padding: [8, 10], borderWidth: 1, transitionDuration: 0,
      backgroundColor: look.colour("raised"), borderColor: look.colour("line-strong"),
      textStyle: { ...look.text("ink"), lineHeight: 17 },
      ...tooltip,
    },
  };
}

const symbolOf = (series) => ({ symbol: `path://${SHAPES[series.style.symbol]}`, symbolKeepAspect: true });

/* The kinds: each gives the option for a width, and says how high it wants to be; none: as the style sheet says. */

function lines(chart, look, width, active) {
  const spots = chart.series.flatMap((one) => one.spots);
  const x = scaleOf(chart.x, spots.map((spot) => spot.x), true);
  const y = scaleOf(chart.y, spots.flatMap((spot) => bounds(spot, spot.y)));
  const place = (spot, value) => [x.at(spot.x), y.at(Math.max(value, y.ticks[0] / 1e3))];
  const shared = new Set(spots.map((spot) => spot.x)).size === Math.max(...chart.series.map((one) => one.spots.length));
  const told = (one, alone) => `${one.marker}${one.seriesName}  ${figure(chart.y, one.data.spot.y)}${alone ? spread(one.data.spot) : ""}`;
  const tell = (items) => {
    const found = items.filter((one) => one.seriesType === "line").sort((one, other) => other.data.spot.y - one.data.spot.y);
    const rows = found.map((one) => told(one, found.length === 1));
    return found.length ? [`${chart.x.title}: ${figure(chart.x, found[0].data.spot.x)}`, ...rows].join("\n") : "";
  };
  const left = look.width(y.ticks.map((tick) => tickText(chart.y, tick))) + 10;
  const right = Math.max(14, look.width([tickText(chart.x, x.ticks.at(-1))]) / 2 + 2);
  const grid = { left, right, top: 26, bottom: 42 };
  const titles = [caption(named(chart.y), look, { left: 0, top: 0 }), caption(named(chart.x), look, { right: 0, bottom: 0 })];
  return {
    height: width < BESIDE ? 300 + 19 * rowsOf(chart.series, look, width) : 0,
    ...frame(look, grid, titles, {
      trigger: shared ? "axis" : "item",
      axisPointer: { type: "line", lineStyle: { color: look.colour("line-strong"), type: "solid" } },
      formatter: (items) => tell([items].flat()),
    }),
    xAxis: axisOption(chart.x, x, look, false),
    yAxis: axisOption(chart.y, y, look, true),
    series: chart.series.flatMap((one) => {
      const faint = active && active !== one.contender;
      return [band(one, place, look, faint), {
        id: one.contender, name: one.contender, type: "line", z: active === one.contender ? 4 : 3, emphasis: { disabled: true },
        ...symbolOf(one), showAllSymbol: true, color: look.of(one), itemStyle: { opacity: faint ? 0.12 : 1 },
        lineStyle: { width: 2, opacity: faint ? 0.12 : 1, color: look.of(one) },
        symbolSize: (_, item) => (chart.x.scale !== "percentile" || TOLD_PERCENTS.includes(item.data.spot.x) ? 9 : 0),
        data: one.spots.map((spot) => ({ value: place(spot, spot.y), spot })),
      }];
    }),
  };
}

/** How many rows their names take above the lines. */
function rowsOf(series, look, width) {
  let [rows, used] = [1, 0];
  for (const one of series) {
    const size = look.width([one.contender]) + 30;
    if (used && used + size > width) [rows, used] = [rows + 1, 0];
    used += size;
  }
  return rows;
}

/** From the lowest to the highest round, as one faint area. */
function band(series, place, look, faint) {
  const known = series.spots.filter((spot) => spot.low != null);
  const edge = [...known.map((spot) => place(spot, spot.high)), ...known.map((spot) => place(spot, spot.low)).reverse()];
  return {
    id: `band ${series.contender}`, type: "custom", silent: true, clip: true, z: 1,
    data: edge.length ? [edge[0]] : [],
    renderItem: (_, api) => ({
      type: "polygon", shape: { points: edge.map((point) => api.coord(point)) },
      style: { fill: look.of(series), opacity: faint ? 0.03 : 0.16 },
    }),
  };
}

/** Rows with their names at the left, or above where they would take too much of the width. */
function rowLayout(names, look, width, right, most) {
  const longest = look.width(names);
  if (longest + 14 <= width * most) return { room: 0, top: 2, height: 25, grid: { left: longest + 14, right } };
  const [room, more] = [width - 8, 14 * Math.floor(longest / (width - 8))];
  return { room, top: 12 + more, height: 36 + more, grid: { left: 4, right } };
}

function bars(chart, look, width) {
  const spots = chart.series.map((one) => one.spots[0]);
  const ends = chart.series.map((one, row) => Math.max(spots[row].y, spots[row].high ?? 0, ...one.rounds));
  const unit = chart.small && chart.y.unit ? ` ${chart.y.unit}` : "";
  const texts = spots.map((spot) => briefly(spot.y) + unit);
  const rows = rowLayout(chart.x.names, look, width, look.width(texts) + 12, 0.36);
  const scale = { ...linearScale(ends), high: Math.max(...ends, 1e-9) };
  const axis = axisOption(chart.y, scale, look, true, rows.room ? "left" : null);
  const place = (row) => spots[row].x;
  const titles = chart.small ? [] : [caption(named(chart.y), look, { right: 0, bottom: 0 })];
  const tell = ({ data }) => `${chart.series[data.row].contender}\n${figure(chart.y, data.told)}${data.round ? "" : spread(spots[data.row])}`;
  return {
    ...frame(look, { ...rows.grid, top: rows.top, bottom: chart.small ? 2 : 42 }, titles, { trigger: "item", formatter: tell }),
    xAxis: { ...axis, axisLabel: { ...axis.axisLabel, show: !chart.small }, splitLine: { ...axis.splitLine, show: !chart.small } },
    yAxis: rowAxis(chart.x.names, look, rows.room),
    height: rows.height * chart.x.names.length + rows.top + (chart.small ? 4 : 42),
    series: [{
      id: "bars", type: "bar", barWidth: rows.room ? 11 : 13, z: 2, emphasis: { disabled: true },
      data: chart.series.map((one, row) => ({ value: [spots[row].y, place(row)], itemStyle: { color: look.of(one) }, row, told: spots[row].y })),
    }, {
      id: "rounds", type: "scatter", symbolSize: 5, z: 3, emphasis: { disabled: true },
      data: chart.series.flatMap((one, row) => one.rounds.map((value, number) => ({
        value: [value, place(row)], symbolOffset: [0, ((number % 3) - 1) * 2.5], row, told: value, round: true,
        itemStyle: { color: look.colour("ground"), borderColor: look.of(one), borderWidth: 1.25 },
      }))),
    }, {
      id: "values", type: "scatter", symbolSize: 1, silent: true, z: 4, itemStyle: { color: "transparent" },
      label: { show: true, position: "right", distance: 6, ...look.text("ink"), formatter: (one) => texts[one.dataIndex] },
      data: ends.map((end, row) => [end, place(row)]),
    }],
  };
}

function intervals(chart, look, width) {
  const spots = chart.series.flatMap((one) => one.spots.map((spot) => ({ ...spot, one })));
  const scale = scaleAroundOne(spots.flatMap((spot) => bounds(spot, spot.x)).filter((value) => value > 0));
  const names = chart.y.names;
  const texts = new Map(spots.map((spot) => [spot.y, spot.text || `${briefly(spot.x)} ${chart.x.unit}`]));
  const rows = rowLayout(names, look, width, look.width([...texts.values()]) + 16, 0.45);
  const titles = [caption(named(chart.x), look, { right: 0, bottom: 0 })];
  const tell = ({ data: { spot } }) => `${names[spot.y]}\n${figure(chart.x, spot.x)}${spread(spot)}`;
  return {
    ...frame(look, { ...rows.grid, top: rows.top, bottom: 42 }, titles, { trigger: "item", formatter: tell }),
    xAxis: { ...axisOption(chart.x, scale, look, true), id: "ratio" },
    yAxis: [rowAxis(names, look, rows.room), {
      ...rowAxis(names.map((_, row) => texts.get(row) ?? ""), look, 0), position: "right",
    }],
    height: rows.height * names.length + rows.top + 42,
    series: [{
      id: "bounds", type: "custom", z: 2, silent: true, clip: true,
      data: spots.filter((spot) => spot.low != null).map((spot) => ({ value: [scale.at(spot.low), spot.y, scale.at(spot.high)], spot })),
      renderItem: (_, api) => {
        const [low, row, high] = [0, 1, 2].map((place) => api.value(place));
        const [[x1, y], [x2]] = [api.coord([low, row]), api.coord([high, row])];
        const stroke = look.of(spots.find((spot) => spot.y === row).one);
        return { type: "line", shape: { x1, x2, y1: y, y2: y }, style: { stroke, lineWidth: 3, opacity: 0.45, lineCap: "round" } };
      },
    }, {
      id: "ratios", type: "scatter", symbolSize: 10, z: 3, emphasis: { disabled: true },
      data: spots.map((spot) => ({ value: [scale.at(spot.x), spot.y], spot, ...symbolOf(spot.one), itemStyle: { color: look.of(spot.one) } })),
      markLine: {
        symbol: "none", silent: true, label: { show: false }, data: [{ xAxis: 0 }],
        lineStyle: { color: look.colour("ink"), type: "solid", width: 1 },
      },
    }],
  };
}

/** Shaded as deep as the overview's matrix; words and figures in brackets may say nothing, and so have no side. */
function shade(spot, look) {
  if (!/^\d/.test(spot.text)) return [look.colour("even"), look.colour("ink")];
  const side = spot.value > 1 ? "better" : "worse";
  const times = Math.max(spot.value, 1 / spot.value);
  return [look.colour(`${side}-${times >= 3 ? 2 : times >= 1.5 ? 1 : 0}`), look.colour(`${side}-ink`)];
}

function heat(chart, look, width) {
  const spots = chart.series[0].spots;
  const [across, down] = [chart.x.names.length, chart.y.names.length];
  const left = look.width(chart.y.names) + 10;
  const cell = Math.min((width - left) / across, 112);
  const [top, high] = [24, 38 * down];
  const titles = [
    caption(named(chart.y), look, { left: 0, top: 0 }),
    caption(named(chart.x), look, { right: width - left - cell * across, top: top + high + 24 }),
  ];
  const tell = ({ data: { spot } }) => [
    `${chart.y.names[spot.y]}, ${chart.x.title} ${chart.x.names[spot.x]} ${chart.x.unit}`, `${exactly(spot.value)} ×${spread(spot)}`,
  ].join("\n");
  return {
    ...frame(look, { left, top, width: cell * across, height: high }, titles, { trigger: "item", formatter: tell }),
    xAxis: nameAxis(chart.x.names, look.text("soft")),
    yAxis: nameAxis(chart.y.names, look.text("soft")),
    height: top + high + 42,
    series: [{
      id: "cells", type: "custom", emphasis: { disabled: true },
      data: spots.map((spot) => ({ value: [spot.x, spot.y], spot })),
      renderItem: (item, api) => {
        const spot = spots[item.dataIndex];
        const [x, y] = api.coord([spot.x, spot.y]);
        const [fill, ink] = shade(spot, look);
        const text = cell < 64 ? spot.text.replace(" ×", "") : spot.text;
        return {
          type: "rect", shape: { x: x - cell / 2 + 1, y: y - 18, width: cell - 2, height: 36, r: 3 }, style: { fill },
          textConfig: { position: "inside" }, textContent: { style: { text, fill: ink, fontSize: SIZE, fontFamily: look.font } },
        };
      },
    }],
  };
}

const KINDS = { lines, bars, heat, intervals };

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
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => mounted.forEach((draw) => draw()));
mountAll();
