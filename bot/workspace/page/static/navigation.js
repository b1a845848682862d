// Going places: channels, the thread, the app's Home, the drawer on narrow screens.
import { act, fragment, me, parsed } from "./api.js";
import { fill } from "./composer.js";
import { here, log, open, settle, threadLog, toBottom } from "./log.js";
import { keep } from "./place.js";
import { draw } from "./times.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

const content = document.getElementById("content");
const pane = document.getElementById("thread");
const sidebar = document.getElementById("sidebar");
const rounds = { home: 0, sidebar: 0 };
let waiting = null;
let going = Promise.resolve();
let awaited = null;

// One goes to one place after the other: an earlier answer that comes late must not replace a later one.
function inTurn(work) {
  going = going.then(work, work);
  return going;
}

// When one is where one wanted to go. What happens on the way waits for that: the place was drawn without it, and to
// where one was it would be added in vain.
export const there = () => going.catch(() => null);

export const go = (channel, options) => inTurn(() => enter(channel, options));

export function openThread(channel, root, write = true) {
  const mine = write ? prepare(channel, root) : null;
  return inTurn(() => unfold(channel, root, mine));
}

async function enter(channel, { tab = "", push = true, wanted = "" } = {}) {
  const html = await fragment("channel", { channel, tab });
  if (html === null) return toast(say("That channel is not yours to see"), true);
  content.replaceChildren(parsed(html));
  content.dataset.channel = channel;
  if (push) history.pushState({}, "", address(channel, tab));
  if (pane.dataset.channel !== channel) closeThread(false);
  document.body.classList.remove("drawer");
  arrived(wanted);
  if (!awaited) content.querySelector(".draft, #here")?.focus({ preventScroll: true });
  refreshSidebar();
}

export function arrived(wanted = "") {
  draw(content);
  open(log(), wanted);
  document.querySelectorAll(".composer").forEach(fill);
  title();
  if (document.getElementById("home")) act("home", {}).then(refreshHome);
}

// The tab's title says where one is, and how many places have something new.
function title() {
  const unread = sidebar.querySelectorAll(".place.unread").length;
  const name = document.getElementById("here").firstChild.textContent.trim();
  document.title = `${unread ? `(${unread}) ` : ""}${name} · local workspace`;
}

// A piece of the page, or null when a newer one was asked for meanwhile: their answers may cross.
async function newest(name, parameters) {
  const mine = ++rounds[name];
  const html = await fragment(name, parameters);
  return mine === rounds[name] ? html : null;
}

export async function refreshHome() {
  const home = document.getElementById("home");
  if (!home) return;
  const html = await newest("home");
  if (html === null || home.contains(document.activeElement?.closest("input, textarea, select"))) return;
  home.replaceChildren(parsed(html));
  draw(home);
}

export function refreshSidebar() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const html = await newest("sidebar", { channel: here() });
    if (html === null || sidebar.querySelector("details[open]")) return;
    const active = sidebar.contains(document.activeElement) && document.activeElement.dataset.channel;
    const scroll = sidebar.querySelector(".places").scrollTop;
    sidebar.replaceChildren(parsed(html));
    sidebar.querySelector(".places").scrollTop = scroll;
    title();
    if (active) sidebar.querySelector(`[data-channel="${active}"]`)?.focus();
  }, 80);
}

// Opens the pane at once, with a place to write: nothing that is typed until the thread has come is lost. What is
// written there is kept as a draft of that thread, and so stands in the pane that replaces this one.
function prepare(channel, root) {
  if (pane.dataset.channel !== channel || threadLog()?.dataset.thread !== root) {
    const empty = document.getElementById("opening").content.cloneNode(true);
    Object.assign(empty.querySelector(".log").dataset, { channel, thread: root });
    Object.assign(empty.querySelector(".composer").dataset, { channel, thread: root });
    unveil(empty, channel);
  }
  pane.querySelector(".draft").focus();
  awaited = { root };
  return awaited;
}

function unveil(inside, channel) {
  pane.replaceChildren(inside);
  pane.hidden = false;
  pane.dataset.channel = channel;
  document.getElementById("workspace").classList.add("with-thread");
  fill(pane.querySelector(".composer"));
}

// Without `mine` it opens by itself, and takes nobody's place to write.
async function unfold(channel, root, mine) {
  const html = await fragment("thread", { channel, ts: root });
  if (mine !== awaited) return; // it was closed again, or another one opened
  if (html === null) {
    closeThread();
    return toast(say("This thread is gone"), true);
  }
  awaited = null;
  const caret = pane.querySelector(".draft")?.selectionStart;
  // whoever went on to write elsewhere meanwhile goes on there
  const stayed = document.activeElement === document.body || pane.contains(document.activeElement);
  unveil(parsed(html), channel);
  settle(threadLog());
  toBottom(threadLog());
  keep(threadLog());
  const area = pane.querySelector(".draft");
  if (mine && stayed) area.focus();
  if (mine && stayed) area.setSelectionRange(caret ?? area.value.length, caret ?? area.value.length);
  history.replaceState({}, "", address(here(), "", root));
}

export function closeThread(refocus = true) {
  const root = threadLog()?.dataset.thread;
  if (!root) return;
  if (refocus) awaited = null;
  pane.hidden = true;
  pane.replaceChildren();
  document.getElementById("workspace").classList.remove("with-thread");
  history.replaceState({}, "", address(here()));
  if (refocus) (log()?.querySelector(`article[data-ts="${CSS.escape(root)}"]`) ?? document.getElementById("draft"))?.focus();
}

export function neighbour(step) {
  const places = [...sidebar.querySelectorAll(".place")];
  const at = places.findIndex((each) => each.dataset.channel === here());
  const next = places[(at + step + places.length) % places.length];
  if (next) go(next.dataset.channel);
}

function address(channel, tab = "", thread = "") {
  const query = new URLSearchParams({ as: me, channel });
  if (tab === "home") query.set("tab", tab);
  if (thread) query.set("thread", thread);
  return `/?${query}`;
}

addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  if (query.get("as") && query.get("as") !== me) return location.reload();
  go(query.get("channel") || here(), { tab: query.get("tab") || "", push: false });
});
