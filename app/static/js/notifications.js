// Asks every ten seconds what is new for the person who is logged in, and shows it without a
// reload: the numbers of unread messages and of new activity, that there are new posts, and how far
// the jobs are. Rests in a hidden tab, asks less and less often while the server does not answer, and stops for good when the
// session has ended.
(() => {
  const INTERVAL = 10_000;
  const LONGEST_INTERVAL = 5 * 60_000;
  const PATIENCE = 30_000; // without news of a running job, after which its notice is renewed

  const { url } = document.currentScript.dataset;
  let since = 0;
  let delay = INTERVAL;
  let timer = null;
  let ended = false;
  let asking = false;

  const get = (address) => fetch(address, {
    redirect: 'manual',
    signal: AbortSignal.timeout(INTERVAL),
  });

  // For a screen reader: all that one answer brought, at once

  const announcer = document.getElementById('announcer');
  let heard = [];

  const announce = () => {
    if (heard.length) announcer.textContent = heard.filter(Boolean).join(' ');
    heard = [];
  };

  // Messages and activity

  const setCount = (id, count) => {
    const badge = document.getElementById(id);
    if (!badge || badge.textContent === String(count)) return;
    badge.textContent = count;
    badge.classList.toggle('invisible', count === 0);
    heard.push(count ? badge.dataset.label.replace('{count}', count) : '');
  };

  // Posts

  const newPosts = document.getElementById('new-posts'); // on the first page of a timeline

  const question = () => {
    const asked = new URLSearchParams({ since });
    if (newPosts?.hidden) {
      asked.set('timeline', newPosts.dataset.timeline);
      asked.set('newest', newPosts.dataset.newest);
    }
    return asked;
  };

  const showNewPosts = () => {
    if (!newPosts?.hidden) return;
    newPosts.hidden = false;
    heard.push(newPosts.dataset.label);
  };

  // Jobs

  const heardOf = new WeakMap(); // notice of a running job: when there was news of it

  const renew = async (notice) => {
    heardOf.set(notice, Date.now());
    const response = await get(notice.dataset.taskUrl);
    if (response.status === 404) notice.remove();
    if (!response.ok) return;
    const template = document.createElement('template');
    template.innerHTML = await response.text();
    notice.replaceWith(template.content);
  };

  const setTaskProgress = (id, progress) => {
    const percent = document.getElementById(`${id}-progress`);
    if (!percent) return;
    const notice = percent.closest('[data-task-url]');
    percent.textContent = progress;
    notice.querySelector('progress').value = progress;
    heardOf.set(notice, Date.now());
  };

  const renewNotices = (tasks) => {
    const running = [...document.querySelectorAll('[data-task-url]')];
    const due = running.filter((notice) => {
      if (!heardOf.has(notice)) heardOf.set(notice, Date.now());
      const isOver = tasks.some((id) => notice.querySelector(`[id="${id}-progress"]`));
      return isOver || Date.now() - heardOf.get(notice) > PATIENCE;
    });
    return Promise.all(due.map(renew));
  };

  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (!form.matches('.task-dismiss')) return;
    event.preventDefault();
    try {
      await fetch(form.action, {
        method: 'POST',
        headers: { 'X-Requested-With': 'notice' },
        body: new FormData(form),
        redirect: 'manual',
      });
      form.closest('.task').remove();
      document.getElementById('content').focus();
    } catch {
      form.submit();
    }
  });

  // Asking

  const ask = async () => {
    const response = await get(`${url}?${question()}`);
    if (response.type === 'opaqueredirect') {
      // To the login page.
      ended = true;
      return;
    }
    if (!response.ok) throw new Error(response.statusText);
    const over = [];
    (await response.json()).forEach(({ name, data, timestamp }) => {
      switch (name) {
        case 'unread_message_count':
          setCount('message_count', data);
          break;
        case 'unread_activity_count':
          setCount('activity_count', data);
          break;
        case 'new_posts':
          showNewPosts();
          break;
        case 'task_progress':
          setTaskProgress(data.task_id, data.progress);
          if (data.progress >= 100) over.push(data.task_id);
          break;
        case 'task_failed':
          over.push(data.task_id);
          break;
      }
      since = timestamp;
    });
    announce();
    await renewNotices(over);
  };

  const schedule = () => {
    clearTimeout(timer);
    if (!ended && !document.hidden) timer = setTimeout(run, delay);
  };

  const run = async () => {
    if (asking || ended) return;
    asking = true;
    try {
      await ask();
      delay = INTERVAL;
    } catch {
      delay = Math.min(delay * 2, LONGEST_INTERVAL);
    }
    asking = false;
    schedule();
  };

  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (!document.hidden) run();
  });
  renewNotices([]);
  schedule();
})();
