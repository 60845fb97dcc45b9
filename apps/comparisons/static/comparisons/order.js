/** The form of a new race: the chosen scenario's contenders without loading the page, and how many may be ticked. */

const place = document.querySelector('[data-order]');
if (place) begin();

function begin() {
  const choose = place.querySelector('[data-choose]');
  choose.querySelector('button').hidden = true;
  choose.addEventListener('change', () => show(choose.elements.scenario.value));
  const start = place.querySelector('[data-start]');
  start.addEventListener('change', () => count(start));
  start.addEventListener('submit', () => { start.querySelector('.primary').disabled = true; });
  count(start);
}

/** The page as the server writes it for that scenario; the form is taken out of it. */
async function show(scenario) {
  const address = `?scenario=${encodeURIComponent(scenario)}`;
  const response = await fetch(address).catch(() => null);
  const page = response?.ok && new DOMParser().parseFromString(await response.text(), 'text/html');
  const form = page && page.querySelector('[data-order]');
  if (!form) {
    location.assign(address); // a race has begun meanwhile, or the server is gone: the page says so
    return;
  }
  history.replaceState(null, '', address);
  place.replaceChildren(...form.childNodes);
  begin();
  place.querySelector('select').focus();
}

function count(start) {
  const ticked = start.querySelectorAll('[name=contender]:checked').length;
  const [least, most] = [Number(start.dataset.least), Number(start.dataset.most)];
  const fits = ticked >= least && ticked <= most;
  start.querySelector('.primary').disabled = !fits;
  start.querySelector('[data-said]').textContent = fits ? '' : `${ticked} ticked: a race has ${least} to ${most} contenders.`;
}
