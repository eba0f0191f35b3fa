// What the demo's pages share: elements from data (text only, never markup), times, polling.
window.desk = (() => {
  const h = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([name, value]) => {
      if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
    });
    element.append(...children.flat().filter((child) => child != null && child !== false));
    return element;
  };

  const points = (value) => value.toFixed(1);
  const signed = (value) => (value < 0 ? '−' : '+') + points(Math.abs(value));

  const time = (at) => {
    const date = new Date(at);
    const today = date.toDateString() === new Date().toDateString();
    const options = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
    const text = date.toLocaleString('en-GB', today ? options : { ...options, day: 'numeric', month: 'short', year: 'numeric' });
    return h('time', { datetime: date.toISOString(), title: date.toISOString() }, text);
  };

  const fromNow = (at) => {
    const seconds = Math.round((at - Date.now()) / 1000);
    const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
    const size = Math.abs(seconds);
    if (size < 90) return format.format(seconds, 'second');
    if (size < 90 * 60) return format.format(Math.round(seconds / 60), 'minute');
    if (size < 36 * 3600) return format.format(Math.round(seconds / 3600), 'hour');
    return format.format(Math.round(seconds / 86400), 'day');
  };

  // Calls `show` with the JSON at `path` now and every second; it is told null while there is none.
  const poll = (path, show) => {
    const once = async () => {
      try {
        const answer = await fetch(path);
        show(answer.ok ? await answer.json() : null);
        document.body.classList.remove('offline');
      } catch (error) {
        document.body.classList.add('offline');
      }
      setTimeout(once, 1000);
    };
    once();
  };

  document.querySelectorAll('time[data-at]').forEach((element) => element.replaceWith(time(Number(element.dataset.at))));
  return { h, points, signed, time, fromNow, poll };
})();
