// Short notes in the corner; the same words are not said twice within five seconds.
const said = new Map();

// What was said elsewhere on the page already.
export function remember(message) {
  said.set(message, Date.now());
}

export function toast(message, bad = false) {
  if (Date.now() - (said.get(message) || 0) < 5000) return;
  said.set(message, Date.now());
  const note = document.createElement("div");
  note.className = bad ? "toast bad" : "toast";
  note.textContent = message;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), bad ? 8000 : 3500);
}
