/** Says in words and tables what the drawing shows, and what was answered. */

import { element, number, short, threadsOf } from './timeline.js';

const SHOWN_CHARACTERS = 1200, TOLD_MS = 0.1;

/** One sentence: status, how long, how often in threads. */
export function summary(tried) {
  const answers = tried.answers, line = element('p', 'came');
  const took = answers.map((answer) => answer.ended_ms - answer.began_ms);
  const last = Math.max(...answers.map((answer) => answer.ended_ms)), strong = element('strong');
  strong.textContent = answers.length === 1 ? `${number(took[0])} ms` : `${number(last)} ms for all ten`;
  const statuses = [...new Set(answers.map((answer) => answer.status || 'no status'))].join(', ');
  const parts = [` · status ${statuses}`];
  if (answers.length > 1) parts.push(`each ${number(Math.min(...took))} to ${number(Math.max(...took))} ms`);
  else if (answers[0].pieces_ms.length > 1) parts.push(`first byte after ${number(answers[0].first_byte_ms)} ms, ${answers[0].pieces_ms.length} pieces`);
  parts.push(...crossed(answers));
  if (tried.calls?.length) parts.push(`${tried.calls.length} calls to other services`);
  line.append(strong, parts.join(' · '));
  return line;
}

function crossed(answers) {
  if (!answers[0].traced) return ['in the sibling’s process, whose loop is not seen from here'];
  if (answers[0].problem) return [answers[0].problem];
  const hops = answers.flatMap((answer) => answer.crossings);
  const threads = new Set(answers.flatMap(threadsOf)), fresh = hops.filter((one) => one.fresh).length;
  const told = { 0: '', [threads.size]: threads.size > 1 ? ', all of them new' : ', a new one' };
  return [`${count(hops.length, 'hop')} to ${count(threads.size, 'thread')}${told[fresh] ?? `, ${fresh} of them new`}`];
}

const count = (many, what) => `${many} ${what}${many === 1 ? '' : 's'}`;

/** What is absent and how to start it; reasons that an answer gives; why there is none. */
export function warnings(tried) {
  const told = [tried.absent, ...tried.answers.flatMap((answer) => [...answer.advice, answer.reason, answer.error])];
  if (tried.calls === null && !told.some(Boolean)) told.push('The upstream’s journal does not answer, so its calls are not drawn: start it with: python -m benchmarks.services.upstream');
  return [...new Set(told.filter(Boolean))].map((text) => {
    const line = element('p', 'advice');
    const [before, command] = text.split(/(?<=start it with: )/);
    line.append(before);
    if (command) {
      const code = element('code');
      code.textContent = command;
      line.append(code);
    }
    return line;
  });
}

/** A table of spans of one request, or of requests where there are several. */
export function table(tried) {
  const one = tried.answers.length === 1;
  const [headings, rows] = one ? spans(tried) : requests(tried);
  const details = element('details'), summaryLine = element('summary'), box = element('div', 'scroll');
  summaryLine.textContent = `What happened, as a table (${tried.variant})`;
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', summaryLine.textContent);
  const grid = element('table', 'grid');
  grid.append(row('th', headings, element('thead')), body(rows));
  box.append(grid);
  details.append(summaryLine, box);
  return details;
}

function body(rows) {
  const found = element('tbody');
  for (const texts of rows) row('td', texts, found);
  return found;
}

function row(kind, texts, parent) {
  const line = element('tr');
  texts.forEach((text, place) => {
    const cell = element(kind === 'th' || !place ? 'th' : 'td');
    if (cell.tagName === 'TH') cell.scope = kind === 'th' ? 'col' : 'row';
    cell.textContent = text;
    line.append(cell);
  });
  parent.append(line);
  return parent;
}

function spans(tried) {
  const [answer] = tried.answers;
  const found = [
    [answer.began_ms, ['request sent', '', '', number(answer.began_ms), '', '']],
    [answer.first_byte_ms, ['first byte', '', '', number(answer.first_byte_ms), '', '']],
    [answer.ended_ms, ['last byte', '', '', number(answer.ended_ms), '', '']],
    ...answer.crossings.map((one) => [one.started_ms ?? one.asked_ms, [short(one.function), one.fresh ? `${one.thread} (new)` : one.thread, number(one.started_ms === null ? null : one.started_ms - one.asked_ms), number(one.started_ms), number(one.ended_ms), number(one.ended_ms === null ? null : one.ended_ms - one.started_ms)]]),
    ...answer.queries.map((one) => [one.started_ms, [one.what, one.thread, '', number(one.started_ms), number(one.ended_ms), number(one.ended_ms - one.started_ms)]]),
    ...answer.steps.filter(([from, to]) => to - from >= TOLD_MS).map(([from, to]) => [from, ['computing', 'the event loop', '', number(from), number(to), number(to - from)]]),
    ...(tried.calls ?? []).map((one) => [one.began_ms, [`call: ${one.service}`, '', '', number(one.began_ms), number(one.ended_ms), number(one.ended_ms - one.began_ms)]]),
  ];
  found.sort((a, b) => a[0] - b[0]);
  return [['what', 'thread', 'waited ms', 'from ms', 'to ms', 'took ms'], found.map(([, texts]) => texts)];
}

function requests(tried) {
  const sum = (values) => number(values.reduce((all, one) => all + one, 0));
  const rows = tried.answers.map((answer, place) => {
    const ran = answer.crossings.filter((one) => one.started_ms !== null);
    const own = answer.traced ? [String(answer.crossings.length), sum(ran.map((one) => one.started_ms - one.asked_ms)), sum(ran.map((one) => (one.ended_ms ?? answer.ended_ms) - one.started_ms)), sum(answer.steps.map(([from, to]) => to - from))] : ['–', '–', '–', '–'];
    return [`request ${place + 1}`, String(answer.status), number(answer.began_ms), number(answer.first_byte_ms), number(answer.ended_ms), ...own, String((tried.calls ?? []).filter((call) => call.request === place).length)];
  });
  return [['request', 'status', 'from ms', 'first byte ms', 'to ms', 'hops', 'waited for threads ms', 'in threads ms', 'computing on the loop ms', 'calls'], rows];
}

/** The first answer's body, JSON laid out, shortened. */
export function answer(tried) {
  const [first] = tried.answers, details = element('details', 'answer'), line = element('summary'), pre = element('pre');
  line.textContent = `Answer: ${first.media_type || 'no media type'}, ${first.size.toLocaleString('en')} bytes${tried.answers.length > 1 ? ', the first of ten' : ''}${first.location ? `, sends on to ${first.location}` : ''}`;
  const text = pretty(first.body);
  pre.textContent = text.slice(0, SHOWN_CHARACTERS);
  pre.tabIndex = 0;
  details.append(line, pre);
  if (text.length > SHOWN_CHARACTERS) {
    const more = element('button');
    more.type = 'button';
    more.textContent = first.cut ? 'Show the first 64 kB' : 'Show all';
    more.addEventListener('click', () => { pre.textContent = text; more.remove(); });
    details.append(more);
  }
  return details;
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
