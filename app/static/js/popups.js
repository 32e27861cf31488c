// Shows who somebody is when the pointer rests on a name or its picture, or the keyboard reaches them. The
// popup stands inside the name's own element: the pointer can move into it, and Tab goes on through it.
(() => {
  const HOVER_DELAY = 1000; // milliseconds
  const FOCUS_DELAY = 300;
  const LEAVE_DELAY = 200; // to cross the edge without losing the popup
  const EDGE = 8; // pixels kept free at the window's edges
  const FRESH = 60_000; // milliseconds for which a popup's numbers are good enough

  if (!HTMLElement.prototype.showPopover) return; // an old browser: the names are links anyway

  const cards = new Map(); // address of a popup: { html, a promise; until, when to ask again }
  let open = null; // { name, popup }
  let timer = null;
  let wanted = null; // the name that the timer or a request is for

  const fetchCard = async (address) => {
    const response = await fetch(address);
    // Somebody who has logged out is led to the login page, which is nothing to show here.
    if (!response.ok || response.redirected) throw new Error(response.status);
    return response.text();
  };

  const keep = (address, html) => cards.set(address, { html, until: Date.now() + FRESH });

  // Its profile's, and a word more.
  const addressOf = (name) => `${name.querySelector('a').href}/popup`;

  const cardOf = async (name) => {
    const address = addressOf(name);
    if (!(cards.get(address)?.until > Date.now())) keep(address, fetchCard(address));
    const { html } = cards.get(address);
    try {
      return await html;
    } catch {
      // The next time it is asked for again.
      if (cards.get(address)?.html === html) cards.delete(address);
      return '';
    }
  };

  const close = () => {
    clearTimeout(timer);
    wanted = null;
    open?.popup.remove();
    open = null;
  };

  const place = ({ name, popup }) => {
    const anchor = name.querySelector('bdi').getBoundingClientRect();
    const { width, height } = popup.getBoundingClientRect();
    const view = document.documentElement;
    const isRightToLeft = getComputedStyle(name).direction === 'rtl';
    const left = isRightToLeft ? anchor.right - width : anchor.left;
    const fits = anchor.bottom + height + EDGE <= view.clientHeight || anchor.top < height;
    const top = fits ? anchor.bottom : anchor.top - height;
    const rightmost = view.clientWidth - width - EDGE;
    popup.style.left = `${window.scrollX + Math.max(EDGE, Math.min(left, rightmost))}px`;
    popup.style.top = `${window.scrollY + top}px`;
  };

  const fill = (popup, html) => {
    popup.innerHTML = html; // our own template
    window.showTimes?.(popup);
  };

  const show = async (name) => {
    const html = await cardOf(name);
    if (wanted !== name || !html) return;
    const popup = document.createElement('div');
    popup.className = 'user-popup';
    popup.role = 'group';
    popup.ariaLabel = name.querySelector('bdi').textContent;
    popup.popover = 'manual';
    fill(popup, html);
    name.append(popup);
    popup.showPopover();
    open = { name, popup };
    place(open);
  };

  const want = (name, delay) => {
    clearTimeout(timer);
    if (open?.name === name) return;
    close();
    wanted = name;
    timer = setTimeout(show, delay, name);
  };

  const leave = () => {
    clearTimeout(timer);
    if (open) timer = setTimeout(close, LEAVE_DELAY);
    else wanted = null;
  };

  const nameAt = (target) => (target instanceof Element ? target.closest('.user_popup') : null);

  document.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'mouse') return; // a finger follows the link
    const name = nameAt(event.target);
    if (name && !name.contains(event.relatedTarget)) want(name, HOVER_DELAY);
  });
  document.addEventListener('pointerout', (event) => {
    const name = nameAt(event.target);
    if (!name || name.contains(event.relatedTarget)) return;
    // What the keyboard is in stays, wherever the pointer goes.
    if (!open?.popup.querySelector(':focus-visible')) leave();
  });
  document.addEventListener('focusin', (event) => {
    const name = nameAt(event.target);
    if (name && event.target.matches(':focus-visible')) want(name, FOCUS_DELAY);
  });
  document.addEventListener('focusout', (event) => {
    const name = nameAt(event.target);
    if (name && event.relatedTarget && !name.contains(event.relatedTarget)) leave();
  });
  document.addEventListener('pointerdown', (event) => {
    if (open && !open.name.contains(event.target)) close();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || (!open && !wanted)) return;
    const link = open?.popup.contains(document.activeElement) && open.name.querySelector('a');
    close();
    if (link) {
      link.focus();
      close(); // the focus would open it again
    }
  });

  // Following from the popup leaves the page where it is.
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    const popup = form.closest('.user-popup');
    if (!popup) return;
    event.preventDefault();
    const { name } = open;
    try {
      const response = await fetch(form.action, {
        method: 'POST',
        headers: { 'X-Requested-With': 'popup' },
        body: new URLSearchParams(new FormData(form)),
      });
      const address = addressOf(name);
      if (!response.ok || response.url !== address) throw new Error(response.status);
      const html = await response.text();
      cards.clear(); // one's own numbers have changed as well
      keep(address, html);
      const hadFocus = popup.contains(document.activeElement);
      fill(popup, html);
      if (hadFocus) popup.querySelector('form [type=submit]')?.focus();
    } catch {
      // The page that comes says what is wrong. (The form's own `submit` is its button.)
      HTMLFormElement.prototype.submit.call(form);
    }
  });
})();
