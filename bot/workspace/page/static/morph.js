// Turns one tree into another where they differ and leaves the rest alone: a selection, the focus, a typed value,
// an unfolded detail and a turning spinner survive the edit of a message.
export function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || identity(old) !== identity(fresh)) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) return;
  const unfold = old.dataset.state !== fresh.dataset.state;
  attributes(old, fresh, unfold);
  const children = [...old.childNodes];
  const wanted = [...fresh.childNodes];
  wanted.forEach((child, at) => (at < children.length ? morph(children[at], child) : old.append(child)));
  children.slice(wanted.length).forEach((child) => child.remove());
}

// What makes an element another one although it has the same name.
function identity(node) {
  const { block, action, key, ts } = node.dataset ?? {};
  return [block, action, key, ts].join(" ");
}

// `open` belongs to the person, until the app changes the state of what is folded; `tabindex` to the keyboard.
function attributes(old, fresh, unfold) {
  const kept = (name) => name === "tabindex" || (name === "open" && !unfold);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !kept(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (!kept(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
}
