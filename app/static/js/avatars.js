// Takes away the pictures that cannot be loaded, so that the letters drawn under them are seen.
(() => {
  const isBroken = (image) => image.complete && image.naturalWidth === 0;

  document.querySelectorAll('.avatar img').forEach((image) => {
    if (isBroken(image) && image.loading !== 'lazy') image.remove();
  });
  document.addEventListener('error', (event) => {
    if (event.target.matches?.('.avatar img')) event.target.remove();
  }, true);
})();
