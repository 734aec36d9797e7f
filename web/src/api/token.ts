/** The token comes with the address, is kept for this tab alone, and leaves the address at once. */

const NAME = "acidtest.token";

function take(): void {
  const found = /[#&?]token=([^&?/]+)/.exec(window.location.hash);
  if (!found) return;
  window.sessionStorage.setItem(NAME, decodeURIComponent(found[1] ?? ""));
  const rest = window.location.hash.replace(found[0], "").replace(/^&/, "#");
  window.history.replaceState(null, "", `${window.location.pathname}${window.location.search}${rest}`);
}

/** To be called before a route is read: a token is no page. */
export function takeTokenFromAddress(): void {
  if (typeof window === "undefined") return;
  try {
    take();
  } catch {
    return;
  }
}

export function token(): string | null {
  try {
    return window.sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}
