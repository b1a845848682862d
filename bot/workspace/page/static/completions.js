// Suggestions while writing: `/` commands and shortcuts, `@` people, `#` channels.
import { act, known } from "./api.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

const box = document.getElementById("completions");
let area = null;
let found = [];
let at = 0;

export const completing = () => !box.hidden;

const SOURCES = [
  { pattern: /^\/([\w-]*)$/, options: commands },
  { pattern: /(?:^|\s)@([\w.-]*)$/, options: people },
  { pattern: /(?:^|\s)#([\w-]*)$/, options: channels },
];

function commands(word, inThread) {
  if (inThread) return [];
  const slash = known.commands.map((each) => ({
    text: `${each.command} `, label: each.command, more: `${each.usage_hint || ""}  ${each.description || ""}`, key: each.command.slice(1),
  }));
  const invite = { text: "/invite @", label: "/invite", more: `@…  ${say("Add a person or an app to this channel")}`, key: "invite" };
  const global = known.shortcuts.filter((each) => each.type === "global").map((each) => ({
    run: each.callback_id, label: each.name, more: each.description || say("Shortcut"), key: each.name.toLowerCase(),
  }));
  return [...slash, invite, ...global].filter((each) => each.key.startsWith(word));
}

function people(word) {
  return known.people
    .filter((each) => each.handle.startsWith(word) || each.name.toLowerCase().startsWith(word))
    .map((each) => ({ text: `@${each.handle} `, label: `@${each.handle}`, more: `${each.name}${each.is_bot ? "  app" : `  ${each.title || ""}`}` }));
}

function channels(word) {
  return known.channels
    .filter((each) => each.kind === "channel" && each.name.startsWith(word))
    .map((each) => ({ text: `#${each.name} `, label: `#${each.name}`, more: each.topic || "" }));
}

function look() {
  const before = area.value.slice(0, area.selectionStart);
  for (const { pattern, options } of SOURCES) {
    const match = pattern.exec(before);
    if (match) return show(options(match[1].toLowerCase(), Boolean(area.form.dataset.thread)));
  }
  hide();
}

function show(options) {
  found = options.slice(0, 8);
  at = 0;
  if (!found.length) return hide();
  box.replaceChildren(...found.map(row));
  const edge = area.closest(".box").getBoundingClientRect();
  box.hidden = false;
  box.style.left = `${Math.max(8, Math.min(edge.left, innerWidth - box.offsetWidth - 12))}px`;
  box.style.bottom = `${innerHeight - edge.top + 6}px`;
  mark();
}

function row(option, index) {
  const line = document.createElement("button");
  line.type = "button";
  line.className = "row";
  line.id = `completion-${index}`;
  line.tabIndex = -1;
  line.setAttribute("role", "option");
  const name = document.createElement("strong");
  name.textContent = option.label;
  const usage = document.createElement("span");
  usage.className = "usage";
  usage.textContent = option.more;
  line.append(name, usage);
  line.addEventListener("mousedown", (event) => {
    event.preventDefault();
    at = index;
    take();
  });
  return line;
}

function mark() {
  [...box.children].forEach((line, index) => line.setAttribute("aria-selected", String(index === at)));
  area.setAttribute("aria-activedescendant", `completion-${at}`);
  box.children[at].scrollIntoView({ block: "nearest" });
}

export function hide() {
  box.hidden = true;
  area?.removeAttribute("aria-activedescendant");
}

export async function take() {
  const option = found[at];
  const end = area.selectionStart;
  const start = option.run ? 0 : Math.max(0, ...["/", "@", "#"].map((sign) => area.value.lastIndexOf(sign, end - 1)));
  hide();
  area.setRangeText(option.text || "", start, end, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  if (!option.run) return;
  const answer = await act("shortcut", { callback_id: option.run });
  if (!answer.ok) toast(answer.message || answer.error, true);
}

document.addEventListener("input", (event) => {
  if (!event.target.matches(".draft")) return;
  area = event.target;
  look();
});

document.addEventListener("focusout", (event) => event.target === area && hide());

document.addEventListener("keydown", (event) => {
  if (!completing() || event.target !== area) return;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) at = (at + steps[event.key] + found.length) % found.length;
  else if (event.key === "Escape") hide();
  else if (event.key === "Tab" || event.key === "Enter") {
    // A command typed in full is sent by Enter, not completed once more.
    if (event.key === "Enter" && found[at].text?.trim() === area.value.trim()) return hide();
    take();
  } else return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (completing()) mark();
});
