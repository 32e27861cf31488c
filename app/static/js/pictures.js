// Uploads the pictures of a post while it is being written: chosen, pasted or dropped. Each is shown
// with a place for its description, and can be moved or removed. Without this script they are sent
// together with the post.
(() => {
  const words = document.currentScript.dataset;

  document.querySelectorAll('.pictures-field').forEach((field) => {
    const form = field.closest('form');
    const list = field.querySelector('ol');
    const status = field.querySelector('.pictures-status');
    const input = field.querySelector('input[type=file]');
    const details = field.querySelector('details');
    const submit = form.querySelector('[type=submit]');
    let running = 0;

    field.querySelector('.new-alts').remove();

    const move = (item, isLater) => {
      const other = isLater ? item.nextElementSibling : item.previousElementSibling;
      if (!other) return;
      if (isLater) other.after(item); else other.before(item);
    };

    const equip = (item) => {
      const box = item.querySelector('[name=remove]');
      box.addEventListener('change', () => {
        item.remove();
        input.focus();
      });
      ['earlier', 'later'].forEach((name) => {
        const button = item.querySelector(`.${name}`);
        button.hidden = false;
        button.addEventListener('click', () => {
          move(item, name === 'later');
          button.focus();
        });
      });
    };

    const upload = (file) => {
      const item = document.createElement('li');
      item.className = 'chosen-picture';
      const box = item.appendChild(document.createElement('div'));
      const bar = document.createElement('progress');
      bar.max = 1;
      bar.value = 0;
      bar.setAttribute('aria-label', words.uploading.replace('{name}', file.name));
      const request = new XMLHttpRequest();
      box.append(bar);
      list.append(item);

      const data = new FormData();
      data.append('file', file);
      request.open('POST', words.url);
      request.setRequestHeader('X-CSRFToken', form.elements.csrf_token.value);
      request.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
      request.upload.addEventListener('progress', (event) => { bar.value = event.loaded / event.total; });
      request.addEventListener('loadend', () => {
        running -= 1;
        submit.disabled = running > 0;
        if (request.status === 200 && request.responseText.trim().startsWith('<li')) {
          item.insertAdjacentHTML('afterend', request.responseText);
          equip(item.nextElementSibling);
        } else {
          const isSentence = request.getResponseHeader('Content-Type')?.startsWith('text/plain');
          status.textContent = `${file.name}: ${isSentence ? request.responseText : words.failed}`;
        }
        item.remove();
      });
      running += 1;
      submit.disabled = true;
      request.send(data);
    };

    const take = (files) => {
      status.textContent = '';
      details.open = true;
      [...files].forEach((file) => {
        if (list.children.length >= Number(field.dataset.most)) status.textContent = words.tooMany;
        else upload(file);
      });
    };

    list.querySelectorAll('li').forEach(equip);
    input.addEventListener('change', () => {
      take(input.files);
      input.value = '';
    });
    form.addEventListener('paste', (event) => {
      const files = event.clipboardData?.files ?? [];
      if (!files.length) return;
      event.preventDefault();
      take(files);
    });
    form.addEventListener('dragover', (event) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      field.classList.add('is-dropped-on');
    });
    form.addEventListener('dragleave', () => field.classList.remove('is-dropped-on'));
    form.addEventListener('drop', (event) => {
      field.classList.remove('is-dropped-on');
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      take(event.dataTransfer.files);
    });
  });
})();
