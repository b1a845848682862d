// Modals: the topmost view of this person's stack, in one <dialog>.
import { act, fragment, me, parsed } from "./api.js";
import { restore, valuesIn } from "./controls.js";
import { morph } from "./morph.js";
import { draw } from "./times.js";

const dialog = document.getElementById("modal");
let round = 0;
const form = () => dialog.querySelector("form.view");
const DISMISSED = "dismissed views";
const dismissed = new Set(JSON.parse(sessionStorage.getItem(DISMISSED) || "[]"));
const isGone = (view) => dismissed.has(view.dataset.view) || dismissed.has(view.dataset.root);

export async function refreshView() {
  const mine = ++round;
  const html = await fragment("view");
  if (mine !== round) return;
  const old = form();
  const content = parsed(html || "");
  const view = content.querySelector("form.view");
  if (!view || isGone(view)) {
    dialog.replaceChildren();
    if (dialog.open) dialog.close();
    return;
  }
  draw(content);
  if (old && old.dataset.view === view.dataset.view) {
    restore(view, old);
    morph(old, view);
  } else dialog.replaceChildren(content);
  if (!dialog.open) dialog.showModal();
  if (!old || old.dataset.view !== view.dataset.view) focusFirst();
}

export function start() {
  if (form() && isGone(form())) dialog.replaceChildren();
  if (form()) {
    draw(dialog);
    dialog.showModal();
    focusFirst();
  }
}

function focusFirst() {
  dialog.querySelector(".inside :is(input, select, textarea, button), .foot .primary, .foot .button")?.focus();
}

dialog.addEventListener("submit", async (event) => {
  if (!event.target.matches("form.view")) return;
  event.preventDefault();
  const sent = event.target;
  const button = sent.querySelector("button[type=submit]");
  if (!button || button.disabled) return;
  clear(sent);
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  const answer = await act("submit", { view_id: sent.dataset.view, values: valuesIn(sent) });
  button.disabled = false;
  button.removeAttribute("aria-busy");
  if (answer.ok) return void refreshView();
  if (answer.errors) showFaults(sent, answer.errors);
  else showFault(sent, answer.message || answer.error);
});

// However the dialog was closed (Esc, the browser itself): with a view still in it, the app is told.
dialog.addEventListener("close", () => form() && closeView(true));

export async function closeView(all) {
  round += 1;
  const left = form();
  if (left) dismiss(left, all);
  dialog.replaceChildren();
  dialog.close();
  if (left) await tell(left.dataset.view, all);
  refreshView();
}

// What a person has closed stays closed, whenever the workspace comes to know.
function dismiss(view, all) {
  dismissed.add(all ? view.dataset.root : view.dataset.view);
  sessionStorage.setItem(DISMISSED, JSON.stringify([...dismissed].slice(-50)));
}

async function tell(view, all) {
  let answer = await act("close", { view_id: view, all });
  while (answer.error === "unreachable") {
    await new Promise((resume) => setTimeout(resume, 1000));
    answer = await act("close", { view_id: view, all });
  }
}

// Who leaves the page leaves what is open in it, as in Slack: it does not come back with the next page.
addEventListener("pagehide", () => {
  const left = form();
  if (!left) return;
  dismiss(left, true);
  const body = JSON.stringify({ as: me, view_id: left.dataset.view, all: true });
  navigator.sendBeacon("/act/close", new Blob([body], { type: "application/json" }));
});

function showFaults(sent, errors) {
  let first = null;
  for (const [block, message] of Object.entries(errors)) {
    const field = sent.querySelector(`.field[data-block="${CSS.escape(block)}"]`);
    if (!field) {
      showFault(sent, message);
      continue;
    }
    const fault = field.querySelector(".fault");
    const input = field.querySelector("input, select, textarea");
    fault.textContent = message;
    fault.hidden = false;
    fault.id ||= `fault-${block}`;
    field.classList.add("wrong");
    input?.setAttribute("aria-invalid", "true");
    input?.setAttribute("aria-describedby", fault.id);
    first ??= input;
  }
  first?.focus();
}

function showFault(sent, message) {
  const fault = sent.querySelector("[data-fault]");
  fault.textContent = message;
  fault.hidden = false;
}

function clear(sent) {
  sent.querySelectorAll(".fault, [data-fault]").forEach((each) => (each.hidden = true));
  sent.querySelectorAll(".wrong").forEach((each) => each.classList.remove("wrong"));
  sent.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
}
