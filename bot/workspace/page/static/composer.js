// Writing: Enter sends, drafts survive everything, a failure gives the text back.
import { act, me } from "./api.js";
import { completing } from "./completions.js";
import { here, log, refresh, threadLog, toBottom } from "./log.js";
import { remember } from "./toast.js";
import { say } from "./words.js";

const key = (form) => `draft ${me} ${form.dataset.channel} ${form.dataset.thread}`;
export const areaOf = (form) => form.querySelector(".draft");

// Puts the kept draft back into a composer that was drawn anew.
export function fill(form) {
  const area = areaOf(form);
  area.value = localStorage.getItem(key(form)) || "";
  grow(area);
}

export function write(area, text) {
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
  area.setSelectionRange(text.length, text.length);
}

function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.rows = Math.min(area.value.split("\n").length, 12);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest(".composer");
  if (!form) return;
  const text = event.target.value;
  if (text) localStorage.setItem(key(form), text);
  else localStorage.removeItem(key(form));
  grow(event.target);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.(".draft")) return;
  if (completing()) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".composer")) return;
  event.preventDefault();
  send(event.target);
});

async function send(form) {
  const area = areaOf(form);
  const text = area.value;
  if (!text.trim()) return;
  write(area, "");
  const { channel, thread, place } = form.dataset;
  const answer = await act("say", { channel, text, thread_ts: thread || null });
  if (answer.ok && answer.kind === "message") return appear(place, channel, answer.ts);
  if (answer.ok) return;
  if (!area.value) write(area, text);
  notice(place, answer.message || answer.error);
}

function appear(place, channel, ts) {
  const list = place === "thread" ? threadLog() : log();
  if (list && list.dataset.channel === channel && here() === channel) refresh(list, ts, true);
}

// What Slack says below the messages when a command failed: for this person only, gone with the next page.
export function notice(place, message) {
  remember(message);
  const list = place === "thread" ? threadLog() : log();
  if (!list) return;
  const box = document.createElement("div");
  box.className = "notice";
  box.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = message;
  const only = document.createElement("span");
  only.className = "only-you";
  only.textContent = say("Only visible to you");
  box.append(words, only);
  list.append(box);
  toBottom(list);
}
