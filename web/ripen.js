/*
 * ripen.js: sends what visitors do to the tracking endpoint, once they agreed.
 *
 *   ripen.load('<write key>', { host: '<track URL>' });
 *   ripen.page();
 *   ripen.consent(true);   // the cookie banner's answer; ripen.consent() tells it: true, false, or null for none yet
 *
 * Without an answer nothing is sent and nothing is stored: calls wait in memory, a denial drops them. Every option and
 * every call: README, "Send events". `make snippet` builds what the tracking function serves.
 *
 * Events of a short time are one batch. A batch is kept in localStorage until it was taken, and is repeated as it is:
 * the same members are the same item of the ledger, so neither a lost answer nor a page left too early loses or doubles
 * anything. Each kept batch says when it is `due`. Whoever sends it puts that off first, so that of several open tabs
 * only one sends it, and takes over if the other was closed meanwhile.
 */
(() => {
  const early = window.ripen;
  if (early && early.load) return; // included twice

  const COOKIE = 'ripen';
  const PROBE = 'ripen-probe';
  const KEPT = 'ripen:'; // a batch, with the time behind it: sorted by name is sorted by age
  const USER = 'ripen-user';
  const TOUCH = 'ripen-touch';
  const LEFT = 'Page Left';
  const YEAR = 365 * 24 * 60 * 60; // seconds; all below are milliseconds
  const HALF_HOUR = 30 * 60 * 1000; // a visit ends after so long without an event
  const ANSWER_WITHIN = 10000;
  const FIRST_WAIT = 1000;
  const LONGEST_WAIT = 300000;
  const MOST_EVENTS = 200;
  const BATCH_EVENTS = 20;
  const BATCH_BYTES = 60000; // browsers finish up to 64 KB after a page is gone
  const CLICK_IDS = ['gclid', 'fbclid', 'msclkid', 'li_fat_id', 'ttclid'];
  const FILES = /\.(pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|csv|txt|epub|ics|zip|rar|7z|t?gz|exe|msi|dmg|pkg|apk|mp[34]|m4[av]|mov|avi|webm|wav)$/i;

  const script = document.currentScript;
  let options = {};
  let endpoint = '';
  let writeKey = '';
  // Global Privacy Control is a "no" until the visitor tells this very site otherwise.
  let consented = navigator.globalPrivacyControl === true ? false : null;
  let anonymousId = '';
  let userId = '';
  let token = ''; // proves that the visitor has read a mail
  let waiting = []; // events before consent
  let open = null; // the batch that still takes events
  let opened; // the timer that closes it
  let swept; // the timer of the next batch that is due
  let busy = false;
  let failures = 0;
  let rest = 0; // no request before this moment
  let stamp = 0;
  let touch = {};
  let view = null; // of a page: how long, how far down
  let address = ''; // of the page as last looked at
  let referrer = document.referrer;
  let domain;

  const uuid = () =>
    '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
      (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16)
    );

  // ---- storage: localStorage, or memory where that is forbidden or full

  let disk = {};
  try {
    disk = window.localStorage || disk;
  } catch {
    // Events then live as long as the page.
  }
  const read = (key) => {
    try {
      return JSON.parse(disk[key]);
    } catch {
      return null;
    }
  };
  const write = (key, value) => {
    const text = JSON.stringify(value);
    try {
      disk[key] = text;
    } catch {
      disk = { ...disk, [key]: text };
    }
  };
  const erase = (key) => {
    delete disk[key];
  };
  const stored = (start) =>
    Object.keys(disk)
      .filter((key) => key.startsWith(start))
      .sort();

  const newKey = () => {
    stamp = Math.max(stamp + 1, Date.now());
    return `${KEPT}${stamp}-${uuid()}`;
  };

  // ---- the cookie: the answer and the visitor's id, the same on all subdomains

  const setCookie = (name, value, seconds, site) => {
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    const scope = site ? `; Domain=${site}` : '';
    document.cookie = `${name}=${value}; Max-Age=${seconds}; Path=/; SameSite=Lax${scope}${secure}`;
  };

  // Browsers take no cookie for `com` or `co.uk`; the shortest name for which they do is the whole site's.
  const site = () => {
    if (domain === undefined) {
      const names = location.hostname.split('.');
      const suffixes = names.map((_, n) => names.slice(n).join('.')).reverse();
      domain = options.domain || suffixes.find((suffix) => {
        setCookie(PROBE, 1, 9, suffix);
        const taken = document.cookie.includes(`${PROBE}=`);
        setCookie(PROBE, '', 0, suffix);
        return taken;
      });
    }
    return domain || '';
  };

  const writeCookie = () => {
    setCookie(COOKIE, '', 0); // one for this host alone would hide the site's
    setCookie(COOKIE, consented ? `yes.${anonymousId}` : 'no', YEAR, site());
  };

  // Before each use, because the answer may have been changed in another tab.
  const readCookie = () => {
    const found = document.cookie.match(/(?:^|; )ripen=(?:no|yes\.([0-9a-f-]{36}))(?:;|$)/);
    if (!found) return;
    consented = Boolean(found[1]);
    if (!consented) touch = {};
    anonymousId = found[1] || '';
    userId = (consented && read(USER)) || '';
  };
  const allowed = () => {
    readCookie();
    return consented === true;
  };

  // ---- where a visit comes from

  // The site is asked for only after consent: asking sets a cookie for a moment.
  const inside = (host) => `.${host}`.endsWith(`.${(consented && site()) || location.hostname}`);

  const campaign = () => {
    const found = {};
    new URLSearchParams(location.search).forEach((value, key) => {
      if (/^utm_./.test(key)) found[key === 'utm_campaign' ? 'name' : key.slice(4)] = value;
      if (CLICK_IDS.includes(key)) Object.assign(found, { clickId: value, clickIdType: key });
    });
    return found;
  };

  const touches = () => {
    const now = new Date();
    const query = campaign();
    let { first, visit } = read(TOUCH) || touch;
    if (!visit || now - visit.at > HALF_HOUR) {
      const from = document.referrer;
      visit = { campaign: {}, referrer: from && !inside(new URL(from).hostname) ? from : undefined };
    }
    visit = { ...visit, campaign: Object.keys(query).length ? query : visit.campaign, at: +now };
    first = first || { ...visit.campaign, referrer: visit.referrer, path: location.pathname, at: now.toISOString() };
    touch = { first, visit };
    if (consented && !document.prerendering) write(TOUCH, touch);
    return touch;
  };

  const pageFacts = () => ({
    path: location.pathname,
    url: location.href,
    title: document.title,
    referrer,
  });

  const context = (page) => {
    const { first, visit } = touches();
    return {
      page,
      campaign: visit.campaign,
      firstTouch: first,
      referrer: visit.referrer && { url: visit.referrer },
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
  };

  // ---- from the browser to the endpoint

  const post = (events, send) => {
    const body = JSON.stringify({ writeKey, sentAt: new Date().toISOString(), batch: events });
    // Plain text is a simple request: browsers send it to another origin without asking there first.
    return send(`${endpoint}/v1/batch`, new Blob([body], { type: 'text/plain' }));
  };
  const byFetch = (url, body) =>
    fetch(url, { method: 'POST', body, credentials: 'omit', keepalive: body.size < 64000 });
  const byBeacon = (url, body) => {
    if (navigator.sendBeacon && navigator.sendBeacon(url, body)) return navigator.onLine;
    byFetch(url, body).catch(() => {}); // what is not confirmed stays kept
    return false;
  };

  const sweep = () => {
    clearTimeout(swept);
    if (!allowed() || !endpoint || busy || !navigator.onLine) return;
    const now = Date.now();
    const [next] = stored(KEPT)
      .filter((key) => !open || key !== open.key)
      .map((key) => ({ key, due: 0, ...read(key) }))
      // Nothing is put off for longer than half an hour: if it seems so, the clock was set back.
      .map((batch) => (batch.due > now + HALF_HOUR ? { ...batch, due: now } : batch))
      .sort((one, other) => one.due - other.due);
    if (!next) return;
    const wait = Math.max(next.due, rest) - now;
    if (wait > 0) swept = setTimeout(sweep, wait);
    else if (next.events) deliver(next);
    else {
      erase(next.key); // broken, or of another version
      sweep();
    }
  };

  const deliver = ({ key, events }) => {
    const again = (seconds) => {
      const backoff = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + Math.random() / 2);
      failures += 1;
      rest = Date.now() + Math.min(HALF_HOUR, Math.max(backoff, seconds * 1000));
      if (disk[key]) write(key, { due: rest, events });
    };
    busy = true;
    write(key, { due: Date.now() + ANSWER_WITHIN, events });
    post(events, byFetch)
      // Until an answer was read, its request takes up part of the 64 KB.
      .then((answer) => answer.text().then(() => answer))
      .then(
        ({ status, headers }) => {
          if (status === 429 || status >= 500) {
            again(Number(headers.get('retry-after')) || 0);
          } else {
            failures = 0;
            erase(key);
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
      count += ((read(key) || {}).events || []).length;
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

  const make = (type, parts) => ({
    type,
    messageId: uuid(),
    originalTimestamp: new Date().toISOString(),
    context: parts.context || context(pageFacts()),
    ...(userId ? { userId } : {}),
    ...parts,
  });

  const record = (type, parts) => {
    readCookie();
    if (consented === false) return;
    const event = make(type, parts);
    if (token) event.context.token = token;
    token = '';
    waiting = [...waiting, event].slice(-MOST_EVENTS);
    release();
  };

  // ---- how long a page was looked at, and how far down

  const visible = () => document.visibilityState === 'visible';

  const look = () => {
    if (!view) return;
    const { scrollHeight } = document.scrollingElement || document.documentElement;
    const depth = Math.round((100 * (window.scrollY + window.innerHeight)) / scrollHeight) || 0;
    view.scroll = Math.max(view.scroll, Math.min(100, depth));
    const now = performance.now();
    if (view.since !== null) view.shown += now - view.since;
    view.since = visible() ? now : null;
  };

  const left = () => ({
    messageId: view.id,
    context: context(view.page),
    event: LEFT,
    properties: { path: view.page.path, seconds: Math.round(view.shown / 1000), scroll: view.scroll },
  });

  const leave = () => {
    if (!view) return;
    if (view.since !== null) view.shown += performance.now() - view.since;
    erase(view.draft);
    record('track', left());
    view = null;
  };

  // ---- the calls

  const object = (args) => args.find((arg) => arg && typeof arg === 'object') || {};
  const isId = (value) => typeof value === 'number' || (value && typeof value === 'string');

  const page = (...args) => {
    leave();
    const now = location.href.split('#')[0];
    if (address && address !== now) referrer = address;
    address = now;
    const names = args.filter((arg) => typeof arg === 'string');
    record('page', { name: names.pop(), category: names.pop(), properties: object(args) });
    view = {
      id: uuid(),
      draft: newKey(),
      page: pageFacts(),
      scroll: 0,
      shown: 0,
      since: visible() ? performance.now() : null,
    };
  };

  const track = (event, properties) => record('track', { event, properties: properties || {} });

  const identifyBy = (form, args) => {
    readCookie();
    if (isId(args[0])) userId = String(args[0]);
    if (userId && consented) write(USER, userId);
    const made = { traits: object(args) };
    record('identify', form ? { ...made, context: { ...context(pageFacts()), form } } : made);
  };
  const identify = (...args) => identifyBy(false, args);

  const group = (groupId, traits) => record('group', { groupId: String(groupId), traits: traits || {} });

  const reset = () => {
    userId = '';
    touch = {};
    [USER, TOUCH].forEach(erase);
    if (!allowed()) return;
    anonymousId = uuid();
    writeCookie();
  };

  const consent = (answer) => {
    readCookie();
    if (answer === undefined) return consented;
    const before = consented;
    if (answer) {
      consented = true;
      anonymousId = anonymousId || uuid();
      if (userId) write(USER, userId);
      writeCookie();
      if (!before) track('Consent Given');
    } else {
      if (before && endpoint) post([complete(make('track', { event: 'Consent Withdrawn' }), false)], byBeacon);
      consented = false;
      clearTimeout(opened);
      [...stored(KEPT), USER, TOUCH].forEach(erase);
      anonymousId = userId = token = '';
      touch = {};
      waiting = [];
      open = view = null;
      writeCookie();
    }
    return consented;
  };

  // The page's address changes a moment before its title does.
  const moved = () => {
    look();
    setTimeout(() => {
      if (location.href.split('#')[0] !== address) page();
    });
  };

  const load = (key, given) => {
    if (endpoint) return;
    options = { delay: 250, ...given };
    writeKey = key;
    endpoint = (options.host || script.src.split('/v1/')[0]).replace(/\/+$/, '');
    domain = undefined;
    address = address || location.href.split('#')[0];
    readCookie();
    release();
    sweep();
    if (options.spa !== false) {
      ['pushState', 'replaceState'].forEach((name) => {
        const original = history[name];
        history[name] = function (...args) {
          original.apply(this, args);
          moved();
        };
      });
      window.addEventListener('popstate', moved);
      // Back from the browser's memory: a page view without a load.
      window.addEventListener('pageshow', ({ persisted }) => persisted && page());
    }
    if (options.page) page();
  };

  // ---- what happens on the page

  window.addEventListener('online', () => {
    rest = 0;
    sweep();
  });

  document.addEventListener('prerenderingchange', release);

  window.addEventListener('scroll', look, { passive: true });

  window.addEventListener('pagehide', () => {
    look();
    leave();
    depart();
  });

  // A hidden tab may be closed without a word: its "left" is kept then, and a later page sends it.
  document.addEventListener('visibilitychange', () => {
    look();
    if (visible()) {
      if (view) erase(view.draft);
      return;
    }
    flush();
    if (view && allowed()) {
      write(view.draft, { due: Date.now() + HALF_HOUR, events: [complete(make('track', left()), true)] });
    }
  });

  // data-ripen-prop-asset="checklist" becomes the property asset: "checklist".
  const properties = (element) => {
    const found = {};
    Array.from(element.attributes).forEach(({ name, value }) => {
      if (name.startsWith('data-ripen-prop-')) found[name.slice(16).replace(/-/g, '_')] = value;
    });
    return found;
  };

  // An event that the element names stands for what would be noticed by itself.
  const clicked = ({ target, type, button }) => {
    if (!target.closest) return;
    const link = target.closest('a[href]');
    if (type === 'auxclick' && !(link && button === 1)) return; // the middle button opens links only
    const named = target.closest('[data-ripen-event]:not(form)');
    if (named) track(named.dataset.ripenEvent, properties(named));
    else if (link && /^https?:/.test(link.protocol)) {
      if (FILES.test(link.pathname)) track('File Downloaded', { url: link.href });
      else if (!inside(link.hostname)) track('Link Clicked', { url: link.href, outbound: true });
    }
  };
  document.addEventListener('click', clicked, true);
  document.addEventListener('auxclick', clicked, true);

  document.addEventListener(
    'submit',
    (submit) => {
      const form = submit.target;
      if (!form.matches('form[data-ripen-identify]')) return;
      const data = new FormData(form);
      form.querySelectorAll('[type=password], [type=hidden]').forEach((field) => data.delete(field.name));
      const traits = {};
      data.forEach((value, name) => {
        if (typeof value === 'string' && value.trim()) traits[name] = value.trim();
      });
      identifyBy(true, [traits]);
      if (form.dataset.ripenEvent) track(form.dataset.ripenEvent, properties(form));
    },
    true
  );

  // ---- start

  // The token of a link in a mail is nobody else's business: it leaves the address bar at once.
  const clean = location.href.replace(/([?&])rt=([^&#]*)&?/, (_, mark, value) => {
    token = value;
    return mark;
  });
  if (token) history.replaceState(history.state, '', clean.replace(/[?&](?=#|$)/, ''));

  const api = { load, page, track, identify, group, reset, consent };
  api.push = (...calls) => calls.forEach(([name, ...args]) => api[name](...args));
  readCookie();
  window.ripen = api;
  if (Array.isArray(early)) api.push(...early);
})();
