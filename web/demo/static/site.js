// The site's own script: it loads the snippet, asks for consent and runs the small tools.
(() => {
  const { trackUrl, writeKey } = document.currentScript.dataset;
  const all = (selector) => document.querySelectorAll(selector);

  ripen.load(writeKey, { host: trackUrl });
  ripen.page();

  const banner = document.getElementById('consent');
  banner.hidden = ripen.consent() !== null;
  all('[data-consent]').forEach((button) =>
    button.addEventListener('click', () => {
      ripen.consent(button.dataset.consent === 'yes');
      banner.hidden = true;
    })
  );
  all('[data-open-consent]').forEach((button) =>
    button.addEventListener('click', () => {
      banner.hidden = false;
      banner.querySelector('button').focus();
    })
  );

  const number = (form, name) => Number(form.elements[name].value);
  const money = (amount) => Math.round(amount).toLocaleString('en');
  const workingDays = (from, count) => {
    const day = new Date(from);
    for (let left = count; left > 0; ) {
      day.setDate(day.getDate() + 1);
      if (day.getDay() % 6) left -= 1;
    }
    return day.toLocaleDateString('en', { weekday: 'long', day: 'numeric', month: 'long' });
  };
  const answers = {
    'lost-enquiries': (form) => {
      const lost = (number(form, 'enquiries') * number(form, 'unanswered')) / 100;
      return `${Math.round(lost)} enquiries wait in vain. If one in four were won: ${money((lost / 4) * number(form, 'value'))} a month.`;
    },
    'quoting-time': (form) => {
      const hours = (number(form, 'quotes') * (number(form, 'minutes') - 11)) / 60;
      return `${hours.toFixed(1)} hours a week, or ${money(hours * 46)} a year.`;
    },
    'follow-up-plan': (form) => {
      const sent = form.elements.sent.value;
      return `Ask on ${workingDays(sent, 3)}, and once more on ${workingDays(sent, 10)}.`;
    },
    'win-rate': (form) => {
      const rate = (100 * number(form, 'won')) / number(form, 'sent');
      const advice = rate < 20 ? 'ask more before you quote' : rate > 50 ? 'you are too cheap' : 'answer faster';
      return `${rate.toFixed(0)} of a hundred. The advice: ${advice}.`;
    },
  };
  all('form[data-tool]').forEach((form) =>
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      form.querySelector('output').textContent = answers[form.dataset.tool](form);
    })
  );
  all('input[type=date]').forEach((input) => {
    input.valueAsDate = new Date();
  });

  all('[data-preview]').forEach((button) =>
    button.addEventListener('click', () => {
      const preview = document.getElementById(button.dataset.preview);
      preview.hidden = !preview.hidden;
      button.setAttribute('aria-expanded', String(!preview.hidden));
    })
  );
  all('[data-done]').forEach((button) =>
    button.addEventListener('click', () => {
      document.querySelector('.done').textContent = button.dataset.done;
    })
  );
})();
