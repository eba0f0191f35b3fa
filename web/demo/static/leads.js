// The list of leads, as it is now.
(() => {
  const { h, points, fromNow, poll } = desk;
  const line = (lead) =>
    h('a', { class: 'panel lead-line', href: `/_demo/leads/${encodeURIComponent(lead.subject)}` },
      h('span', { class: 'lead-score' }, points(Object.values(lead.scores)[0])),
      h('span', { class: 'lead-who' }, h('strong', {}, lead.name), lead.company && h('span', {}, lead.company), h('span', { class: 'muted' }, lead.address || lead.subject)),
      h('span', { class: 'chip' }, [lead.phase, ...Object.values(lead.grades)].join(' · ')),
      h('span', { class: 'muted lead-when' }, h('span', {}, `${lead.events} events`), h('span', {}, fromNow(lead.lastActive)))
    );
  poll('/_demo/api/leads', (leads) => {
    if (!leads) return;
    document.getElementById('count').textContent = leads.length;
    document.getElementById('leads').replaceChildren(
      ...(leads.length ? leads.map(line) : [h('p', { class: 'empty panel' }, 'Nobody yet. Accept in the cookie banner of the website, and you are the first.')])
    );
  });
})();
