// Shows the page anew as soon as there is something new to show.
(() => {
  const { stamp } = document.getElementById('status').dataset;
  desk.poll('/_demo/rules/stamp', (found) => {
    if (found && found.stamp !== stamp) location.replace('/_demo/rules/');
  });
})();
