// Keeps the page current: applies the fragments that the server sends, counts times on, and marks an old state.

const root = document.documentElement;
const find = (id) => document.getElementById(id);

/** Age in milliseconds at which a state is not current. */
const STALE_MS = 15_000;
/** Milliseconds without a message after which the connection counts as lost. */
const SILENCE_MS = 20_000;
/** Milliseconds before a connection is opened again that the server refused. */
const RETRY_MS = 5_000;

/** The last message, with the readings of both clocks of this browser at its arrival. */
let last = null;
let source = null;
let isConnected = false;

/**
 * Milliseconds since the last message. The stopwatch may stand still while the machine sleeps, and the calendar may be
 * set back: the longer time counts.
 */
function sinceLast() {
  return Math.max(performance.now() - last.stopwatch, Date.now() - last.calendar);
}

/** The same formats as in the texts of kioskctl: 42s, 3m 20s, 2h 5m, 3d 4h. */
function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days) return joined(`${days}d`, hours % 24, 'h');
  if (hours) return joined(`${hours}h`, minutes % 60, 'm');
  return minutes ? joined(`${minutes}m`, seconds % 60, 's') : `${seconds}s`;
}

function joined(first, rest, unit) {
  return rest === 0 ? first : `${first} ${rest}${unit}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showTimes(within, now) {
  for (const time of within.querySelectorAll('[data-since]'))
    write(time, duration(now - Number(time.dataset.since)));
}

/** Shows the age of the state, and marks it if it is old. Runs every second, and as soon as the page is seen again. */
function tick() {
  if (!last) return;
  const silence = sinceLast();
  const now = last.now + silence;
  const age = last.readAt === null ? Infinity : now - last.readAt;
  const isStale = age > STALE_MS;
  root.classList.toggle('stale', isStale);
  write(find('clock'), new Date(now + last.offset * 60_000).toISOString().slice(11, 19));
  write(find('age'), isStale ? 'Not current' : `Live, ${duration(age)} old`);
  if (isStale) {
    const cause = isConnected && silence < STALE_MS ? (last.problem ?? '') : 'No connection to the server.';
    write(find('alarm'), `Not current: as of ${duration(age)} ago. ${cause}`);
  }
  showTimes(document, now);
  if (silence > SILENCE_MS && source.readyState !== EventSource.CLOSED) connect();
}

/** Focuses the part of a replaced child that had the focus. */
function refocus(child, name) {
  const parts = [...child.querySelectorAll('[data-focus]')];
  parts.find((part) => part.dataset.focus === name)?.focus({ preventScroll: true });
}

/** Makes the children of a region those of the list, in its order. Children without news stay as they are. */
function apply(region, items, now) {
  const children = new Map([...region.children].map((child) => [child.dataset.key, child]));
  const focused = document.activeElement;
  const name = focused?.dataset.focus;
  let place = region.firstElementChild;
  for (const [key, html] of items) {
    let child = children.get(key);
    children.delete(key);
    if (html !== null) {
      const template = document.createElement('template');
      template.innerHTML = html;
      const fresh = template.content.firstElementChild;
      showTimes(fresh, now);
      if (child) {
        const hadFocus = child.contains(focused);
        if (place === child) place = fresh;
        child.replaceWith(fresh);
        if (hadFocus) refocus(fresh, name);
      }
      child = fresh;
    }
    if (!child) continue;
    if (child === place) place = place.nextElementSibling;
    else {
      const hadFocus = child.contains(document.activeElement);
      region.insertBefore(child, place);
      if (hadFocus) refocus(child, name);
    }
  }
  for (const child of children.values()) child.remove();
}

/** Loads the page again if the server was updated, at most once a minute. */
function reloadFor(build) {
  if (build === root.dataset.build) return;
  try {
    const before = Number(sessionStorage.getItem('reloaded'));
    if (Date.now() - before < 60_000) return;
    sessionStorage.setItem('reloaded', String(Date.now()));
  } catch {
    return;
  }
  location.reload();
}

function receive({ data }) {
  const message = JSON.parse(data);
  const { now, readAt, offset, problem, build, regions } = message;
  last = { now, readAt, offset, problem, stopwatch: performance.now(), calendar: Date.now() };
  isConnected = true;
  for (const [id, items] of Object.entries(regions)) {
    const region = find(id);
    if (region) apply(region, items, now);
  }
  if (regions.headline) document.title = `${find('headline').textContent} · kioskctl`;
  root.dataset.messages = String(Number(root.dataset.messages ?? 0) + 1);
  tick();
  reloadFor(build);
}

function connect() {
  source?.close();
  isConnected = false;
  source = new EventSource('board/events');
  source.addEventListener('state', receive);
  source.addEventListener('error', () => {
    isConnected = false;
    // After a refusal, the browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS + Math.random() * RETRY_MS);
  });
  if (last)
    last = { ...last, now: last.now + sinceLast(), stopwatch: performance.now(), calendar: Date.now() };
}

function tell(text) {
  write(find('told'), '');
  write(find('told'), text);
}

/** Copies a text also where the page has no secure context, as over HTTP in the network of a branch. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hidden';
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (!isCopied) throw new Error('not copied');
}

async function copyFrom(button) {
  const verb = button.querySelector('.verb');
  try {
    await copy(button.dataset.copy);
    write(verb, 'Copied');
    tell('The command is copied.');
  } catch {
    getSelection()?.selectAllChildren(button.querySelector('code'));
    write(verb, 'Selected');
    tell('The command is selected. Copy it with the keyboard.');
  }
  button.focus({ preventScroll: true });
  setTimeout(() => write(verb, 'Copy'), 2_000);
}

document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('[data-copy]') : null;
  if (button) void copyFrom(button);
});

for (const event of ['visibilitychange', 'resume']) document.addEventListener(event, tick);
for (const event of ['focus', 'pageshow', 'online']) window.addEventListener(event, tick);
write(find('age'), 'Connecting …');
write(find('alarm'), 'Connecting to the server …');
connect();
setInterval(tick, 1_000);
