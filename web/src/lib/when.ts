/** Moments as people write them. */
import type { Lang } from "./i18n.svelte";

export function when(iso: string, lang: Lang): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return at.toLocaleString(lang === "ko" ? "ko-KR" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
}

export function whenNs(unixNs: number, lang: Lang): string {
  return when(new Date(unixNs / 1e6).toISOString(), lang);
}
