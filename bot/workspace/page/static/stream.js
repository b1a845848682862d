// What happens in the workspace, as it happens; survives lost connections and restarts.
import { me } from "./api.js";
import { here, holds, log, refresh, remove, threadLog } from "./log.js";
import { refreshView } from "./modal.js";
import { refreshHome, refreshSidebar, there } from "./navigation.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

const root = document.documentElement;
let last = root.dataset.event;
let source = null;
let lost = null;

const READERS = {
  message: arrival,
  ephemeral: arrival,
  message_changed: change,
  reaction: change,
  message_deleted: (event) => lists(event).forEach((list) => remove(list, event.ts)),
  view: refreshView,
  home: refreshHome,
  connection: refreshSidebar,
  read: refreshSidebar,
  failure: (event) => setTimeout(() => toast(event.message, true), 400),
  reload: () => location.reload(),
};

const HIDDEN_FOR = 300000;

// A browser allows few connections to one address: a tab long hidden gives its own back, and catches up when it is seen again.
let rest = null;
document.addEventListener("visibilitychange", () => {
  clearTimeout(rest);
  if (document.hidden) rest = setTimeout(() => source.close(), HIDDEN_FOR);
  else if (source?.readyState === EventSource.CLOSED) listen();
});
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());

export function listen() {
  source = new EventSource(`/act/stream?${new URLSearchParams({ as: me, last_event_id: last })}`);
  source.onmessage = async ({ data, lastEventId }) => {
    if (lastEventId) last = lastEventId;
    await there();
    const event = JSON.parse(data);
    READERS[event.type]?.(event);
  };
  source.onopen = connected;
  source.onerror = disconnected;
}

const lists = (event) => [log(), threadLog()].filter((list) => list && list.dataset.channel === event.channel);

function arrival(event) {
  const reply = event.thread_ts && event.thread_ts !== event.ts;
  const thread = threadLog();
  if (reply && thread?.dataset.thread === event.thread_ts) refresh(thread, event.ts, true);
  if ((!reply || event.message?.subtype === "thread_broadcast") && event.channel === here() && log()) refresh(log(), event.ts, true);
  refreshSidebar();
}

function change(event) {
  for (const list of lists(event)) if (holds(list, event.ts)) refresh(list, event.ts);
}

async function connected() {
  if (!lost) return;
  clearTimeout(lost.timer);
  lost = null;
  document.body.classList.remove("offline");
  const answer = await fetch(`/act/state?as=${me}`).then((each) => each.json()).catch(() => null);
  if (answer && answer.started !== root.dataset.started) location.reload();
}

// The browser tries again by itself unless it was refused; then we do.
function disconnected() {
  lost ??= { timer: setTimeout(offline, 1500) };
  if (source.readyState !== EventSource.CLOSED) return;
  setTimeout(listen, 2000);
}

async function offline() {
  document.body.classList.add("offline");
  const refused = await fetch(`/act/state?as=${me}`).then((each) => each.status === 401).catch(() => false);
  const expired = say("This page's key has expired. Open the address that Estiva printed when it started.");
  toast(refused ? expired : say("The workspace cannot be reached. Trying again…"), true);
}
