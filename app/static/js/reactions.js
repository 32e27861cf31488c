// Likes, reposts and bookmarks in place: the button changes at once, and back again, with a word
// below it, when the server refuses. Without this script the same buttons lead back to the page.
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

  // For the eye; the announcer says the same.
  const complain = (article) => {
    const error = document.createElement('p');
    error.className = 'reaction-error';
    error.textContent = texts.failed;
    article.append(error);
  };

  const send = async (button, form) => {
    const { address, action } = parts(button);
    const article = button.closest('article');
    article.querySelector('.reaction-error')?.remove();
    turn(button);
    // Not disabled: it would lose the focus.
    button.setAttribute('aria-busy', 'true');
    try {
      const response = await fetch(`${address}/${action}`, {
        method: 'POST',
        headers: { 'X-Requested-With': 'reactions' },
        body: new URLSearchParams(new FormData(form)),
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (!response.ok) throw new Error(response.status);
      announcer.textContent = await response.text();
    } catch {
      turn(button);
      complain(article);
      announcer.textContent = texts.failed;
    }
    button.removeAttribute('aria-busy');
  };

  document.addEventListener('submit', (event) => {
    const button = event.submitter;
    if (event.target.id !== 'r' || !button?.closest('article')) return;
    event.preventDefault();
    if (!button.hasAttribute('aria-busy')) send(button, event.target);
  });
})();
