// A link into a thread of the channel that one is in opens it beside it, as Slack does; any other leads away.
import { find, here, threadLog } from "./log.js";
import { openThread } from "./navigation.js";

const MESSAGE = /^\/archives\/([^/]+)\/p(\d+)(\d{6})$/;

function meant(link) {
  const address = new URL(link.href);
  const place = address.origin === location.origin && MESSAGE.exec(address.pathname);
  const root = address.searchParams.get("thread_ts");
  return place && root && place[1] === here() ? { root, ts: `${place[2]}.${place[3]}` } : null;
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("article.message a[href]");
  const found = link && !event.ctrlKey && !event.metaKey && !event.shiftKey && meant(link);
  if (!found) return;
  event.preventDefault();
  await openThread(here(), found.root, false);
  const message = find(threadLog(), found.ts);
  message?.scrollIntoView({ block: "center" });
  message?.focus({ preventScroll: true });
});
