// Talking to the workspace: fragments of HTML, and what a person does.
export const me = document.documentElement.dataset.me;
export const known = JSON.parse(document.getElementById("known").textContent);

const PATIENCE = 60;

// A piece of the page, or null when there is no such thing (any more). Waits while the workspace cannot be reached.
export async function fragment(name, parameters = {}, tries = 0) {
  const query = new URLSearchParams({ as: me, ...parameters });
  let answer = null;
  try {
    answer = await fetch(`/page/${name}?${query}`);
  } catch (problem) {
    if (tries >= PATIENCE) throw problem;
    await new Promise((resume) => setTimeout(resume, 1000));
    return fragment(name, parameters, tries + 1);
  }
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
    return { ok: false, error: "unreachable", message: known.words["The workspace cannot be reached. Is it still running?"] };
  }
}

// The elements of a piece of HTML drawn by the server.
export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
