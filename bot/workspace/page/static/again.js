// Stands in the page itself. A page whose scripts or styles did not all come is loaded again, a few times: Chromium drops
// what it is loading whenever a network of the machine changes (ERR_NETWORK_CHANGED), as it does with each container.
(() => {
  const TRIES = 4;
  const KEY = "loaded again";
  let lacking = false;
  addEventListener("error", ({ target }) => { lacking ||= Boolean(target.matches?.("script, link[rel=stylesheet]")); }, true);
  addEventListener("load", () => {
    const tries = Number(sessionStorage.getItem(KEY));
    if (!lacking) return sessionStorage.removeItem(KEY);
    if (tries >= TRIES) return;
    sessionStorage.setItem(KEY, String(tries + 1));
    setTimeout(() => location.reload(), 200 * 2 ** tries);
  });
})();
