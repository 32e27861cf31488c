// Shows the pictures of a post large, in a dialog over the page: with buttons, arrow keys and swipes.
// Without this script each has a page of its own.
(() => {
  const words = document.currentScript.dataset;
  const dialog = document.createElement('dialog');
  if (!dialog.showModal) return;
  dialog.className = 'album';
  dialog.setAttribute('aria-label', words.title);

  const add = (parent, name, className) => {
    const element = parent.appendChild(document.createElement(name));
    if (className) element.className = className;
    return element;
  };
  const button = (className, label, sign, act) => {
    const element = add(dialog, 'button', className);
    element.type = 'button';
    element.setAttribute('aria-label', label);
    element.textContent = sign;
    element.addEventListener('click', act);
    return element;
  };

  let links = [];
  let place = 0;
  const figure = add(dialog, 'figure');
  const image = add(figure, 'img');
  const caption = add(figure, 'figcaption');

  const show = (next) => {
    if (!links[next]) return;
    place = next;
    const small = links[place].querySelector('img');
    const description = links[place].parentElement.querySelector('.alt p');
    // The last of its sizes is the largest.
    const largest = small.srcset.split(',').pop().trim().split(' ')[0];
    image.src = largest || small.src;
    image.alt = small.alt;
    caption.textContent = description ? description.textContent : '';
    previous.hidden = place === 0;
    following.hidden = place === links.length - 1;
  };

  const previous = button('previous', words.previous, '‹', () => show(place - 1));
  const following = button('next', words.next, '›', () => show(place + 1));
  button('close', words.close, '×', () => dialog.close());

  const isBackwards = document.documentElement.dir === 'rtl';
  const step = (toTheRight) => show(place + (toTheRight !== isBackwards ? 1 : -1));
  // Not of the dialog: a button that is hidden leaves the focus to nobody.
  document.addEventListener('keydown', (event) => {
    if (!dialog.open) return;
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') step(event.key === 'ArrowRight');
  });
  let start = null;
  figure.addEventListener('pointerdown', (event) => { start = event.clientX; });
  figure.addEventListener('pointerup', (event) => {
    const way = start === null ? 0 : event.clientX - start;
    start = null;
    if (Math.abs(way) > 40) step(way < 0);
    else if (event.target === figure) dialog.close();
  });
  image.draggable = false;
  dialog.addEventListener('close', () => {
    links[place].focus();
    image.removeAttribute('src');
  });

  document.addEventListener('click', (event) => {
    const link = event.target.closest('.pictures a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    links = [...link.closest('.pictures').querySelectorAll('a')];
    if (!dialog.isConnected) document.body.append(dialog);
    show(links.indexOf(link));
    dialog.showModal();
  });
})();
