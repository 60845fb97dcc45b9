/** "Try it": asks the server to run each variant in turn, and draws all of them on one time axis. */

import { answer, summary, table, warnings } from './happened.js';
import { element, lengthMs, timeline } from './timeline.js';

const RETRIES = 20, PAUSE_MS = 500;
const KEYS = [
  ['span-request', 'request'], ['span-byte', 'first byte'], ['span-piece', 'a piece of the answer'],
  ['span-loop', 'computing on the loop'], ['span-await', 'waiting, for something or for the loop'], ['span-run', 'in a thread'], ['span-wait', 'waiting for a thread'],
  ['span-query', 'SQL'], ['span-call', 'call to another service'], ['span-whole', 'in the sibling, whose loop is not seen'],
];

const form = document.querySelector('[data-try]');
if (form) begin(form);

function begin(form) {
  const places = [...document.querySelectorAll('[data-variant]')], buttons = [...form.querySelectorAll('[data-times]')];
  const status = form.querySelector('[data-try-status]'), keys = legend();
  form.hidden = false;
  for (const button of buttons) {
    button.addEventListener('click', async () => {
      for (const one of buttons) one.disabled = true;
      form.after(keys);
      for (const key of keys.children) key.hidden = true;
      await tryAll(form, places, button.dataset.times, status, keys);
      for (const one of buttons) one.disabled = false;
      button.focus({ preventScroll: true });
    });
  }
}

async function tryAll(form, places, times, status, keys) {
  const found = new Map();
  for (const place of places) place.querySelector('[data-result]').replaceChildren();
  for (const place of places) {
    status.textContent = `Running ${place.dataset.variant}…`;
    found.set(place, await ask(form, place, times, status));
    draw(found);
    for (const key of keys.children) key.hidden = !form.parentElement.querySelector(`.track .${key.dataset.kind}`);
  }
  const told = [...found].map(([place, tried]) => `${place.dataset.variant} ${took(tried)}`);
  status.textContent = [...found.values()].some((tried) => tried.answers?.length) ? `Done: ${told.join(', ')}.` : 'Nothing could be run.';
}

/** How long it took; an error that comes quickly is no fast answer, nor is one that sends on to the login. */
function took(tried) {
  if (!tried.answers?.length) return tried.absent ? 'is not there' : 'could not be run';
  const failed = tried.answers.find((one) => one.status >= 400 || one.error);
  if (failed) return failed.status ? `answers ${failed.status}` : 'fails';
  if (tried.answers.some((one) => one.advice.length)) return 'lacks a service';
  const time = `${Math.round(Math.max(...tried.answers.map((one) => one.ended_ms)))} ms`;
  return tried.answers[0].location ? `sends on to ${tried.answers[0].location.split('?')[0]} after ${time}` : time;
}

/** One variant; who finds the process busy with somebody else's try waits a little. */
async function ask(form, place, times, status) {
  const body = new FormData(form);
  body.set('times', times);
  for (let attempt = 0; attempt < RETRIES; attempt += 1) {
    try {
      const response = await fetch(place.dataset.url, { method: 'POST', body, headers: { Accept: 'application/json' } });
      if (response.status !== 429) return await read(response);
      status.textContent = 'Somebody else is trying something: waiting…';
    } catch {
      return { error: 'The server does not answer.' };
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { error: 'Somebody else is still trying something: try again in a while.' };
}

async function read(response) {
  const content = await response.json().catch(() => ({}));
  return response.ok ? content : { error: content.error || `The server answers with status ${response.status}: load the page anew.` };
}

/** All that has come so far, on the axis of the longest. */
function draw(found) {
  const drawn = [...found.values()].filter((tried) => tried.answers?.length);
  const wholeMs = Math.max(1, ...drawn.map(lengthMs)) * 1.02;
  for (const [place, tried] of found) {
    const result = place.querySelector('[data-result]');
    const open = new Set([...result.querySelectorAll('details[open]')].map((one) => one.className));
    result.replaceChildren(...shown(tried, wholeMs));
    for (const one of result.querySelectorAll('details')) one.open = open.has(one.className);
  }
}

function shown(tried, wholeMs) {
  if (tried.error) {
    const line = element('p', 'advice');
    line.textContent = tried.error;
    return [line];
  }
  if (!tried.answers.length) return warnings(tried);
  return [summary(tried), ...warnings(tried), timeline(tried, wholeMs), table(tried), answer(tried)];
}

function legend() {
  const list = element('ul', 'keys');
  list.setAttribute('aria-label', 'What the bars are');
  for (const [kind, words] of KEYS) {
    const item = Object.assign(element('li'), { hidden: true }), svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    item.dataset.kind = kind;
    const thin = ['span-byte', 'span-piece'].includes(kind);
    for (const [key, value] of Object.entries({ class: kind, x: thin ? '45%' : 1, y: 1, width: thin ? 1 : '90%', height: '80%' })) rect.setAttribute(key, value);
    svg.setAttribute('aria-hidden', 'true');
    svg.append(rect);
    item.append(svg, words);
    list.append(item);
  }
  return list;
}
