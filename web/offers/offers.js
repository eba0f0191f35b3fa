/*
 * offers.js: shows what Ripen offers to this visitor, over the page, in a corner of it, or in a place that it has for it.
 *
 *   <script async src="<track URL>/v1/offers.js" data-write-key="website"></script>
 *   <div data-ripen-slot="home"></div>
 *
 * It works beside the snippet: it learns from its cookie who the visitor is, if he agreed; it hears the event `ripen`
 * when the page, the answer or what is known has changed; and by it reports what was seen, clicked and closed. Texts are
 * never HTML, styles need no permission of a content security policy, and whatever fails, the page does not notice.
 */
(() => {
  const script = document.currentScript;
  if (!script || window.ripenOffers) return; // included twice
  window.ripenOffers = true;

  const { writeKey, host, consent } = script.dataset;
  const endpoint = (host || script.src.split('/v1/')[0]).replace(/\/+$/, '');
  const CLOSED = 'ripen-offers'; // until when an offer stays closed, by its name
  const DAY = 24 * 60 * 60 * 1000;
  const GAP = 15000; // between two questions on one page
  const SCORED = 4000; // after so long the score has usually followed what was sent
  const LEFT_FIELD = 2000; // a click on the button of a form is over by then
  const NOT_NOW = { de: 'Nicht jetzt', en: 'Not now' };

  const gone = {}; // the same as what is kept, for this page
  const taken = new WeakSet(); // places
  let offers = [];
  let shown = null; // over the page or in its corner: one in a page view
  let path = location.pathname;
  let asked = 0;
  let due = 0;
  let timer;
  let styles;

  const cookie = () => document.cookie.match(/(?:^|; )ripen=(?:no|yes\.([0-9a-f-]{36}))\b/);
  const visitor = () => (cookie() || [])[1];
  let known = visitor();

  // Nothing covers a cookie banner that waits for its answer.
  const answered = () => !window.ripen || cookie() || navigator.globalPrivacyControl === true;

  const report = (what, { name, placement }) => {
    const { ripen } = window;
    if (ripen && ripen.push) ripen.push(['track', `Promotion ${what}`, { promotion_id: name, creative: placement }]);
  };

  // ---- what was closed stays closed: for days with consent, for this visit without

  const read = (storage) => {
    try {
      return JSON.parse(window[storage][CLOSED]);
    } catch {
      return {};
    }
  };
  const isClosed = ({ name }) =>
    [gone, read('sessionStorage'), visitor() ? read('localStorage') : {}].some((kept) => kept[name] > Date.now());
  const keepClosed = ({ name, dismissDays }) => {
    const storage = visitor() ? 'localStorage' : 'sessionStorage';
    gone[name] = Date.now() + dismissDays * DAY;
    try {
      window[storage][CLOSED] = JSON.stringify({ ...read(storage), [name]: gone[name] });
    } catch {
      // It is closed for this page, then.
    }
  };

  // ---- what it looks like

  const FIELDS = 'input:not([type=hidden]), select, textarea, [contenteditable]';
  const EVENTS = ['scroll', 'resize', 'focusin'];

  const make = (tag, facts, ...inside) => {
    const element = Object.assign(document.createElement(tag), facts);
    element.append(...inside);
    return element;
  };

  // An address of the web, or a path of this very site; anything else is an error.
  const address = (text) => {
    const url = new URL(text, location.href);
    const own = url.origin === location.origin;
    if (!text || !/^https?:$/.test(url.protocol) || !(own || /^https?:\/\//.test(text))) throw url;
    return url.href;
  };

  // The page's own styles end where the shadow begins.
  const build = (offer, tag, ...buttons) => {
    if (!styles) {
      styles = new CSSStyleSheet();
      styles.replaceSync('styles');
    }
    const element = make('ripen-offer', { lang: offer.language });
    element.attachShadow({ mode: 'open' }).adoptedStyleSheets = [styles];
    const box = make(
      tag,
      { className: offer.placement, part: `box ${offer.placement}` },
      ...(offer.image ? [make('img', { src: address(offer.image), alt: '', part: 'image' })] : []),
      make('h2', { id: 'title', textContent: offer.title, tabIndex: -1, part: 'title' }),
      make('p', { id: 'text', textContent: offer.text, part: 'text' }),
      make('div', {}, ...buttons)
    );
    box.setAttribute('aria-labelledby', 'title');
    box.setAttribute('aria-describedby', 'text');
    return [element, box];
  };

  const link = (offer, then) =>
    make('a', {
      href: address(offer.link),
      textContent: offer.button,
      part: 'link',
      onclick: () => {
        report('Clicked', offer);
        if (then) then();
      },
    });

  // Over the page, where the browser keeps the focus inside; or in a corner, where nothing takes it away.
  const open = (offer) => {
    let before; // had the focus
    let followed = false;
    const end = () => {
      if (!element.isConnected) return;
      if (!followed) report('Dismissed', offer);
      keepClosed(offer);
      const inside = document.activeElement === element;
      element.remove();
      if (inside && before) before.focus();
    };
    const follow = () => {
      followed = true;
      keepClosed(offer);
      setTimeout(end); // a link that is no longer there leads nowhere
    };
    const label = NOT_NOW[offer.language] || NOT_NOW.en;
    const close = make('button', { type: 'button', textContent: label, part: 'close', onclick: end });
    const modal = offer.placement === 'overlay';
    const [element, box] = build(offer, modal ? 'dialog' : 'section', link(offer, follow), close);
    shown = element;
    document.body.append(element);
    if (modal) {
      before = document.activeElement;
      element.shadowRoot.append(box);
      box.onclose = end; // by Escape
      box.showModal();
      box.querySelector('h2').focus(); // not the link: whoever presses Enter just now did not mean it
    } else {
      element.addEventListener('focusin', ({ relatedTarget }) => {
        before = relatedTarget || before;
      });
      element.onkeydown = ({ key }) => key === 'Escape' && end();
      element.setAttribute('aria-live', 'polite');
      setTimeout(() => {
        element.shadowRoot.append(box); // into what is there already, so that it is read out
        stepAside(element, box, () => report('Viewed', offer));
      }, 100);
      return;
    }
    report('Viewed', offer);
  };

  // A box in a corner is not to be seen while it lies over a field of the page: on a phone it would hide the form.
  const stepAside = (element, box, viewed) => {
    let told = false;
    const look = () => {
      if (!element.isConnected) {
        EVENTS.forEach((name) => window.removeEventListener(name, look, true));
        return;
      }
      const own = box.getBoundingClientRect();
      const covers = (field) => {
        const { width, top, right, bottom, left } = field.getBoundingClientRect();
        return width && top < own.bottom && bottom > own.top && left < own.right && right > own.left;
      };
      const hidden = document.activeElement !== element && [...document.querySelectorAll(FIELDS)].some(covers);
      element.style.visibility = hidden ? 'hidden' : '';
      if (!hidden && !told) {
        told = true;
        viewed();
      }
    };
    EVENTS.forEach((name) => window.addEventListener(name, look, true));
    look();
  };

  // Into a place of the page. One that has no height yet is filled while nobody sees it, so that nothing moves.
  const fill = (offer) => {
    const free = (place) => place.dataset.ripenSlot === offer.slot && !taken.has(place);
    [...document.querySelectorAll('[data-ripen-slot]')].filter(free).forEach((place) => {
      const [element, box] = build(offer, 'section', link(offer));
      element.shadowRoot.append(box);
      taken.add(place);
      new IntersectionObserver((entries, observer) => {
        const seen = entries[entries.length - 1].isIntersecting;
        if (!element.isConnected && seen && !place.offsetHeight) return;
        place.append(element);
        if (!seen) return;
        observer.disconnect();
        report('Viewed', offer);
      }).observe(place);
    });
  };

  // ---- when

  const visible = () => document.visibilityState === 'visible';

  // Nobody is interrupted while he writes.
  const writing = () => document.activeElement && document.activeElement.matches(FIELDS);

  const show = () => {
    offers.forEach((offer) => {
      try {
        if (offer.placement === 'slot') fill(offer);
        else if (!shown && answered() && visible() && !writing() && !isClosed(offer)) open(offer);
      } catch {
        // What cannot be shown is not.
      }
    });
  };

  const ask = () => {
    const id = visitor();
    if (!visible() || (consent === 'required' && !id)) return;
    asked = Date.now();
    const language = document.documentElement.lang || navigator.language;
    const query = new URLSearchParams({ writeKey, language, path: location.pathname, ...(id ? { anonymousId: id } : {}) });
    fetch(`${endpoint}/v1/offers?${query}`, { credentials: 'omit' })
      .then((answer) => answer.json())
      .then((told) => {
        if (id !== visitor() || !Array.isArray(told.offers)) return; // of somebody else, or busy
        offers = told.offers;
        show();
      })
      .catch(() => {});
  };

  const askSoon = (wait, gap) => {
    const now = Date.now();
    const at = Math.max(now + wait, asked + gap);
    if (due && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => {
      due = 0;
      ask();
    }, at - now);
  };

  window.addEventListener('ripen', () => {
    if (visitor() !== known) {
      known = visitor();
      offers = [];
      askSoon(0, 0);
    }
    if (location.pathname !== path) {
      path = location.pathname;
      if (shown) shown.remove();
      shown = null;
      askSoon(0, 2000);
    }
    askSoon(SCORED, GAP);
    show();
  });

  document.addEventListener('visibilitychange', () => askSoon(0, GAP));
  document.addEventListener('focusout', () => setTimeout(show, LEFT_FIELD));

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ask);
  else ask();
})();
