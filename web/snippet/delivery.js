/*
 * Events of a short time are one batch. A batch is kept in localStorage until it was taken, and is repeated as it is:
 * the same members are the same item of the ledger, so neither a lost answer nor a page left too early loses or doubles
 * anything. Each kept batch says when it is `due`. Whoever sends it puts that off first, so that of several open tabs
 * only one sends it, and takes over if the other was closed meanwhile.
 */

const KEPT = 'ripen:'; // a batch, with the time behind it: sorted by name is sorted by age
const ANSWER_WITHIN = 10000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 300000;
const MOST_EVENTS = 200;
const BATCH_EVENTS = 20;
const BATCH_BYTES = 60000; // browsers finish up to 64 KB after a page is gone

let endpoint = '';
let writeKey = '';
let waiting = []; // events before consent
let open = null; // the batch that still takes events
let opened; // the timer that closes it
let swept; // the timer of the next batch that is due
let busy = false;
let failures = 0;
let rest = 0; // no request before this moment

// Whoever shows offers looks again: the page, the answer or what is known of the visitor has changed.
const tell = () => window.dispatchEvent(new Event('ripen'));

const newKey = () => `${KEPT}${tick()}-${uuid()}`;

const post = (events, send) => {
  const body = JSON.stringify({ writeKey, sentAt: new Date().toISOString(), batch: events });
  // Plain text is a simple request: browsers send it to another origin without asking there first.
  return send(`${endpoint}/v1/batch`, new Blob([body], { type: 'text/plain' }));
};
// The cookie goes to the site itself only; without it where such a request has just failed.
const byFetch = (url, body) =>
  fetch(url, {
    method: 'POST',
    body,
    credentials: consented && inside(url) && !failures ? 'include' : 'omit',
    keepalive: body.size < BATCH_BYTES,
  });
const byBeacon = (url, body) => {
  if (navigator.sendBeacon?.(url, body)) return navigator.onLine;
  byFetch(url, body).catch(() => {}); // what is not confirmed stays kept
  return false;
};

const sweep = () => {
  clearTimeout(swept);
  if (!allowed() || !endpoint || busy || !navigator.onLine) return;
  const now = Date.now();
  const [next] = stored(KEPT)
    .filter((key) => key !== open?.key)
    .map((key) => ({ key, due: 0, ...read(key) }))
    .sort((one, other) => one.due - other.due);
  if (!next) return;
  // Nothing is put off for longer than half an hour: if it seems so, the clock was set back.
  const wait = Math.max(next.due > now + HALF_HOUR ? now : next.due, rest) - now;
  if (wait > 0) swept = setTimeout(sweep, wait);
  else if (next.events) deliver(next);
  else {
    erase(next.key); // broken, or of another version
    sweep();
  }
};

const deliver = ({ key, events }) => {
  const again = (wait) => {
    const backoff = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (1 + Math.random()) / 2;
    failures++;
    rest = Date.now() + Math.min(HALF_HOUR, Math.max(backoff, wait));
    if (disk[key]) write(key, { due: rest, events });
  };
  const id = anonymousId;
  busy = true;
  write(key, { due: Date.now() + ANSWER_WITHIN, events });
  post(events, byFetch)
    // Until an answer was read, its request takes up part of the 64 KB.
    .then((answer) => answer.text().then(() => answer))
    .then(
      ({ status, headers }) => {
        if (status === 429 || status >= 500) {
          const after = headers.get('retry-after'); // seconds or a date
          again(after * 1000 || Date.parse(after) - Date.now() || 0);
        } else {
          failures = 0;
          // The answer may have brought back the id that this tab has since withdrawn or reset. Another tab's no stays.
          if (anonymousId !== id && document.cookie.includes(id)) writeCookie();
          erase(key);
          tell();
        }
      },
      () => again(0)
    )
    .then(() => {
      busy = false;
      sweep();
    });
};

// Closes the open batch; `due` now, unless it is on its way already.
const close = () => {
  clearTimeout(opened);
  const { key, events } = open;
  open = null;
  if (allowed()) write(key, { due: Date.now(), events });
  return { key, events };
};
const flush = () => {
  if (open) close();
  sweep();
};

// A beacon has no answer, so the next page sends the batch again. Only a mere "left" is not worth a second request.
const depart = () => {
  if (!open || !endpoint) return;
  const { key, events } = close();
  if (allowed() && post(events, byBeacon) && events.every(({ event }) => event === LEFT)) erase(key);
};

const complete = (event, analytics) => ({
  ...event,
  anonymousId,
  context: { ...event.context, consent: { categoryPreferences: { analytics } } },
});

const start = () => {
  // Old batches make room as a whole: with other members they would be other items of the ledger.
  let count = BATCH_EVENTS;
  stored(KEPT).reverse().forEach((key) => {
    count += (read(key)?.events || []).length;
    if (count > MOST_EVENTS) erase(key);
  });
  open = { key: newKey(), events: [], bytes: 0 };
  opened = setTimeout(flush, options.delay);
};

const keep = (event) => {
  const whole = complete(event, true);
  const bytes = new Blob([JSON.stringify(whole)]).size;
  if (open && open.bytes + bytes > BATCH_BYTES) flush();
  if (!open) start();
  open.events.push(whole);
  open.bytes += bytes;
  // Should this tab die before it closes the batch, another one sends it.
  write(open.key, { due: Date.now() + options.delay + ANSWER_WITHIN, events: open.events });
  if (open.events.length === BATCH_EVENTS) flush();
};

const release = () => {
  if (consented && endpoint && !document.prerendering) waiting.splice(0).forEach(keep);
};
