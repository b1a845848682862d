// Moments in the reader's own time zone and language; the server wrote them in UTC.
import { language, say } from "./words.js";

const two = (number) => String(number).padStart(2, "0");
const day = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
const write = (moment, options) => new Intl.DateTimeFormat(language, options).format(moment);
const clock = (moment, seconds) =>
  write(moment, { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23" });
const long = { month: "long", day: "numeric", year: "numeric" };
const short = { month: "short", day: "numeric", year: "numeric" };

const WORDS = {
  date_num: (moment) => [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-"),
  date: (moment) => write(moment, long),
  date_short: (moment) => write(moment, short),
  date_long: (moment) => write(moment, { weekday: "long", ...long }),
  date_pretty: (moment) => near(moment) || write(moment, long),
  date_short_pretty: (moment) => near(moment) || write(moment, short),
  date_long_pretty: (moment) => near(moment) || write(moment, { weekday: "long", ...long }),
  time: (moment) => clock(moment),
  time_secs: (moment) => clock(moment, true),
  day_divider_pretty: (moment) => near(moment) || dayName(moment),
  ago,
};

export function dayName(moment) {
  return near(moment) || write(moment, { weekday: "long", month: "long", day: "numeric" });
}

export function draw(root = document) {
  for (const element of root.querySelectorAll("time[data-pattern]")) {
    const moment = new Date(element.dateTime);
    const drawn = element.dataset.pattern.replace(/\{(\w+)\}/g, (all, word) => WORDS[word]?.(moment) ?? all);
    element.textContent = within(element) && drawn.startsWith(near(moment)) ? uncapitalized(drawn) : drawn;
    element.title = `${write(moment, { weekday: "long", ...long })}, ${clock(moment, true)}`;
  }
  for (const input of root.querySelectorAll("input[data-seconds]")) {
    const moment = new Date(Number(input.dataset.seconds) * 1000);
    input.value = new Date(moment - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  }
}

// "today" in a sentence, "Today" where one begins.
const within = (element) => Boolean(element.previousSibling?.textContent.trim());
const uncapitalized = (text) => text[0].toLowerCase() + text.slice(1);

function near(moment) {
  const days = Math.round((day(new Date()) - day(moment)) / 86400000);
  return { "-1": say("Tomorrow"), 0: say("Today"), 1: say("Yesterday") }[days];
}

function ago(moment) {
  const minutes = Math.floor((Date.now() - moment) / 60000);
  if (minutes < 1) return say("just now");
  if (minutes < 60) return say(minutes === 1 ? "{count} minute ago" : "{count} minutes ago", { count: minutes });
  if (minutes < 1440) return say("{count} h ago", { count: Math.floor(minutes / 60) });
  return `${write(moment, { month: "short", day: "numeric" })}, ${clock(moment)}`;
}

setInterval(() => draw(), 30000);
