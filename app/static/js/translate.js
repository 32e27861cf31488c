// Translates a post in place. What to say, and to whom to talk, is in the data of the script element.
(() => {
  const { url, csrfToken, waiting, tooOften, failed } = document.currentScript.dataset;
  const { lang, dir } = document.documentElement;
  const TOO_MANY_REQUESTS = 429;

  const ask = async (text, from) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { Accept: 'application/json', 'X-CSRFToken': csrfToken },
      body: new URLSearchParams({ text, source_language: from, dest_language: lang }),
    });
    if (response.status === TOO_MANY_REQUESTS) return { text: tooOften, failed: true };
    // Somebody who has logged out gets the login page instead.
    if (!response.ok || response.redirected) throw new Error(response.status);
    const answer = await response.json();
    return { text: answer.text, failed: response.headers.has('X-Translation') };
  };

  const translate = async (button) => {
    const place = button.parentElement;
    const post = document.getElementById(place.id.replace('translation', 'post'));
    const spinner = document.createElement('span');
    spinner.className = 'spinner-border spinner-border-sm';
    spinner.role = 'img';
    spinner.ariaLabel = waiting;
    const result = document.createElement('p');
    result.lang = lang;
    result.dir = dir;
    place.querySelector('p')?.remove();
    button.hidden = true;
    place.append(spinner);
    const hadFocus = document.activeElement === document.body || document.activeElement === button;
    let answer;
    try {
      answer = await ask(post.textContent, post.parentElement.lang);
    } catch {
      answer = { text: failed, failed: true };
    }
    spinner.remove();
    // As text, not as HTML: what comes back was written by strangers.
    result.textContent = answer.text;
    result.className = answer.failed ? 'translation-error' : 'post-body';
    place.append(result);
    // Who failed may try again; who has the text needs no button.
    button.hidden = !answer.failed;
    if (hadFocus && !answer.failed) {
      result.tabIndex = -1;
      result.focus({ preventScroll: true });
    } else if (hadFocus) {
      button.focus({ preventScroll: true });
    }
  };

  document.addEventListener('click', (event) => {
    const button = event.target.closest('.translation button');
    if (button) translate(button);
  });
})();
