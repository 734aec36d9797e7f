/** Small choices that outlive a visit. A browser may forbid keeping them; then they are forgotten. */

const PREFIX = "acidtest.";

export function kept(name: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    window.localStorage.setItem(PREFIX + name, value);
  } catch {
    return;
  }
}
