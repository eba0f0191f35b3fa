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
  path: path(),
  url: location.href,
  title: document.title,
  referrer,
});

const context = (locale = navigator.language) => {
  const { first, visit } = touches();
  return {
    page: pageFacts(),
    campaign: visit.campaign,
    firstTouch: first,
    referrer: visit.referrer && { url: visit.referrer },
    locale,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
};

const make = (type, parts) => ({
  type,
  messageId: uuid(),
  originalTimestamp: new Date(tick()).toISOString(),
  context: parts.context || context(),
  userId: userId || undefined,
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

// Counts the time until now, and from now on if the page is `shown`.
const clock = (shown) => {
  const now = performance.now();
  if (view.since !== null) view.shown += now - view.since;
  view.since = shown ? now : null;
};

const look = () => {
  if (!view) return;
  const { scrollHeight } = document.scrollingElement || document.documentElement;
  const depth = Math.round((100 * (scrollY + innerHeight)) / scrollHeight) || 0;
  view.scroll = Math.max(view.scroll, Math.min(100, depth));
  clock(visible());
};

const left = () => ({
  messageId: view.id,
  context: { ...context(), page: view.page },
  event: LEFT,
  properties: { path: view.page.path, seconds: Math.round(view.shown / 1000), scroll: view.scroll },
});

const leave = () => {
  if (!view) return;
  clock();
  erase(view.draft);
  record('track', left());
  view = null;
};

// ---- the calls

const object = (args) => args.find((arg) => arg && typeof arg === 'object') || {};

const page = (...args) => {
  leave();
  const now = here();
  if (address && address !== now) referrer = address;
  address = now;
  const names = args.filter((arg) => typeof arg === 'string');
  record('page', { name: names.pop(), category: names.pop(), properties: object(args) });
  tell();
  if (consented === false) return; // a page that is not told is not left either
  view = {
    id: uuid(),
    draft: newKey(),
    page: pageFacts(),
    scroll: 0,
    shown: 0,
    since: null,
  };
  clock(visible());
};

const track = (event, properties) => record('track', { event, properties: properties || {} });

const identify = (...args) => {
  readCookie();
  const [id] = args;
  if (id && /number|string/.test(typeof id)) userId = `${id}`;
  if (userId && consented) write(USER, userId);
  record('identify', { traits: object(args) });
};

// data-ripen-prop-asset="checklist" becomes the property asset: "checklist".
const properties = (element) => {
  const found = {};
  [...element.attributes].forEach(({ name, value }) => {
    if (name.startsWith('data-ripen-prop-')) found[name.slice(16).replace(/-/g, '_')] = value;
  });
  return found;
};

// A form that tells its purpose is a request of its own where analytics are not agreed to: it holds what the form says
// and nothing of the visitor, under an id that is used once. True if it was taken.
const submit = async (form) => {
  const data = new FormData(form);
  form.querySelectorAll('[type=password], [type=hidden]').forEach((field) => data.delete(field.name));
  const traits = {};
  data.forEach((value, name) => {
    if (value.trim?.()) traits[name] = value.trim(); // a file has none
  });
  const { ripenEvent: event, ripenPurpose: purpose } = form.dataset;
  const locale = form.closest('[lang]')?.lang;
  if (allowed() || !purpose) {
    record('identify', { traits, context: { ...context(locale), form: true } });
    if (event) track(event, properties(form));
    return consented;
  }
  const call = make('track', {
    event,
    properties: properties(form),
    anonymousId: uuid(),
    userId: undefined,
    context: { form: true, request: { purpose }, traits, locale },
  });
  return post([call], byFetch).then(({ ok }) => ok, () => false);
};

const group = (groupId, traits) => record('group', { groupId: `${groupId}`, traits: traits || {} });

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
    if (here() !== address) page();
  });
};

const load = (key, given) => {
  if (endpoint) return;
  options = { delay: 250, ...given };
  writeKey = key;
  endpoint = (options.host || script.src.split('/v1/')[0]).replace(/\/+$/, '');
  domain = undefined;
  address = address || here();
  readCookie();
  release();
  sweep();
  if (options.spa !== false) {
    ['pushState', 'replaceState'].forEach((name) => {
      const original = history[name];
      history[name] = (...args) => {
        original.apply(history, args);
        moved();
      };
    });
    on(window, 'popstate', moved);
    // Back from the browser's memory: a page view without a load.
    on(window, 'pageshow', ({ persisted }) => persisted && page());
  }
  if (options.page) page();
};
