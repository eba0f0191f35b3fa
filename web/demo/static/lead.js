// One lead, live: phases, score with every contribution, timeline, mails, what is due.
(() => {
  const { h, points, signed, time, fromNow, poll } = desk;
  const root = document.getElementById('lead');
  let sweepResult = '';
  let shown = '';

  const head = (lead) =>
    h('header', { class: 'lead-head' },
      h('div', {},
        h('h1', {}, lead.name),
        h('p', { class: 'muted' }, [lead.company, lead.address].filter(Boolean).join(' · '), (lead.company || lead.address) && h('br'), h('code', {}, lead.subject))
      ),
      ...lead.profiles.map((profile) =>
        h('p', { class: 'big-score' }, h('strong', {}, points(profile.score)), h('span', {}, profile.name))
      )
    );

  const phases = (lead) => {
    const visited = new Set(lead.moves.map((move) => move.phase));
    return h('section', { class: 'panel', 'aria-label': 'Phase' },
      h('ol', { class: 'phases' },
        ...lead.phases.map((phase) => {
          const [name, german] = phase.title.split(/ (?=\()/);
          const current = phase.name === lead.current;
          return h('li', { class: current ? 'current' : visited.has(phase.name) ? 'visited' : null, 'aria-current': current && 'step' },
            h('strong', {}, name), german && h('span', {}, german.replace(/[()]/g, '')));
        })
      ),
      h('ol', { class: 'moves' },
        ...lead.moves.map((move) => h('li', {}, time(move.at), h('span', {}, h('strong', {}, move.title), ' ', h('span', { class: 'muted' }, move.reason))))
      )
    );
  };

  const score = (profile) =>
    h('section', { class: 'panel' },
      h('h2', {}, profile.title),
      h('p', { class: 'muted' }, `Every point explained.${profile.halfLife ? ` Points halve every ${profile.halfLife}.` : ''}`),
      h('div', { class: 'scroll' }, h('table', {},
        h('thead', {}, h('tr', {}, h('th', {}, 'When'), h('th', {}, 'What'), h('th', { class: 'number' }, 'Then'), h('th', { class: 'number' }, 'Now'))),
        h('tbody', {}, ...profile.contributions.map((one) =>
          h('tr', {}, h('td', {}, time(one.at)), h('td', {}, one.rule, h('span', { class: 'muted block' }, `${one.event} ${one.path}`)),
            h('td', { class: 'number' }, signed(one.points)), h('td', { class: 'number' }, signed(one.left))))),
        h('tfoot', {}, h('tr', {}, h('td', {}), h('th', {}, 'Sum, which is the score'), h('td', { class: 'number' }, points(profile.contributions.reduce((sum, one) => sum + one.points, 0))), h('td', { class: 'number' }, points(profile.score))))
      )),
      profile.contributions.length === 0 && h('p', { class: 'muted' }, 'No points yet.'),
      profile.unexplained !== 0 && h('p', { class: 'wrong' }, `Not explained: ${profile.unexplained} points. This is a bug.`)
    );

  const known = (lead) =>
    h('section', { class: 'panel' },
      h('h2', {}, 'What is known'),
      h('dl', { class: 'known' }, ...lead.known.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)]))
    );

  const sweep = () => {
    const button = h('button', { class: 'button', type: 'button' }, 'Run the sweep now');
    button.addEventListener('click', async () => {
      button.disabled = true;
      sweepResult = 'Sweeping …';
      shown = '';
      const answer = await fetch('/_demo/api/sweep', { method: 'POST' });
      sweepResult = answer.ok ? `Done at ${new Date().toLocaleTimeString('en-GB')}: ${(await answer.json()).due} due.` : 'The trigger function failed.';
      shown = '';
    });
    return button;
  };

  const waitsFor = (lead) => {
    if (!lead.address) return 'waits for an address';
    return lead.reachable ? 'goes out with the next sweep' : 'is not sent: the address belongs to another lead';
  };

  const mails = (lead) => {
    const sent = lead.timeline.filter((event) => event.source === 'ripen' && /^Email /.test(event.name));
    return h('section', { class: 'panel' },
      h('h2', {}, 'Mails'),
      lead.pending.length + sent.length === 0 && h('p', { class: 'muted' }, 'None pending, none sent.'),
      h('ul', { class: 'mails' },
        ...lead.pending.map((mail) => h('li', {}, h('span', { class: 'chip waiting' }, 'pending'), h('span', {}, mail.campaign, h('span', { class: 'muted block' }, waitsFor(lead))))),
        ...sent.map((event) => h('li', {}, h('span', { class: 'chip' }, event.name.replace('Email ', '').toLowerCase()), h('span', {}, event.details.mail || event.details.intent || '', h('span', { class: 'muted block' }, time(event.at)))))
      ),
      sent.length > 0 && h('p', {}, h('a', { href: '/_demo/mailbox' }, 'Open the mailbox')),
      h('p', { class: 'due' }, h('strong', {}, 'Due next: '), lead.dueAt ? [time(lead.dueAt), h('span', { class: 'muted' }, ` (${fromNow(lead.dueAt)})`)] : 'nothing'),
      h('div', { class: 'row' }, sweep(), h('span', { class: 'muted', role: 'status' }, sweepResult)),
      lead.suppressed && h('p', { class: 'wrong' }, `Gets no marketing mail: ${lead.suppressed}.`)
    );
  };

  const timeline = (lead) =>
    h('section', { class: 'panel' },
      h('h2', {}, 'Timeline ', h('span', { class: 'count' }, lead.timeline.length)),
      h('ol', { class: 'timeline' },
        ...lead.timeline.map((event) =>
          h('li', { class: event.source === 'ripen' ? 'ours' : null },
            time(event.at),
            h('div', {}, h('strong', {}, event.name),
              h('span', { class: 'facts' }, ...Object.entries(event.details).map(([key, value]) => h('span', {}, key !== 'path' && h('i', {}, key), value)))))
        )
      )
    );

  poll(`/_demo/api/leads/${encodeURIComponent(root.dataset.subject)}`, (lead) => {
    if (!lead) return;
    // Redrawn only when something to be seen has changed, so that a selection or a focus stays.
    const state = JSON.stringify([lead.timeline, lead.known, lead.pending, lead.dueAt, lead.settled, lead.reachable, points(lead.profiles[0].score), sweepResult, lead.dueAt && fromNow(lead.dueAt)]);
    if (state === shown) return;
    shown = state;
    document.title = `${lead.name}, ${points(lead.profiles[0].score)} · Ripen demo`;
    root.replaceChildren(
      head(lead), phases(lead),
      h('div', { class: 'columns' }, h('div', {}, ...lead.profiles.map(score), mails(lead)), h('div', {}, known(lead), timeline(lead))),
      h('p', { class: 'muted foot' }, lead.settled ? 'The score function has written the same score and phase.' : 'The score function is about to follow …')
    );
  });
})();
