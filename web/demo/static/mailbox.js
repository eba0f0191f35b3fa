// Shows a mail as soon as it was sent.
(() => {
  const { newest } = document.getElementById('mailbox').dataset;
  desk.poll('/_demo/api/mails', (mails) => {
    if (mails && (mails.length ? mails[0].id : '') !== newest) location.reload();
  });
})();
