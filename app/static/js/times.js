// Fills in the <time> elements that Flask-Moment's templates leave in UTC: in the reader's own time
// zone, in the page's language, and kept fresh where they are relative to now.
(() => {
  const language = document.documentElement.lang || undefined;
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const formats = {
    LT: { timeStyle: 'short' },
    L: { year: 'numeric', month: '2-digit', day: '2-digit' },
    LL: { dateStyle: 'long' },
    lll: { dateStyle: 'medium', timeStyle: 'short' },
    LLL: { dateStyle: 'long', timeStyle: 'short' },
    LLLL: { dateStyle: 'full', timeStyle: 'short' },
  };
  const MINUTE = 60;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const units = [
    ['year', 365 * DAY], ['month', 30 * DAY], ['week', 7 * DAY],
    ['day', DAY], ['hour', HOUR], ['minute', MINUTE],
  ];

  const absolute = (date, format) =>
    new Intl.DateTimeFormat(language, formats[format] || formats.LLL).format(date);

  const fromNow = (date) => {
    // A clock that is a little slow must not put a new post into the future.
    const seconds = Math.min(0, (date - Date.now()) / 1000);
    const [unit, length] = units.find(([, length]) => -seconds >= length) || ['second', 1];
    // Under a minute is "now": a text that counted seconds would be stale at once.
    return relative.format(unit === 'second' ? 0 : Math.ceil(seconds / length), unit);
  };

  const show = (element) => {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) return;
    const isRelative = element.dataset.function === 'fromNow';
    element.textContent = isRelative ? fromNow(date) : absolute(date, element.dataset.format);
    if (isRelative) element.title = absolute(date, 'LLL');
  };

  const showAll = (root) => root.querySelectorAll('time[data-function]').forEach(show);

  showAll(document);
  setInterval(() => {
    document.querySelectorAll('time[data-refresh]').forEach(show);
  }, MINUTE * 1000);
  // Other scripts that put times into the page call this.
  window.showTimes = showAll;
})();
