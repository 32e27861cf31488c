// Says under a text field how many characters are left, counted as the server counts them:
// Unicode code points, without the white space around the text.
(() => {
  const ANNOUNCE_FROM = 10;

  document.querySelectorAll('[data-counter]').forEach((field) => {
    const counter = document.getElementById(field.dataset.counter);
    const plain = counter.parentElement.querySelector('[data-counter-plain]');
    const limit = Number(field.dataset.limit);

    const count = () => {
      const left = limit - [...field.value.trim()].length;
      counter.textContent = counter.dataset.label.replace('{count}', left);
      counter.classList.toggle('over-limit', left < 0);
      // Read out only when it begins to matter.
      counter.setAttribute('aria-live', left <= ANNOUNCE_FROM ? 'polite' : 'off');
    };

    plain.hidden = true;
    counter.hidden = false;
    field.addEventListener('input', count);
    count();
  });
})();
