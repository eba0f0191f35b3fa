/*
 * ripen.js: sends what visitors do to the tracking endpoint, once they agreed.
 *
 *   ripen.load('<write key>', { host: '<track URL>' });
 *   ripen.page();
 *   ripen.consent(true);   // the cookie banner's answer; ripen.consent() tells it: true, false, or null for none yet
 *
 * Without an answer nothing is sent and nothing is stored: calls wait in memory, a denial drops them.
 * Every event is kept in localStorage until it was taken. It is repeated under the same messageId, and one messageId is
 * one event for the ledger, so neither a lost answer nor a page left too early loses or doubles anything.
 */
(() => {
  const COOKIE = 'ripen';
  const YEAR = 365 * 24 * 60 * 60;
  const KEPT = 'ripen:';
  const USER = 'ripen-user';
  const ATTEMPTS = 8;
  const FIRST_WAIT = 1000;
  const LONGEST_WAIT = 30000;

  let endpoint = '';
  let writeKey = '';
  let consented = null;
  let anonymousId = '';
  let userId = '';
  let waiting = [];

  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
      .join('')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };

  // Storage may be forbidden or full; events then live as long as the page.
  const storage = (use) => {
    try {
      return use(window.localStorage);
    } catch (error) {
      return null;
    }
  };
  const keptKeys = () => storage((store) => Object.keys(store).filter((key) => key.startsWith(KEPT))) || [];

  const writeCookie = () => {
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    const value = consented ? `yes.${anonymousId}` : 'no';
    document.cookie = `${COOKIE}=${value}; Max-Age=${YEAR}; Path=/; SameSite=Lax${secure}`;
  };

  const readCookie = () => {
    const found = document.cookie.match(/(?:^|; )ripen=(?:(no)|yes\.([0-9a-f-]{36}))(?:;|$)/);
    if (!found) return;
    consented = !found[1];
    anonymousId = found[2] || '';
    userId = (consented && storage((store) => store.getItem(USER))) || '';
  };

  const campaign = () => {
    const found = {};
    new URLSearchParams(location.search).forEach((value, key) => {
      if (/^utm_./.test(key)) found[key === 'utm_campaign' ? 'name' : key.slice(4)] = value;
    });
    return found;
  };

  const context = () => ({
    page: {
      path: location.pathname,
      url: location.href,
      title: document.title,
      referrer: document.referrer,
    },
    campaign: campaign(),
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });

  const deliver = (event, attempt) => {
    if (!consented || !endpoint) return;
    const again = () => {
      if (attempt >= ATTEMPTS) return;
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * Math.pow(2, attempt)) * (0.5 + Math.random() / 2);
      setTimeout(deliver, wait, event, attempt + 1);
    };
    const { type, ...fields } = event;
    // Plain text is a simple request: browsers send it to another origin without asking there first.
    fetch(`${endpoint}/v1/${type}`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      credentials: 'omit',
      keepalive: true,
      body: JSON.stringify({ writeKey, ...fields, sentAt: new Date().toISOString() }),
    }).then((answer) => {
      if (answer.status === 429 || answer.status >= 500) again();
      else storage((store) => store.removeItem(KEPT + event.messageId));
    }, again);
  };

  const keep = (event) => {
    const complete = { ...event, anonymousId };
    storage((store) => store.setItem(KEPT + event.messageId, JSON.stringify(complete)));
    deliver(complete, 0);
  };

  const record = (type, parts) => {
    if (consented === false) return;
    const event = {
      type,
      messageId: uuid(),
      originalTimestamp: new Date().toISOString(),
      context: context(),
      ...(userId ? { userId } : {}),
      ...parts,
    };
    if (consented) keep(event);
    else waiting.push(event);
  };

  const load = (key, options) => {
    writeKey = key;
    endpoint = options.host.replace(/\/+$/, '');
    if (consented === null) readCookie();
    if (consented === null) return;
    // What an earlier page could not deliver goes first.
    keptKeys().forEach((name) => {
      const event = JSON.parse(storage((store) => store.getItem(name)));
      if (event) deliver(event, 0);
    });
    if (consented) waiting.forEach(keep);
    waiting = [];
  };

  const page = (...args) => {
    const name = args.filter((arg) => typeof arg === 'string').pop();
    const properties = args.find((arg) => arg && typeof arg === 'object');
    record('page', { properties: { ...context().page, ...(name ? { name } : {}), ...properties } });
  };

  const track = (event, properties) => record('track', { event, properties: properties || {} });

  const identify = (...args) => {
    const traits = args.find((arg) => arg && typeof arg === 'object') || {};
    if (typeof args[0] === 'string' || typeof args[0] === 'number') {
      userId = String(args[0]);
      if (consented) storage((store) => store.setItem(USER, userId));
    }
    record('identify', { traits });
  };

  const reset = () => {
    userId = '';
    storage((store) => store.removeItem(USER));
    if (!consented) return;
    anonymousId = uuid();
    writeCookie();
  };

  const consent = (answer) => {
    if (answer === undefined) return consented;
    consented = Boolean(answer);
    if (consented) {
      anonymousId = anonymousId || uuid();
      if (userId) storage((store) => store.setItem(USER, userId));
      waiting.forEach(keep);
    } else {
      anonymousId = userId = '';
      keptKeys().concat(USER).forEach((name) => storage((store) => store.removeItem(name)));
    }
    waiting = [];
    writeCookie();
    return consented;
  };

  // data-ripen-prop-asset="checklist" becomes the property asset: "checklist".
  const properties = (element) => {
    const found = {};
    Array.from(element.attributes).forEach(({ name, value }) => {
      if (name.startsWith('data-ripen-prop-')) found[name.slice(16).replace(/-/g, '_')] = value;
    });
    return found;
  };

  document.addEventListener(
    'click',
    (click) => {
      const element = click.target.closest && click.target.closest('[data-ripen-event]');
      if (element && element.tagName !== 'FORM') track(element.dataset.ripenEvent, properties(element));
    },
    true
  );

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
      identify(traits);
      if (form.dataset.ripenEvent) track(form.dataset.ripenEvent, properties(form));
    },
    true
  );

  window.ripen = { load, page, track, identify, reset, consent };
})();
