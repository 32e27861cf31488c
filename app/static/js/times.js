// Fills in the <time> elements that Flask-Moment's templates leave in UTC: in the reader's own time
// zone, in the page's language. One without a format is relative to now, and kept fresh.
(() => {
  // What has no number: "an hour ago" and its like. The rest is what `Intl` says.
  const words = document.currentScript.dataset;
  const language = document.documentElement.lang || undefined;
  const relative = new Intl.RelativeTimeFormat(language);
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
  const MONTH = (146097 / 4800) * DAY; // of 400 years
  const YEAR = 12 * MONTH;
  // As moment.js rounds: each unit up to so many of it, then the next.
  const units = [
    ['minute', MINUTE, 44], ['hour', HOUR, 21], ['day', DAY, 25], ['month', MONTH, 10],
    ['year', YEAR, Infinity],
  ];
  const FEW_SECONDS = 44;

  const absolute = (date, format) =>
    new Intl.DateTimeFormat(language, formats[format] || formats.LLL).format(date);

  const fromNow = (date) => {
    // A clock that is a little slow must not put a new post into the future.
    const seconds = Math.max(0, (Date.now() - date) / 1000);
    if (Math.round(seconds) <= FEW_SECONDS) return words.seconds;
    const inUnit = (length) => Math.round(seconds / length);
    const [unit, length] = units.find(([, length, most]) => inUnit(length) <= most);
    const count = inUnit(length);
    return count === 1 ? words[unit] : relative.format(-count, unit);
  };

  const show = (element) => {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) return;
    const { format } = element.dataset;
    element.textContent = format ? absolute(date, format) : fromNow(date);
    if (!format) element.title = absolute(date, 'LLL');
  };

  const showAll = (root) => root.querySelectorAll('time').forEach(show);

  showAll(document);
  setInterval(() => {
    document.querySelectorAll('time:not([data-format])').forEach(show);
  }, MINUTE * 1000);
  // Other scripts that put times into the page call this.
  window.showTimes = showAll;
})();
