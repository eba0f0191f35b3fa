// Shows a mail as soon as it was sent, unless another one is being read; tells which are opened.
(() => {
  const opened = document.querySelectorAll('[data-open]');
  opened.forEach((mail) =>
    mail.addEventListener('toggle', () => {
      if (mail.open) fetch(`/_demo/api/mails/${encodeURIComponent(mail.dataset.open)}/open`, { method: 'POST' });
    })
  );
  const { newest } = document.getElementById('mailbox').dataset;
  desk.poll('/_demo/api/mails', (mails) => {
    if ([...opened].some((mail) => mail.open)) return;
    if (mails && (mails.length ? mails[0].id : '') !== newest) location.reload();
  });
})();
