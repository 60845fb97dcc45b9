/** Draws what requests did on a time axis: lanes of bars, all of them in percent, so that nothing is drawn again when the window changes. */

const SVG = 'http://www.w3.org/2000/svg';
const LANE = 18, THIN = 5, CALL = 4, CALL_ROWS = 12;
const SEEN = 0.4, NAMED = 12; // percent of the axis
const STEPS = [1, 2, 5];

/**
 * A <figure> with the lanes of one variant's requests.
 * @param {object} tried what the server told of the variant
 * @param {number} wholeMs length of the axis, the same for all variants on the page
 */
export function timeline(tried, wholeMs) {
  const figure = element('div', 'timeline');
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', `${tried.variant} on a time axis of ${number(wholeMs)} ms. The table below tells the same.`);
  const scale = (ms) => `${(100 * Math.max(0, Math.min(ms, wholeMs)) / wholeMs).toFixed(3)}%`;
  const lanes = tried.answers.length === 1 ? lanesOfOne(tried, scale) : lanesOfMany(tried, scale);
  figure.append(...lanes, axis(wholeMs, scale));
  return figure;
}

/** When the last of them had ended, with everything that came after its last byte. */
export function lengthMs(tried) {
  const ends = tried.answers.flatMap((answer) => [answer.ended_ms ?? 0, ...answer.crossings.map((one) => one.back_ms ?? one.ended_ms ?? 0)]);
  return Math.max(1, ...ends, ...(tried.calls ?? []).map((call) => call.ended_ms));
}

/** The threads that a request used, in the order in which it did. */
export function threadsOf(answer) {
  return [...new Set(answer.crossings.filter((one) => one.started_ms !== null).map((one) => one.thread))];
}

/** The stretches in which nothing of a request computed, in a thread or on the loop: it waited for something, or for its turn. */
export function awaiting(answer) {
  const busy = [...answer.steps, ...answer.crossings.map((one) => [one.asked_ms, one.ended_ms ?? one.back_ms ?? answer.ended_ms])];
  busy.sort((a, b) => a[0] - b[0]);
  const free = [];
  let from = answer.began_ms;
  for (const [start, stop] of busy) {
    if (start > from) free.push([from, Math.min(start, answer.ended_ms)]);
    from = Math.max(from, stop);
  }
  if (answer.ended_ms > from) free.push([from, answer.ended_ms]);
  return free.filter(([start, stop]) => stop > start);
}

/** What the server's own trace knows of the loop; a thread that is started by it is waited for meanwhile. */
function loopBars(svg, scale, answer, y, height, whose = '') {
  for (const [from, to] of awaiting(answer)) {
    if (share(scale, from, to) > SEEN) bar(svg, scale, 'span-await', from, to, y + height / 2 - 2, 4, `${whose}waits, for something or for the loop: ${number(to - from)} ms`);
  }
  for (const [from, to] of answer.steps) bar(svg, scale, 'span-loop', from, to, y, height, `${whose}computing on the loop: ${number(to - from)} ms`);
}

/** ``Signal.asend.<locals>.sync_send`` → ``Signal.asend.sync_send`` */
export const short = (name) => name.replaceAll('<locals>.', '');

