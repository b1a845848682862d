// Reading interactive elements, and telling the app when one is used.
import { act } from "./api.js";
import { toast } from "./toast.js";

const TYPED = ["plain_text_input", "email_text_input", "url_text_input", "number_input"];
const PICKED = ["datepicker", "timepicker"];

// The current value of one control: a string, a list, or null when nothing is chosen.
export function valueOf(control) {
  const kind = control.dataset.kind;
  const field = control.querySelector("select, textarea, input");
  if (kind === "checkboxes") return [...control.querySelectorAll("input:checked")].map((box) => box.value);
  if (kind === "radio_buttons") return control.querySelector("input:checked")?.value ?? null;
  if (kind.startsWith("multi_")) return [...field.selectedOptions].map((option) => option.value);
  if (kind === "datetimepicker") return field.value ? String(Math.floor(new Date(field.value) / 1000)) : null;
  return field ? field.value || null : null;
}

const isInput = (control) => !["button", "icon_button", "feedback_buttons", "overflow"].includes(control.dataset.kind);

// Values of every input in a message or view: {block: {action: value}}.
export function valuesIn(root) {
  const values = {};
  for (const control of root.querySelectorAll(".control")) {
    if (!isInput(control)) continue;
    (values[control.dataset.block] ??= {})[control.dataset.action] = valueOf(control);
  }
  return values;
}

// Puts values that a person had typed or chosen into a freshly drawn root.
export function restore(root, old) {
  for (const control of root.querySelectorAll(".control")) {
    const { block, action, kind } = control.dataset;
    const before = [...old.querySelectorAll(".control")].find(
      (each) => each.dataset.block === block && each.dataset.action === action && each.dataset.kind === kind,
    );
    if (!before || !isInput(control)) continue;
    const fields = [...control.querySelectorAll("input, select, textarea")];
    const olds = [...before.querySelectorAll("input, select, textarea")];
    if (fields.length !== olds.length) continue;
    fields.forEach((field, at) => {
      if (field.type === "checkbox" || field.type === "radio") field.checked = olds[at].checked;
      else if (field.multiple) for (const option of field.options) option.selected = [...olds[at].selectedOptions].some((each) => each.value === option.value);
      else field.value = olds[at].value;
    });
  }
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest(".control button, .control a.button");
  if (!pressed || pressed.closest("dialog.confirm")) return;
  const control = pressed.closest(".control");
  if (pressed.tagName === "A" && control.querySelector("dialog.confirm")) event.preventDefault();
  const row = pressed.closest("details.overflow");
  if (row) row.open = false;
  use(control, pressed, row ? { selected: pressed.dataset.value } : { value: pressed.dataset.value });
});

document.addEventListener("change", (event) => {
  const control = event.target.closest(".control[data-dispatch]");
  if (!control || TYPED.includes(control.dataset.kind)) return;
  if (event.target.tagName === "SELECT" && !event.target.multiple && !event.target.value) return;
  use(control, event.target, { selected: valueOf(control) });
});

document.addEventListener("keydown", (event) => {
  const control = event.target.closest?.(".control[data-dispatch]");
  if (event.key !== "Enter" || !control || !TYPED.includes(control.dataset.kind)) return;
  event.preventDefault();
  use(control, event.target, { value: event.target.value });
});

async function use(control, pressed, given) {
  const busy = pressed.matches("button, select") ? pressed : control.querySelector("summary") || pressed;
  if (busy.getAttribute("aria-busy") === "true") return;
  if (!(await agreed(control))) return;
  if (pressed.tagName === "A" && control.querySelector("dialog.confirm")) window.open(pressed.href, "_blank", "noopener");
  const root = control.closest("article.message, [data-view]");
  const place = root.dataset.view
    ? { view_id: root.dataset.view }
    : { channel: root.dataset.channel, message_ts: root.dataset.ts };
  working(busy, true);
  const { block, action } = control.dataset;
  const answer = await act("click", { ...place, block_id: block, action_id: action, state: valuesIn(root), ...given });
  if (!answer.ok) toast(answer.message || answer.error, true);
  // The message usually changes and the button goes with it; when it does not, the button comes back.
  setTimeout(() => working(busy, false), answer.ok && !PICKED.includes(control.dataset.kind) ? 2500 : 0);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("dialog.confirm button");
  if (button) button.closest("dialog").close(button.value);
});

function agreed(control) {
  const dialog = control.querySelector("dialog.confirm");
  if (!dialog) return Promise.resolve(true);
  return new Promise((resolve) => {
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

function working(element, on) {
  element.setAttribute("aria-busy", String(on));
  if (element.tagName === "BUTTON") element.toggleAttribute("disabled", on);
}
