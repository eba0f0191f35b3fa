/*
 * The calls, and how long and how far down a page was looked at.
 */

const LEFT = 'Page Left';

const script = document.currentScript;
let token = ''; // proves that the visitor has read a mail
let view = null; // of a page: how long, how far down
let address = ''; // of the page as last looked at
let referrer = document.referrer;

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

let called = 0; // no two calls in the same millisecond: their order tells what was known when
const make = (type, parts) => {
  called = Math.max(called + 1, Date.now());
  return {
    type,
    messageId: uuid(),
    originalTimestamp: new Date(called).toISOString(),
    context: parts.context || context(pageFacts()),
    ...(userId ? { userId } : {}),
    ...parts,
  };
};

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
  tell();
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
    forget();
    anonymousId = userId = token = '';
    waiting = [];
    open = view = null;
    writeCookie();
  }
  tell();
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
