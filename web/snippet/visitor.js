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
const YEAR = 365 * 24 * 60 * 60; // seconds; all below are milliseconds
const HALF_HOUR = 30 * 60 * 1000; // a visit ends after so long without an event
const CLICK_IDS = ['gclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid', 'li_fat_id', 'ttclid'];

let options = {};
// Global Privacy Control is a "no" until the visitor tells this very site otherwise.
let consented = navigator.globalPrivacyControl === true ? false : null;
let anonymousId = '';
let userId = '';
let stamp = 0;
let touch = {};
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

// A tab that says no does not see what another one has stored a moment before, so each of them erases.
const forget = () => {
  [...stored(KEPT), ...stored(OWN)].forEach(erase);
  touch = {};
};

// Before each use, because the answer may have been changed in another tab.
const readCookie = () => {
  const found = document.cookie.match(/(?:^|; )ripen=(?:no|yes\.([0-9a-f-]{36}))(?:;|$)/);
  if (!found) return;
  consented = Boolean(found[1]);
  if (!consented) forget();
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

// The first value of each parameter, also where tools write `UTM_SOURCE`, `&amp;utm_medium` or `#/route?utm_source`.
const campaign = () => {
  const given = {};
  const found = {};
  const query = (location.search + location.hash).replace(/[?#]|&(amp;)+/gi, '&');
  [...new URLSearchParams(query)].reverse().forEach(([key, value]) => {
    if (value) given[key.toLowerCase()] = value;
  });
  Object.keys(given).forEach((key) => {
    if (/^utm_./.test(key)) found[key === 'utm_campaign' ? 'name' : key.slice(4)] = given[key];
  });
  const clickIdType = CLICK_IDS.find((key) => given[key]);
  return clickIdType ? { ...found, clickId: given[clickIdType], clickIdType } : found;
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
