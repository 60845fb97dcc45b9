/** A race on the page: follows its events, adds up what the server's race_state.py adds up, and moves the chart. */

import { mountChart } from '../reporting/charts.js';

const LOST_MS = 3000, AGAIN_MS = 5000, SPOKEN_MS = 5000;
const OK = 'ok', NONE = '–';

const place = document.querySelector('[data-race]');
const chart = JSON.parse(document.getElementById('race-chart').textContent);
const plot = document.querySelector('[data-race-chart]');
let drawn = null;
let [spokenAt, leader] = [0, ''];

draw();
if (place.dataset.events) follow();

/** An empty chart is not drawn: its axis would be about nothing. */
function draw() {
  if (!chart.series.some((one) => one.spots.length)) return;
  if (drawn) drawn.update(chart);
  else drawn = mountChart(plot, chart);
}

/** One stream; it ends now and then, and the browser comes again with the last event's key by itself. */
function follow(after = place.dataset.after) {
  const stream = new EventSource(`${place.dataset.events}?after=${after}`);
  let [last, lost] = [after, null];
  const hear = (event) => { last = event.lastEventId || last; return JSON.parse(event.data); };
  stream.addEventListener('open', () => { clearTimeout(lost); lost = null; connected(true); });
  stream.addEventListener('update', (event) => show(hear(event)));
  stream.addEventListener('end', (event) => { hear(event); clearTimeout(lost); stream.close(); finish(); });
  stream.addEventListener('error', () => {
    lost ??= setTimeout(() => connected(false), LOST_MS);
    if (stream.readyState !== EventSource.CLOSED) return;
    setTimeout(() => { clearTimeout(lost); again(last); }, AGAIN_MS); // refused: too many look on, or it restarts
  });
}

/** Unless it was deleted meanwhile. */
async function again(last) {
  const response = await fetch(location.href, { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  if (response?.status === 404) deleted(); else follow(last);
}

function deleted() {
  place.querySelector('.race-now').textContent = 'This race was deleted.';
}

const said = { text: null };
function connected(well) {
  const line = place.querySelector('[data-connection]');
  said.text ??= line.textContent;
  line.textContent = well ? said.text : 'The connection is lost; trying again.';
}

function show(update) {
  if (update.plan) place.querySelector('[data-progress]').max = update.plan.planned;
  if (update.number) place.querySelector('[data-round]').textContent = `Round ${update.number} of ${place.dataset.rounds}`;
  if (update.step) place.querySelector('[data-step]').textContent = update.step;
  for (const round of update.rounds ?? []) addRound(round);
  for (const [name, cell] of Object.entries(update.cells ?? {})) tell(name, cell);
  if (update.rounds) draw();
  speak();
}

function addRound(round) {
  place.querySelector('[data-progress]').value += 1;
  if (round.state !== OK) {
    note(`${round.contender}, round ${round.number}: ${round.state}, ${round.reason}`);
    return;
  }
  const series = chart.series.find((one) => one.contender === round.contender);
  series?.spots.push({ x: round.number - 1, y: round.requests_per_s, low: null, high: null, value: null, text: '' });
  const cell = place.querySelector(`[data-rounds-of="${CSS.escape(round.contender)}"]`)?.children[round.number];
  if (cell) cell.textContent = written(round.requests_per_s, true);
}

/** A contender's line in the table. */
function tell(name, cell) {
  const row = place.querySelector(`tr[data-contender="${CSS.escape(name)}"]`);
  if (!row) return;
  for (const at of row.querySelectorAll('[data-figure]')) {
    const value = cell[at.dataset.figure];
    at.textContent = at.dataset.figure === 'valid' ? value : written(value, at.dataset.figure === 'requests_per_s');
  }
  row.dataset.rate = cell.requests_per_s ?? 0;
  if (![OK, 'running'].includes(cell.state) && cell.reason) note(`${name}: ${cell.state}, ${cell.reason}`);
}

function note(text) {
  const list = place.querySelector('[data-troubles]');
  if ([...list.children].some((item) => item.textContent === text)) return;
  list.append(Object.assign(document.createElement('li'), { textContent: text }));
}

/** As reports/figures.py writes them. */
function written(value, rate) {
  if (value == null) return NONE;
  const digits = value >= 100 ? 0 : rate || value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** For those who listen: now and then who leads, and no more. */
function speak() {
  const first = [...place.querySelectorAll('[data-rate]')].sort((one, other) => other.dataset.rate - one.dataset.rate)[0];
  if (!(first?.dataset.rate > 0) || Date.now() - spokenAt < SPOKEN_MS) return;
  const text = `${place.querySelector('[data-round]').textContent}. ${first.dataset.contender} leads with ${first.querySelector('[data-figure]').textContent} requests a second.`;
  if (text === leader) return;
  [spokenAt, leader] = [Date.now(), text];
  place.querySelector('[data-spoken]').textContent = text;
}

/** The end as the server writes it: verdict, links, and the table once more. */
async function finish() {
  const response = await fetch(location.href, { cache: 'no-store' }).catch(() => null);
  if (!response?.ok) {
    if (response?.status === 404) deleted(); else setTimeout(finish, AGAIN_MS);
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  place.querySelector('.race-now').replaceChildren(...page.querySelector('.race-now').childNodes);
  place.querySelector('#so-far').textContent = page.querySelector('#so-far').textContent;
  const bodies = [...page.querySelectorAll('[data-race] tbody')];
  [...place.querySelectorAll('tbody')].forEach((body, number) => body.replaceWith(bodies[number]));
  if (!drawn) plot.replaceChildren(...page.querySelector('[data-race-chart]').childNodes);
  place.querySelector('[data-spoken]').textContent = `The race is over. ${place.querySelector('.verdict').textContent}`;
}
