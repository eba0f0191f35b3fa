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

  const language = document.documentElement.lang;
  const number = (form, name) => Number(form.elements[name].value);
  const rounded = (amount, digits = 0) =>
    amount.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const workingDays = (from, count) => {
    const day = new Date(from);
    for (let left = count; left > 0; ) {
      day.setDate(day.getDate() + 1);
      if (day.getDay() % 6) left -= 1;
    }
    return day.toLocaleDateString(language, { weekday: 'long', day: 'numeric', month: 'long' });
  };
  // What each tool works out, for the blanks in its form's data-answer.
  const tools = {
    'lost-enquiries': (form) => {
      const lost = (number(form, 'enquiries') * number(form, 'unanswered')) / 100;
      return { lost: rounded(lost), value: rounded((lost / 4) * number(form, 'value')) };
    },
    'quoting-time': (form) => {
      const hours = (number(form, 'quotes') * (number(form, 'minutes') - 11)) / 60;
      return { hours: rounded(hours, 1), value: rounded(hours * 46) };
    },
    'follow-up-plan': (form) => {
      const sent = form.elements.sent.value;
      return { first: workingDays(sent, 3), second: workingDays(sent, 10) };
    },
    'win-rate': (form) => {
      const rate = (100 * number(form, 'won')) / number(form, 'sent');
      return { rate: rounded(rate), advice: form.dataset[rate < 20 ? 'low' : rate > 50 ? 'high' : 'middle'] };
    },
  };
  all('form[data-tool]').forEach((form) =>
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const found = tools[form.dataset.tool](form);
      form.querySelector('output').textContent = form.dataset.answer.replace(/\{(\w+)\}/g, (_, name) => found[name]);
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
