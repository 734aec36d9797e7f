/** Keys that act on a whole page, unless somebody is writing. */

const WRITING = new Set(["INPUT", "TEXTAREA", "SELECT"]);

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && (target.type === "checkbox" || target.type === "radio")) return false;
  return WRITING.has(target.tagName) || target.isContentEditable;
}

/** The key of an event that belongs to the page, else null. */
export function pageKey(event: KeyboardEvent): string | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return null;
  if (document.querySelector("dialog[open]")) return null;
  return event.key;
}

/** Whether the key would press what has the focus. */
export function pressesFocus(event: KeyboardEvent): boolean {
  const target = event.target;
  return target instanceof HTMLElement && target.closest("button, a, summary, [role=button]") !== null;
}
