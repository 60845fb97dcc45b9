/** What all kinds of charts share: how figures are written, where they stand on an axis, parts of ECharts' options. */

export const SHAPES = { // those of templatetags/reporting.py, in a box of 10 by 10
  circle: "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8z",
  ring: "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM5 3.2a1.8 1.8 0 1 1 0 3.6a1.8 1.8 0 1 1 0-3.6z",
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
export const SIZE = 12; // of text, in pixels
export const TOLD_PERCENTS = [50, 90, 99, 99.9, 99.99];
const NEAR_ONE = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.4, 1.7, 2];

export const exactly = new Intl.NumberFormat("en", { maximumFractionDigits: 20 }).format;
const pen = document.createElement("canvas").getContext("2d");

/** Three digits or so. */
export function briefly(value) {
  if (Number.isInteger(value)) return exactly(value);
  const size = Math.abs(value);
  if (size < 0.1) return value.toPrecision(2);
  const digits = size < 10 ? 2 : size < 100 ? 1 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export const named = (axis) => (axis.unit && axis.unit !== axis.title ? `${axis.title} (${axis.unit})` : axis.title);
export const figure = (axis, value) => axis.names[value] ?? `${exactly(value)}${axis.unit ? ` ${axis.unit}` : ""}`;
export const spread = (spot) => (spot.low == null ? "" : `\n${exactly(spot.low)} – ${exactly(spot.high)}`);
export const bounds = (spot, middle) => [middle, spot.low, spot.high].filter((value) => value != null);

/** Colours and type of the page around the element, as they are now. */
export function lookOf(element) {
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

export function linearScale(values) {
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
export function scaleAroundOne(values) {
  const reach = Math.max(0.02, ...values.map((value) => Math.abs(Math.log10(value)))) * 1.06;
  const [low, high] = [10 ** -reach, 10 ** reach];
  const steps = high < 2.2 ? NEAR_ONE : inDecades(low, high, high < 30 ? [1, 2, 5] : [1]);
  return { at: Math.log10, low: -reach, high: reach, ticks: steps.filter((step) => step >= low && step <= high) };
}

export function scaleOf(axis, values, measured = false) {
  if (axis.scale === "category") {
    return { at: (place) => place, low: -0.2, high: axis.names.length - 0.8, ticks: axis.names.map((_, place) => place) };
  }
  if (axis.scale === "percentile") return percentileScale(values);
  if (axis.scale === "linear") return linearScale(values);
  const different = [...new Set(values)].sort((one, other) => one - other);
  return logScale(values, measured && different.length > 1 && different.length < 9 ? different : null);
}

/* Parts of ECharts' options. */

export const tickText = (axis, value) => axis.names[value] ?? exactly(Number(value.toPrecision(4)));

export function axisOption(axis, scale, look, grid, edge) {
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

export const nameAxis = (names, label) => ({
  type: "category", data: names, axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
  axisLabel: { interval: 0, ...label },
});

/** Names of rows from top to bottom; above their rows where they have a `room` to break lines in. */
export const rowAxis = (names, look, room) => ({
  ...nameAxis(names, {
    ...look.text("ink"), margin: room ? 0 : 10,
    ...(room && { inside: true, align: "left", verticalAlign: "bottom", padding: [0, 0, 8, 0], lineHeight: 14, width: room, overflow: "break" }),
  }),
  inverse: true,
});

export const caption = (text, look, place) => ({
  text, padding: 0, ...place, textStyle: { ...look.text("soft"), lineHeight: 18, fontWeight: "normal" },
});

export function frame(look, grid, titles, tooltip) {
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

export const symbolOf = (series) => ({ symbol: `path://${SHAPES[series.style.symbol]}`, symbolKeepAspect: true });
