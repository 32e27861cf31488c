// Makes passkeys and shows them. Without this script, or where the browser knows none, the forms for
// that stay hidden.
(() => {
  const known = window.PublicKeyCredential;
  if (!known?.parseCreationOptionsFromJSON || !known.parseRequestOptionsFromJSON) return;

  const ask = {
    create: (options) => navigator.credentials.create({
      publicKey: known.parseCreationOptionsFromJSON(options),
    }),
    get: (options) => navigator.credentials.get({
      publicKey: known.parseRequestOptionsFromJSON(options),
    }),
  };

  document.querySelectorAll('[data-without-passkeys]').forEach((text) => { text.hidden = true; });
  document.querySelectorAll('form[data-passkey]').forEach((form) => {
    const { elements, dataset } = form;
    const button = form.querySelector('button');
    const error = form.querySelector('[role=alert]');
    form.hidden = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      button.disabled = true;
      error.hidden = true;
      try {
        const response = await fetch(dataset.url, {
          method: 'POST',
          headers: { Accept: 'application/json', 'X-CSRFToken': elements.csrf_token.value },
        });
        // Somebody who has to log in, or to prove who they are, does so first.
        if (response.redirected) {
          location.reload();
          return;
        }
        if (!response.ok) throw new Error(response.status);
        const credential = await ask[dataset.passkey](await response.json());
        elements.credential.value = JSON.stringify(credential);
        const remember = document.getElementById('remember_me');
        if (remember?.checked) form.append(Object.assign(remember.cloneNode(), { hidden: true, id: '' }));
        form.submit();
      } catch {
        error.hidden = false;
        button.disabled = false;
      }
    });
  });
})();
