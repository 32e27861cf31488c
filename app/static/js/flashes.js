// Closes a notice. Without a script it goes with the next page.
document.addEventListener('click', (event) => {
  const notice = event.target.closest('.flash .btn-close')?.parentElement;
  if (!notice) return;
  notice.remove();
  document.getElementById('content').focus();
});
