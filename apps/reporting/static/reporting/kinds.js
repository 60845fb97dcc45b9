/** Lines, bars, intervals, heat maps: each gives ECharts' option for a width, and says how high it wants to be. */

import {
  axisOption, bounds, briefly, caption, exactly, figure, frame, linearScale, nameAxis, named, rowAxis, scaleAroundOne, scaleOf, SIZE, spread,
  symbolOf, tickText, TOLD_PERCENTS,
} from "./scales.js";

export const BESIDE = 600; // from this width on the lines' names stand beside their ends

function lines(chart, look, width, active) {
  const spots = chart.series.flatMap((one) => one.spots);
  const x = scaleOf(chart.x, spots.map((spot) => spot.x), true);
  const y = scaleOf(chart.y, spots.flatMap((spot) => bounds(spot, spot.y)));
  const place = (spot, value) => [x.at(spot.x), y.at(Math.max(value, y.ticks[0] / 1e3))];
  const shared = new Set(spots.map((spot) => spot.x)).size === Math.max(...chart.series.map((one) => one.spots.length));
  const told = (one, alone) => `${one.marker}${one.seriesName}  ${figure(chart.y, one.data.spot.y)}${alone ? spread(one.data.spot) : ""}`;
  const tell = (items) => {
    const found = items.filter((one) => one.seriesType === "line" && one.data.spot).sort((one, other) => other.data.spot.y - one.data.spot.y);
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
        data: one.spots.flatMap((spot, number) => {
          const gap = chart.x.scale === "category" && number > 0 && spot.x - one.spots[number - 1].x > 1; // void in between
          return [...(gap ? [{ value: [x.at(spot.x - 1), "-"] }] : []), { value: place(spot, spot.y), spot }];
        }),
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

export const KINDS = { lines, bars, heat, intervals };
