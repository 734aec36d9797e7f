/** The colours of `app.css`, for what is drawn on a canvas. */

export interface Palette {
  paper: string;
  ink: string;
  muted: string;
  rule: string;
  faint: string;
  accent: string;
  broken: string;
  undecided: string;
  /** Eight colours that people with any kind of colour vision can tell apart. */
  series: string[];
  font: string;
}

export function palette(): Palette {
  const style = window.getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    paper: read("--paper"),
    ink: read("--ink"),
    muted: read("--muted"),
    rule: read("--rule"),
    faint: read("--faint"),
    accent: read("--accent"),
    broken: read("--broken"),
    undecided: read("--undecided"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => read(`--series-${n}`)),
    font: read("--font"),
  };
}

export function seriesColor(colors: Palette, index: number): string {
  return colors.series[index % colors.series.length] ?? colors.ink;
}
