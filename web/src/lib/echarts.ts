/** The parts of ECharts that the page draws with; nothing else gets into the file. */
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { init, use, type ECharts, type EChartsCoreOption } from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import type { Palette } from "./palette";

use([
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
  CanvasRenderer,
  SVGRenderer,
]);

export type Option = EChartsCoreOption;
export type Drawn = ECharts;

/** What all charts have in common, under what each says. */
export function dressed(option: Option, colors: Palette): Option {
  return {
    animation: false,
    color: colors.series,
    textStyle: { fontFamily: colors.font, fontSize: 12, color: colors.muted },
    ...option,
    tooltip: tooltip(colors, option["tooltip"]),
  };
}

function tooltip(colors: Palette, own: unknown): object {
  return {
    trigger: "item",
    confine: true,
    backgroundColor: colors.paper,
    borderColor: colors.rule,
    borderWidth: 1,
    padding: [6, 9],
    textStyle: { color: colors.ink, fontSize: 12, fontFamily: colors.font },
    axisPointer: { lineStyle: { color: colors.muted, type: "solid", width: 1 } },
    ...(typeof own === "object" && own !== null ? own : {}),
    // Never HTML: names and texts come from outside.
    renderMode: "richText",
  };
}

/** An axis in the look of the page; what is given wins. */
export function axis(colors: Palette, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { axisLabel, nameTextStyle, ...rest } = more;
  return {
    type: "value",
    nameLocation: "middle",
    nameGap: 28,
    nameTextStyle: { color: colors.muted, fontSize: 12, ...(nameTextStyle as object) },
    axisLine: { show: true, lineStyle: { color: colors.rule } },
    axisTick: { show: false },
    axisLabel: { color: colors.muted, fontSize: 11.5, hideOverlap: true, ...(axisLabel as object) },
    splitLine: { show: true, lineStyle: { color: colors.rule, opacity: 0.6 } },
    minorSplitLine: { show: false },
    ...rest,
  };
}

/** Digits of a marked line's place: by default it would be rounded to hundredths, of seconds too. */
export const PRECISION = 12;

/** A chart on a canvas, in an element that has a size. */
export function draw(element: HTMLElement, option: Option, colors: Palette): Drawn {
  const drawn = init(element, null, { renderer: "canvas" });
  drawn.setOption(dressed(option, colors));
  return drawn;
}

/** The same chart as the text of an SVG file. */
export function svgOf(option: Option, colors: Palette, width: number, height: number): string {
  const drawn = init(null, null, { renderer: "svg", ssr: true, width, height });
  drawn.setOption(dressed({ ...option, backgroundColor: colors.paper }, colors));
  const text = drawn.renderToSVGString();
  drawn.dispose();
  return text;
}
