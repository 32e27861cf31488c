// Asks in a dialog what the link beside a message would ask on a page of its own: to delete it?
(() => {
  const dialog = document.getElementById('deletion');

  document.addEventListener('click', (event) => {
    const link = event.target.closest('.message-delete');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !dialog.showModal) return;
    event.preventDefault();
    const message = document.getElementById(link.getAttribute('aria-describedby'));
    dialog.querySelector('.about').textContent = message.textContent;
    dialog.querySelector('form').action = link.href;
    dialog.showModal();
  });
})();
