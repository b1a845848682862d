// Keeps what is read in its place when its list gets another width or height: the window, a thread beside it, a draft.
const NEAR = 80;
const places = new WeakMap();
const observer = new ResizeObserver((changes) => changes.forEach(({ target }) => restore(target)));

export const atBottom = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;

// Keeps the place in a list from now on, until another list stands where it stood.
export function keep(list) {
  note(list);
  list.addEventListener("scroll", () => note(list), { passive: true });
  observer.observe(list);
}

// The newest message is a place of its own; else it is the first message that can be seen, and how far below the edge it is.
function note(list) {
  const edge = list.getBoundingClientRect().top;
  const first = [...list.querySelectorAll(":scope > article")].find((each) => each.getBoundingClientRect().bottom > edge);
  places.set(list, { newest: atBottom(list), first, below: first ? first.getBoundingClientRect().top - edge : 0 });
}

function restore(list) {
  if (!list.isConnected) return observer.unobserve(list);
  const { newest, first, below } = places.get(list);
  if (newest) list.scrollTop = list.scrollHeight;
  else if (first?.isConnected) list.scrollTop += first.getBoundingClientRect().top - list.getBoundingClientRect().top - below;
}
