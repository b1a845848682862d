// Puts the times of the page into the reader's own zone (without this they stand in UTC), and renews it.
const language = document.documentElement.lang;
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const write = (at, form) => new Intl.DateTimeFormat(language, form).format(at);
const { began, again } = document.querySelector("main").dataset;
const sameDay = (at) => began && at.toDateString() === new Date(began).toDateString();

const FORMS = {
  moment: (at) => write(at, { year: "numeric", month: "short", day: "numeric", ...TIME }),
  clock: (at) => write(at, sameDay(at) ? { ...TIME, second: "2-digit" } : { month: "short", day: "numeric", ...TIME }),
};

for (const element of document.querySelectorAll("time[data-form]")) {
  element.textContent = FORMS[element.dataset.form](new Date(element.dateTime));
}

const zone = new Intl.DateTimeFormat(language, { timeZoneName: "short" }).formatToParts(began ? new Date(began) : new Date());
for (const element of document.querySelectorAll(".zone")) {
  element.textContent = zone.find((part) => part.type === "timeZoneName").value;
}

// The page's own refresh does nothing while the address names a place in it, as it does after a click on a box.
if (again) setTimeout(() => location.reload(), again * 1000);

// What the reader has unfolded stays so when the page is renewed, and a step that a box leads to is unfolded.
const kept = JSON.parse(sessionStorage.getItem(location.pathname) ?? "{}");
const step = (id) => document.getElementById(id)?.querySelector("details");
const unfold = () => step(location.hash.slice(1))?.setAttribute("open", "");

for (const [id, open] of Object.entries(kept)) step(id)?.toggleAttribute("open", open);
if (performance.getEntriesByType("navigation")[0]?.type !== "reload") unfold();
addEventListener("hashchange", unfold);
document.addEventListener("toggle", ({ target }) => {
  kept[target.closest("tr").id] = target.open;
  sessionStorage.setItem(location.pathname, JSON.stringify(kept));
}, true);
