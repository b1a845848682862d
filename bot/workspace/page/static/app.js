// The page's entry: what buttons with `data-do` do, the keyboard, the start.
import { act } from "./api.js";
import { write } from "./composer.js";
import { earlier, find, here, log, read, threadLog, toBottom } from "./log.js";
import { closeView, start } from "./modal.js";
import { arrived, closeThread, go, neighbour, openThread } from "./navigation.js";
import { listen } from "./stream.js";
import { toast } from "./toast.js";
import "./controls.js";
import "./links.js";
import { say } from "./words.js";

const messageOf = (element) => element.closest("article.message");

const DEEDS = {
  thread: (button) => thread(messageOf(button)),
  "close-thread": () => closeThread(),
  "close-view": () => closeView(false),
  back: () => closeView(false),
  bottom: () => { toBottom(log()); document.getElementById("draft").focus(); },
  earlier,
  dismiss: (button) => messageOf(button).remove(),
  link: copyLink,
  sidebar: () => { document.body.classList.add("drawer"); document.querySelector(".place")?.focus(); },
  theme: () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    document.documentElement.dataset.theme = next;
  },
  keys: () => document.getElementById("keys").showModal(),
};

function thread(article) {
  openThread(article.dataset.channel, article.dataset.thread || article.dataset.ts);
}

async function copyLink(button) {
  const address = new URL(messageOf(button).querySelector(".when").href);
  try {
    await navigator.clipboard.writeText(address.href);
    toast(say("Link copied"));
  } catch {
    toast(address.href);
  }
}

async function react(button) {
  const { channel, ts } = messageOf(button).dataset;
  const name = button.dataset.react;
  button.closest("details")?.removeAttribute("open");
  const answer = await act("react", { channel, message_ts: ts, name, remove: button.getAttribute("aria-pressed") === "true" });
  if (!answer.ok && answer.error !== "already_reacted") toast(answer.message || answer.error, true);
}

async function shortcut(button) {
  const { channel, ts } = messageOf(button).dataset;
  button.closest("details").open = false;
  const answer = await act("shortcut", { callback_id: button.dataset.shortcut, channel, message_ts: ts });
  if (!answer.ok) toast(answer.message || answer.error, true);
}

document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-do], [data-react], [data-shortcut], [data-try], a[data-channel], a[data-tab]");
  document.querySelectorAll("details.tool-menu[open], details.overflow[open], details.switcher[open]").forEach((each) => each.contains(event.target) || (each.open = false));
  if (event.target.id === "veil") return document.body.classList.remove("drawer");
  if (!element || event.metaKey || event.ctrlKey) return;
  const data = element.dataset;
  if (data.do) return DEEDS[data.do](element);
  if (data.react) return react(element);
  if (data.shortcut) return shortcut(element);
  if (data.try) return write(document.getElementById("draft"), data.try);
  event.preventDefault();
  go(data.channel || here(), { tab: data.tab || "" });
});

document.addEventListener("toggle", (event) => {
  if (!event.target.open || !event.target.matches?.(".tool-menu, .overflow")) return;
  const list = event.target.closest(".log");
  const room = (list?.getBoundingClientRect().bottom ?? innerHeight) - event.target.getBoundingClientRect().bottom;
  event.target.classList.toggle("upwards", room < 260);
  event.target.classList.remove("leftwards");
  const edge = list?.getBoundingClientRect().right ?? innerWidth;
  event.target.classList.toggle("leftwards", event.target.querySelector(".menu").getBoundingClientRect().right > edge);
}, true);

const typing = (target) => target.closest?.("input, textarea, select, dialog[open]");

document.addEventListener("keydown", (event) => {
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    return neighbour(event.key === "ArrowUp" ? -1 : 1);
  }
  if (event.key === "Escape") return escape(event);
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const deed = { "?": DEEDS.keys, c: () => document.getElementById("draft")?.focus() }[event.key];
  if (deed) {
    event.preventDefault();
    return deed();
  }
  const list = event.target.closest?.(".log");
  if (list) walk(event, list);
});

function escape(event) {
  if (event.target.closest?.("dialog")) return;
  const menu = document.querySelector("details.tool-menu[open], details.overflow[open], details.switcher[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (document.body.classList.contains("drawer")) document.body.classList.remove("drawer");
  else closeThread();
}

function walk(event, list) {
  const article = messageOf(event.target);
  if (article && ["r", "ArrowRight"].includes(event.key) && list === log()) {
    event.preventDefault();
    return thread(article);
  }
  if (event.target.closest("button, a, summary, pre, .scroll")) return;
  const rows = [...list.querySelectorAll(":scope > article")];
  const at = rows.indexOf(article);
  const next = { ArrowUp: at < 0 ? rows.at(-1) : rows[at - 1], ArrowDown: rows[at + 1], Home: rows[0], End: rows.at(-1) }[event.key];
  if (!next) return;
  event.preventDefault();
  rows.forEach((each) => (each.tabIndex = -1));
  next.tabIndex = 0;
  next.focus();
}

document.addEventListener("visibilitychange", () => read());
addEventListener("focus", () => read());

document.getElementById("dead").remove();
const query = new URLSearchParams(location.search);
const linked = /^\/archives\/([^/]+)\/p(\d+)(\d{6})/.exec(location.pathname);
const wanted = linked ? `${linked[2]}.${linked[3]}` : "";
arrived(wanted);
const threadRoot = query.get("thread") || query.get("thread_ts");
if (threadRoot) {
  await openThread(here(), threadRoot, false);
  if (wanted) find(threadLog(), wanted)?.scrollIntoView({ block: "center" });
} else if (matchMedia("(min-width: 721px)").matches && !wanted) document.querySelector("#draft")?.focus({ preventScroll: true });
start();
listen();
document.documentElement.dataset.ready = "true";
