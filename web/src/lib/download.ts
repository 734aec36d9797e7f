/** Files made of what is shown. */

export type Value = string | number | boolean | null | undefined;

/**
 * Rows as RFC 4180 text. A text that a spreadsheet would take for a formula gets an apostrophe
 * in front: stored text comes from outside.
 */
export function csv(columns: readonly string[], rows: readonly (readonly Value[])[]): string {
  return [columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

function field(value: Value): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** A name for a file out of a title in any language. */
export function fileName(title: string, ending: string): string {
  const words = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase();
  return `acidtest-${words.slice(0, 80) || "figures"}.${ending}`;
}

/** Hands a text to the browser as a file. */
export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function downloadCsv(title: string, columns: readonly string[], rows: readonly (readonly Value[])[]): void {
  // The mark lets spreadsheets read Korean.
  download(fileName(title, "csv"), "text/csv", `\ufeff${csv(columns, rows)}`);
}
