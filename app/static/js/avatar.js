// Shows which square of a picture will be seen, before it is sent, and lets it be moved: by the
// slider, or by dragging. Without this script the middle one is taken.
(() => {
  const input = document.querySelector('.picture-choice input[type=file]');
  const preview = document.querySelector('.picture-preview');
  const canvas = preview.querySelector('canvas');
  const slider = preview.querySelector('input[type=range]');
  const sliderBox = preview.querySelector('.picture-place');
  const context = canvas.getContext('2d');
  let picture = null;

  const draw = () => {
    const { width, height } = picture;
    const side = Math.min(width, height);
    const place = slider.value / 100;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, (width - side) * place, (height - side) * place, side, side,
      0, 0, canvas.width, canvas.height);
  };

  input.addEventListener('change', async () => {
    const [file] = input.files;
    preview.hidden = true;
    picture?.close();
    picture = null;
    slider.value = 50;
    if (!file) return;
    try {
      picture = await createImageBitmap(file);
    } catch {
      return; // Whether it is a picture the server says.
    }
    if (input.files[0] !== file) return;
    sliderBox.hidden = picture.width === picture.height;
    canvas.classList.toggle('can-be-moved', !sliderBox.hidden);
    preview.hidden = false;
    draw();
  });

  slider.addEventListener('input', draw);

  let from = null;
  canvas.addEventListener('pointerdown', (event) => {
    from = { x: event.clientX, y: event.clientY, value: Number(slider.value) };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!from || !picture || sliderBox.hidden) return;
    const side = Math.min(picture.width, picture.height);
    const over = Math.abs(picture.width - picture.height) / side * canvas.clientWidth;
    const way = picture.width > picture.height ? event.clientX - from.x : event.clientY - from.y;
    slider.value = from.value - way / over * 100;
    draw();
  });
  ['pointerup', 'pointercancel'].forEach((name) => canvas.addEventListener(name, () => { from = null; }));
})();
