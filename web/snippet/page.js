/*
 * What happens on a page, and the start.
 */

const FILES = /\.(pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|csv|txt|epub|ics|zip|rar|7z|t?gz|exe|msi|dmg|pkg|apk|mp[34]|m4[av]|mov|avi|webm|wav)$/i;

on(window, 'online', () => {
  rest = 0;
  sweep();
});

on(document, 'prerenderingchange', release);

on(window, 'scroll', look);

on(window, 'pagehide', () => {
  look();
  leave();
  depart();
  rest = Math.max(rest, Date.now() + FIRST_WAIT); // the page is hidden next, and would not see an answer
});

// A hidden tab may be closed without a word: its "left" is kept then, and a later page sends it.
on(document, 'visibilitychange', () => {
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

// An event that the element names stands for what would be noticed by itself.
const clicked = ({ target, button }) => {
  const link = target.closest?.('a[href]');
  if (button && !(link && button === 1)) return; // the middle button opens links only
  const named = target.closest?.('[data-ripen-event]:not(form)');
  if (named) track(named.dataset.ripenEvent, properties(named));
  else if (link && /^https?:/.test(link.protocol)) {
    if (FILES.test(link.pathname)) track('File Downloaded', { url: link.href });
    else if (!inside(link)) track('Link Clicked', { url: link.href, outbound: true });
  }
};
on(document, 'click', clicked, true);
on(document, 'auxclick', clicked, true);

const sent = ({ target }) => target.matches('[data-ripen-identify]') && submit(target);
on(document, 'submit', sent, true);

// ---- start

// The token of a link in a mail is nobody else's business: it leaves the address bar at once.
const clean = location.href.replace(/([?&])rt=([^&#]*)&?/, (_, mark, value) => {
  token = value;
  return mark;
});
if (token) history.replaceState(history.state, '', clean.replace(/[?&](?=#|$)/, ''));

const api = { load, page, track, identify, group, reset, consent, submit };
api.push = (...calls) => calls.forEach(([name, ...args]) => api[name](...args));
readCookie();
window.ripen = api;
if (Array.isArray(early)) api.push(...early);
