/*
 * ripen.js: sends what visitors do to the tracking endpoint, once they agreed.
 *
 *   ripen.load('<write key>', { host: '<track URL>' });
 *   ripen.page();
 *   ripen.consent(true);   // the cookie banner's answer; ripen.consent() tells it: true, false, or null for none yet
 *
 * Without an answer nothing is sent and nothing is stored: calls wait in memory, a denial drops them. Every option and
 * every call: docs/how-to/send-events.md. `make snippet` joins visitor.js (who it is, whether he agreed, where he comes
 * from), delivery.js (how events get to the endpoint), calls.js and page.js (what is noticed by itself) into one
 * function, and makes it small.
 */

const USER = 'ripen-user';
const TOUCH = 'ripen-touch';
const OWN = 'ripen-'; // how all else begins that is stored
const COOKIE = 'ripen';
const PROBE = 'ripen-probe';
const YEAR = 31536000; // seconds; all below are milliseconds
const HALF_HOUR = 1800000; // a visit ends after so long without an event
const CLICK_IDS = ['gclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid', 'li_fat_id', 'ttclid'];

let options = {};
// Global Privacy Control is a "no" until the visitor tells this very site otherwise.
let consented = navigator.globalPrivacyControl === true ? false : null;
let anonymousId = '';
let userId = '';
let last = 0;
let touch = {};
let domain;

const uuid = () =>
  '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16)
  );

const on = (target, name, listener, capture) => target.addEventListener(name, listener, capture);

// The time, but never the same twice: the order of calls tells what was known when.
const tick = () => (last = Math.max(last + 1, Date.now()));

// ---- storage: localStorage, or memory where that is forbidden or full

let disk = {};
try {
  disk = localStorage || disk;
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
const erase = (key) => delete disk[key];
const stored = (start) =>
  Object.keys(disk)
    .filter((key) => key.startsWith(start))
    .sort();

// ---- the cookie: the answer and the visitor's id, the same on all subdomains. An endpoint that is one of them sets it
// again, with the day behind it, because browsers keep that longer than what a script has written.

const setCookie = (name, value, seconds, site) => {
  const secure = location.protocol === 'https:' ? ';Secure' : '';
  document.cookie = `${name}=${value};Max-Age=${seconds};Path=/;SameSite=Lax${site ? `;Domain=${site}` : ''}${secure}`;
};

// Browsers take no cookie for `com` or `co.uk`; the shortest name for which they do is the whole site's.
const site = () => {
  if (domain == null) {
    const names = location.hostname.split('.');
    const suffixes = names.map((_, n) => names.slice(-n - 1).join('.'));
    domain = options.domain || suffixes.find((suffix) => {
      setCookie(PROBE, 1, 9, suffix);
      const taken = document.cookie.includes(PROBE);
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

// A tab that says no does not see what another one has stored a moment before, so each of them erases.
const forget = () => {
  [...stored(KEPT), ...stored(OWN)].forEach(erase);
  touch = {};
};

// Before each use, because the answer may have been changed in another tab.
const readCookie = () => {
  const found = document.cookie.match(/(?:^|; )ripen=(?:no|yes\.([0-9a-f-]{36}))\b/);
  if (!found) return;
  anonymousId = found[1] || '';
  consented = !!anonymousId;
  if (!consented) forget();
  userId = (consented && read(USER)) || '';
};
const allowed = () => {
  readCookie();
  return consented === true;
};

// ---- where a page is, and where a visit comes from

// The fragment of an app that navigates in it (`#/pricing`); empty for a mere place in a page.
const route = () => (options.hash && location.hash.match(/^#!?\/[^#]*/)) || '';
const here = () => location.href.split('#')[0] + route();
const path = () => (location.pathname + route()).replace(/\/?#!?|\?.*/g, '');

// The site is asked for only after consent: asking sets a cookie for a moment.
const inside = (url) =>
  `.${new URL(url, location).hostname}`.endsWith(`.${(consented && site()) || location.hostname}`);

// The first value of each parameter, also where tools write `UTM_SOURCE`, `&amp;utm_medium` or `#/route?utm_source`.
const campaign = () => {
  const found = {};
  const query = (location.search + location.hash).replace(/[?#]|&(amp;)+/gi, '&');
  [...new URLSearchParams(query)].reverse().forEach(([name, value]) => {
    const key = name.toLowerCase();
    if (!value) return;
    if (/^utm_./.test(key)) found[key === 'utm_campaign' ? 'name' : key.slice(4)] = value;
    if (CLICK_IDS.includes(key)) [found.clickId, found.clickIdType] = [value, key];
  });
  return found;
};

const touches = () => {
  const now = new Date();
  const query = campaign();
  let { first, visit } = read(TOUCH) || touch;
  if (!(now - visit?.at <= HALF_HOUR)) {
    const from = document.referrer;
    visit = { campaign: {}, referrer: from && !inside(from) ? from : undefined };
  }
  visit = { ...visit, campaign: Object.keys(query).length ? query : visit.campaign, at: +now };
  first = first || { ...visit.campaign, referrer: visit.referrer, path: path(), at: now.toISOString() };
  touch = { first, visit };
  if (consented && !document.prerendering) write(TOUCH, touch);
  return touch;
};
