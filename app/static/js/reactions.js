// Likes, reposts and bookmarks in place: the button changes at once, and back again when the server
// refuses. Without this script the same buttons lead back to the page.
(() => {
  const texts = document.currentScript.dataset;
  const announcer = document.getElementById('announcer');
  const PATIENCE = 10_000; // milliseconds

  const opposite = (action) => (action.startsWith('un') ? action.slice(2) : `un${action}`);

  const parts = (button) => {
    const [, address, action] = /^(.*)\/(\w+)$/.exec(button.getAttribute('formaction'));
    return { address, action, count: Number(/\d*$/.exec(button.textContent)[0]) };
  };

  const turn = (button) => {
    const { address, action, count } = parts(button);
    const next = opposite(action);
    const isCounted = !action.endsWith('bookmark');
    const number = isCounted ? Math.max(count + (action.startsWith('un') ? -1 : 1), 0) : 0;
    button.setAttribute('formaction', `${address}/${next}`);
    button.textContent = texts[next] + (number ? ` ${number}` : '');
  };

  const send = async (button, form) => {
    const { address, action } = parts(button);
    const body = new URLSearchParams(new FormData(form));
    turn(button);
    button.disabled = true;
    try {
      const response = await fetch(`${address}/${action}`, {
        method: 'POST',
        headers: { 'X-Requested-With': 'reactions' },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.status !== 204) throw new Error(response.status);
      announcer.textContent = texts[`${action}${action.endsWith('e') ? 'd' : 'ed'}`];
    } catch {
      turn(button);
      announcer.textContent = texts.failed;
    }
    button.disabled = false;
    button.focus({ preventScroll: true });
  };

  document.addEventListener('submit', (event) => {
    const button = event.submitter;
    if (event.target.id !== 'r' || !button?.closest('article')) return;
    event.preventDefault();
    send(button, event.target);
  });
})();
