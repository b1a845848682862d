// The list of messages: one article per message, swapped when it changes; days, groups and the line before what is new.
import { act, fragment, me, parsed } from "./api.js";
import { restore } from "./controls.js";
import { morph } from "./morph.js";
import { atBottom, keep } from "./place.js";
import { dayName, draw } from "./times.js";
import { say } from "./words.js";

const GROUP_SECONDS = 300;
const RICH = ".actions, .plan, .file, .scroll, .from-thread, .body pre, .replies";
const flying = new Map();
let fresh = 0;

export const log = () => document.getElementById("log");
export const threadLog = () => document.getElementById("thread-log");
export const here = () => document.getElementById("content").dataset.channel;
const articles = (list) => [...list.querySelectorAll(":scope > article")];
const flight = (list, ts) => `${list.id} ${list.dataset.channel} ${ts}`;
// Whether a message is in the list, or about to be.
export const holds = (list, ts) => flying.has(flight(list, ts)) || Boolean(find(list, ts));
export const find = (list, ts) => list?.querySelector(`:scope > article[data-ts="${CSS.escape(ts)}"]`);

// Draws one message again (or for the first time). Calls for the same message wait for each other and are joined.
export async function refresh(list, ts, isNew = false) {
  const key = flight(list, ts);
  if (flying.has(key)) return void flying.set(key, "again");
  flying.set(key, "once");
  try {
    const place = list.id === "log" ? "channel" : "thread";
    const html = await fragment("message", { channel: list.dataset.channel, ts, place });
    const current = place === "channel" ? log() : threadLog();
    if (current === list) html === null ? remove(list, ts) : put(list, parsed(html).querySelector("article"), isNew);
  } finally {
    const again = flying.get(key) === "again";
    flying.delete(key);
    if (again) refresh(list, ts);
  }
}

export function put(list, article, isNew) {
  const old = find(list, article.dataset.ts);
  const stuck = atBottom(list);
  if (old) swap(old, article);
  else insert(list, article, isNew);
  settle(list);
  if (stuck || (!old && article.dataset.author === me)) toBottom(list);
  else if (!old && isNew) announce(list);
}

// Edits are not read out again: what matters of a run comes as a message of its own.
function swap(old, article) {
  const asking = old.querySelector("dialog[open]");
  if (asking) return later(asking, old);
  draw(article);
  restore(article, old);
  article.setAttribute("aria-live", "off");
  morph(old, article);
}

// Whoever is asked whether they are sure answers first: the edit would take the question away from under the pointer.
function later(asking, old) {
  if (asking.dataset.waits) return;
  asking.dataset.waits = "true";
  asking.addEventListener("close", () => {
    delete asking.dataset.waits;
    refresh(old.parentElement, old.dataset.ts);
  }, { once: true });
}

function insert(list, article, isNew) {
  const after = articles(list).find((each) => each.dataset.ts > article.dataset.ts);
  if (isNew) article.classList.add("arrived");
  list.querySelector(".empty")?.setAttribute("hidden", "");
  list.insertBefore(article, after || null);
}

export function remove(list, ts) {
  find(list, ts)?.remove();
  settle(list);
}

// Day dividers, groups of one author, times in the reader's zone, one message in the tab order.
export function settle(list) {
  draw(list);
  list.querySelectorAll(":scope > .day, :scope > .thread-rule").forEach((each) => each.remove());
  let before = null;
  for (const article of articles(list)) {
    const moment = new Date(article.dataset.at);
    const sameDay = before && moment.toDateString() === new Date(before.dataset.at).toDateString();
    if (!sameDay && list.id === "log") article.before(divider("day", dayName(moment)));
    article.classList.toggle("grouped", Boolean(sameDay && together(before, article)));
    before = article;
  }
  ruleThread(list);
  const rows = articles(list);
  if (rows.length && !rows.some((each) => each.tabIndex === 0)) rows.at(-1).tabIndex = 0;
}

// Short remarks of one person in a row need one name; a card with buttons or a plan keeps its own.
function together(before, article) {
  const seconds = Number(article.dataset.ts) - Number(before.dataset.ts);
  const joined = !article.previousElementSibling?.matches(".fresh-line");
  const plain = [before, article].every((each) => !each.matches(".ephemeral") && !each.querySelector(RICH));
  return joined && plain && before.dataset.author === article.dataset.author && seconds < GROUP_SECONDS;
}

// What one person alone sees is no reply: Slack counts none.
function ruleThread(list) {
  const rows = articles(list);
  const replies = rows.slice(1).filter((row) => !row.matches(".ephemeral")).length;
  if (list.id !== "thread-log" || !replies) return;
  const words = say(replies === 1 ? "1 reply" : "{count} replies", { count: replies });
  rows[1].before(divider("thread-rule", words));
  rows[1].classList.remove("grouped");
}

function divider(className, words) {
  const line = document.createElement("div");
  line.className = className;
  line.setAttribute("role", "separator");
  line.setAttribute("aria-label", words);
  line.append(words);
  return line;
}

// After a channel was opened: the line before what is new, then the right place to start reading.
export function open(list, wanted) {
  if (!list) return;
  const last = list.dataset.lastRead || "0";
  const first = articles(list).find((each) => each.dataset.ts > last && each.dataset.author !== me);
  if (first && last !== "0") first.before(divider("fresh-line", say("New")));
  settle(list);
  const aim = wanted && find(list, wanted);
  list.scrollTop = list.scrollHeight;
  if (aim) {
    aim.scrollIntoView({ block: "center" });
    aim.classList.add("aimed");
    aim.focus({ preventScroll: true });
  } else if (first && last !== "0" && first.offsetTop - list.offsetTop < list.scrollTop) first.scrollIntoView({ block: "start" });
  keep(list);
  list.addEventListener("scroll", () => scrolled(list), { passive: true });
  scrolled(list);
}

export function toBottom(list) {
  list.scrollTop = list.scrollHeight;
  scrolled(list);
}

function announce(list) {
  if (list.id !== "log") return;
  fresh += 1;
  scrolled(list);
}

function scrolled(list) {
  if (list.id !== "log") return;
  const bottom = atBottom(list);
  if (bottom) {
    fresh = 0;
    read(list);
  }
  const button = document.getElementById("to-bottom");
  button.hidden = bottom;
  button.classList.toggle("fresh", fresh > 0);
  button.querySelector("span").textContent = fresh
    ? say(fresh === 1 ? "{count} new message" : "{count} new messages", { count: fresh })
    : say("Jump to the newest");
}

export function read(list = log()) {
  if (!list || document.hidden || !document.hasFocus() || !atBottom(list)) return;
  const newest = articles(list).filter((each) => !each.classList.contains("ephemeral")).at(-1)?.dataset.ts;
  if (!newest || newest <= (list.dataset.lastRead || "0")) return;
  list.dataset.lastRead = newest;
  act("read", { channel: list.dataset.channel, ts: newest });
}

export async function earlier(button) {
  const list = log();
  button.disabled = true;
  const first = articles(list)[0];
  const html = await fragment("messages", { channel: list.dataset.channel, before: first.dataset.ts });
  const content = parsed(html ?? "");
  const more = content.querySelector("article") !== null;
  const height = list.scrollHeight - list.scrollTop;
  button.after(content);
  settle(list);
  list.scrollTop = list.scrollHeight - height;
  button.disabled = false;
  button.hidden = !more;
}
