// Talking to the workspace: fragments of HTML, and what a person does.
export const me = document.documentElement.dataset.me;
export const known = JSON.parse(document.getElementById("known").textContent);

export async function fragment(name, parameters = {}) {
  const query = new URLSearchParams({ as: me, ...parameters });
  const answer = await fetch(`/page/${name}?${query}`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`The workspace answered ${answer.status}`);
  return answer.text();
}

// Does something as this person. Never throws: what went wrong is in `ok`, `error` and `message`.
export async function act(verb, body) {
  try {
    const answer = await fetch(`/act/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ as: me, ...body }),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: "unreachable", message: "The workspace cannot be reached. Is it still running?" };
  }
}

// The elements of a piece of HTML drawn by the server.
export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