/** @param {number|null} ms */
export function number(ms) {
  if (ms === null || ms === undefined) return '–';
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

function lanesOfOne(tried, scale) {
  const [answer] = tried.answers;
  const lanes = [lane('request', THIN + 8, (svg) => {
    bar(svg, scale, 'span-request', answer.began_ms, answer.ended_ms, 4, THIN, `request: ${number(answer.began_ms)} to ${number(answer.ended_ms)} ms`);
    if (answer.pieces_ms.length > 1) for (const ms of answer.pieces_ms) mark(svg, scale, 'span-piece', ms, 0, THIN + 8, `a piece of the answer: ${number(ms)} ms`);
    mark(svg, scale, 'span-byte', answer.first_byte_ms, 0, THIN + 8, `first byte: ${number(answer.first_byte_ms)} ms`);
  })];
  if (answer.traced && !answer.problem) {
    lanes.push(lane('event loop', LANE, (svg) => {
      loopBars(svg, scale, answer, 2, LANE - 4);
    }));
  }
  for (const [place, thread] of threadsOf(answer).entries()) {
    const own = answer.crossings.filter((one) => one.thread === thread);
    const fresh = own.some((one) => one.fresh);
    lanes.push(lane(`thread ${place + 1}${fresh ? ', new' : ''}`, LANE, (svg) => {
      waits(svg, scale, own, answer, 2, LANE - 4);
      runs(svg, scale, own, answer, 2, LANE - 4, true);
      for (const query of answer.queries.filter((one) => one.thread === thread)) {
        bar(svg, scale, 'span-query', query.started_ms, query.ended_ms, 1, LANE - 2, `${query.what}: ${number(query.ended_ms - query.started_ms)} ms`);
      }
    }, thread));
  }
  if (tried.calls?.length) lanes.push(callLane(tried.calls, scale));
  return lanes;
}

function lanesOfMany(tried, scale) {
  return tried.answers.map((answer, place) => {
    const calls = (tried.calls ?? []).filter((call) => call.request === place);
    return lane(`request ${place + 1}`, LANE + (calls.length ? THIN : 0), (svg) => {
      if (answer.traced && !answer.problem) {
        waits(svg, scale, answer.crossings, answer, 2, LANE - 6);
        loopBars(svg, scale, answer, 2, LANE - 6, `request ${place + 1} `);
      } else {
        bar(svg, scale, 'span-whole', answer.began_ms, answer.ended_ms, 2, LANE - 6, `request ${place + 1}: ${number(answer.ended_ms - answer.began_ms)} ms`);
      }
      runs(svg, scale, answer.crossings, answer, 2, LANE - 6, false);
      for (const call of calls) bar(svg, scale, 'span-call', call.began_ms, call.ended_ms, LANE - 2, 3, `${call.service}: ${number(call.ended_ms - call.began_ms)} ms`);
      mark(svg, scale, 'span-byte', answer.first_byte_ms, 0, LANE - 2, `first byte: ${number(answer.first_byte_ms)} ms`);
    });
  });
}

const begun = (all, answer) => all.filter((one) => one.started_ms !== null).map((one) => ({ ...one, ended_ms: one.ended_ms ?? answer.ended_ms }));
const crossed = (one) => `${short(one.function)}: waited ${number(one.started_ms - one.asked_ms)} ms for a thread, ran ${number(one.ended_ms - one.started_ms)} ms`;
const share = (scale, from, to) => parseFloat(scale(to)) - parseFloat(scale(from));

/** Drawn before what runs, which covers what waits for it meanwhile. */
function waits(svg, scale, all, answer, y, height) {
  for (const one of begun(all, answer)) {
    if (share(scale, one.asked_ms, one.started_ms) > SEEN) bar(svg, scale, 'span-wait', one.asked_ms, one.started_ms, y + 2, height - 4, crossed(one));
  }
}

function runs(svg, scale, all, answer, y, height, named) {
  for (const one of begun(all, answer)) {
    bar(svg, scale, 'span-run', one.started_ms, one.ended_ms, y, height, crossed(one));
    if (named && share(scale, one.started_ms, one.ended_ms) > NAMED) caption(svg, scale, one.started_ms, one.ended_ms, y + height - 4, short(one.function));
  }
}

/** Calls under each other where they overlap; the eye sees at once whether they were one after another. */
function callLane(calls, scale) {
  const ends = [];
  const placed = [...calls].sort((a, b) => a.began_ms - b.began_ms).map((call) => {
    const free = ends.findIndex((end) => end <= call.began_ms);
    const row = free >= 0 ? free : ends.length < CALL_ROWS ? ends.length : CALL_ROWS - 1;
    ends[row] = call.ended_ms;
    return [call, row];
  });
  return lane(`${calls.length} calls`, Math.max(LANE, ends.length * (CALL + 1) + 4), (svg) => {
    for (const [call, row] of placed) bar(svg, scale, 'span-call', call.began_ms, call.ended_ms, 2 + row * (CALL + 1), CALL - 1, `${call.service}: ${number(call.ended_ms - call.began_ms)} ms`);
  });
}

function axis(wholeMs, scale) {
  const raw = wholeMs / (innerWidth < 700 ? 3 : 6), power = 10 ** Math.floor(Math.log10(raw));
  const step = (STEPS.find((one) => one * power >= raw) ?? 10) * power;
  return lane('', 20, (svg) => {
    for (let ms = 0; ms <= wholeMs * 0.97; ms += step) {
      const text = shape('text', { x: scale(ms), y: 15, 'text-anchor': ms ? 'middle' : 'start' });
      text.textContent = `${+ms.toPrecision(6)} ms`;
      svg.append(shape('line', { class: 'tick', x1: scale(ms), x2: scale(ms), y1: 0, y2: 4 }), text);
    }
  }, '', 'axis');
}

function lane(name, height, draw, title = '', extra = '') {
  const row = element('div', `lane ${extra}`), label = element('span', 'lane-name'), svg = shape('svg', { class: 'track', height });
  label.textContent = name;
  if (title) label.title = title;
  draw(svg);
  row.append(label, svg);
  return row;
}

function bar(svg, scale, kind, from, to, y, height, told) {
  if (from === null || to === null || to <= from) return;
  const rect = shape('rect', { class: kind, x: scale(from), width: scale(to - from), y, height });
  rect.append(title(told));
  svg.append(rect);
}

function mark(svg, scale, kind, ms, y1, y2, told) {
  if (ms === null) return;
  const line = shape('line', { class: kind, x1: scale(ms), x2: scale(ms), y1, y2 });
  line.append(title(told));
  svg.append(line);
}

function caption(svg, scale, from, to, y, words) {
  const box = shape('svg', { x: scale(from), width: scale(to - from) });
  const text = shape('text', { class: 'inside', x: 4, y });
  text.textContent = words;
  box.append(text);
  svg.append(box);
}

function title(told) {
  const node = shape('title', {});
  node.textContent = told;
  return node;
}

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** An element with its classes. */
export function element(name, classes = '') {
  const node = document.createElement(name);
  if (classes) node.className = classes;
  return node;
}
