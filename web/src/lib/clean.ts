/**
 * Text from outside, made safe to look at.
 *
 * Nothing here protects from markup: text is only ever put into text nodes. It protects from
 * characters that cannot be seen or that turn the order of others: terminals' control sequences,
 * bidirectional overrides, invisible characters, halves of surrogate pairs.
 */

// Controls but tab and line feed; bidirectional and invisible format characters; tags; halves.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu;

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

/** Text of several lines: line breaks and tabs stay, every other hidden character is shown. */
export function cleanText(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(HIDDEN, shown);
}

/** Text for one line: breaks and tabs are shown too. */
export function clean(text: string): string {
  return cleanText(text).replace(/[\n\t]/g, shown);
}

/** At most so many characters, never half of one, with a sign that there was more. */
export function shorten(text: string, most: number): string {
  const points = Array.from(text.slice(0, most * 2 + 2));
  if (points.length <= most && text.length <= most * 2 + 2) return text;
  return `${points.slice(0, Math.max(0, most - 1)).join("")}…`;
}
