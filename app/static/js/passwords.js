// A button that shows the passwords of a form, and under a new one what is wrong with it so far.
// Whether it is one of the commonest only the server knows, when the form is sent.
(() => {
  const says = document.currentScript.dataset;
  const fields = [...document.querySelectorAll('input[type=password]')];
  const last = fields.at(-1);

  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn btn-link btn-sm px-0';
  last.labels[0].id = 'shown-password';
  button.setAttribute('aria-describedby', 'shown-password');
  const show = (isShown) => {
    fields.forEach((field) => { field.type = isShown ? 'text' : 'password'; });
    button.textContent = isShown ? says.hide : says.show;
  };
  button.addEventListener('click', () => show(last.type === 'password'));
  // A browser that keeps what was typed into a text keeps no password.
  last.form.addEventListener('submit', () => show(false));
  show(false);
  last.after(button);

  if (!says.least) return;
  const field = document.getElementById('password');
  const meter = document.createElement('meter');
  const word = document.createElement('div');
  Object.assign(meter, { max: 3, low: 2, high: 2, optimum: 3, className: 'password-meter' });
  meter.setAttribute('aria-hidden', 'true');
  word.className = 'form-text';
  word.setAttribute('aria-live', 'polite');
  field.after(meter, word);

  const letters = (text) => text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{M}]/gu, '');

  const isOwn = (password) => {
    const typed = ['username', 'email'].map((id) => document.getElementById(id)?.value ?? '');
    const known = [...JSON.parse(says.known), ...typed];
    const core = letters(password);
    return core && known.flatMap((name) => [name, name.split('@')[0]]).map(letters)
      .some((name) => name && !core.replaceAll(name, ''));
  };

  const judge = () => {
    const characters = [...field.value];
    let [value, text] = [3, says.good];
    if (!characters.length) [value, text] = [0, ''];
    else if (characters.length < Number(says.least)) [value, text] = [1, says.short];
    else if (isOwn(field.value)) [value, text] = [1, says.own];
    else if (new Set(characters).size < 5) [value, text] = [1, says.same];
    else if (characters.length < 12) [value, text] = [2, says.fair];
    meter.value = value;
    if (word.textContent !== text) word.textContent = text;
  };
  field.form.addEventListener('input', judge);
})();
