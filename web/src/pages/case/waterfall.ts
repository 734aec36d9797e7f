/** Where the time of one attempt went, and when each event arrived. */
import type { AttemptView } from "../../api/contract";
import { PRECISION, axis, type Option } from "../../lib/echarts";
import type { Palette } from "../../lib/palette";

export interface TimeWords {
  axis: string;
  arrivals: string;
  event: string;
  span: (name: string) => string;
  kind: (name: string) => string;
  time: (seconds: number) => string;
  /** The same without its unit, which stands at the axis. */
  tick: (seconds: number) => string;
}

const ROW = 24;
/** What the longest name of a span takes, in pixels. */
const ROOM = 150;
export const waterfallHeight = (attempt: AttemptView): number => 52 + (attempt.spans.length + Number(attempt.events.length > 0)) * ROW;

interface Place {
  dataIndex: number;
  coordSys: { x: number; y: number; width: number; height: number };
}
interface Api {
  coord(point: number[]): number[];
}

export function waterfallOption(attempt: AttemptView, words: TimeWords, colors: Palette): Option {
  const rows = attempt.spans.map((span) => words.span(span.name));
  const rug = attempt.events.length > 0;
  return {
    grid: { left: 4, right: 14, top: 6, bottom: 44 },
    xAxis: timeAxis(words, colors),
    yAxis: { type: "value", inverse: true, show: false, splitLine: { show: false }, min: -0.6, max: rows.length + Number(rug) - 0.4 },
    series: [spanBars(attempt, words, colors), ...(rug ? [arrivalRug(attempt, words, colors)] : []), markLines(attempt, colors)],
  };
}

function timeAxis(words: TimeWords, colors: Palette, more: Record<string, unknown> = {}): Record<string, unknown> {
  return axis(colors, {
    name: words.axis,
    min: 0,
    splitNumber: 5,
    axisLine: { show: true, onZero: false, lineStyle: { color: colors.rule } },
    axisLabel: { formatter: words.tick, alignMaxLabel: "right", alignMinLabel: "left" },
    ...more,
  });
}

/** A text beside what it names: behind it where there is room, else before it, else on it. */
function beside(text: string, from: number, to: number, y: number, box: Place["coordSys"], colors: Palette): object {
  const room = box.x + box.width - to;
  const before = from - box.x;
  const inside = Math.max(room, before) < ROOM && to - from > ROOM;
  const behind = inside || room > 110 || room > before;
  return {
    type: "text",
    style: {
      text,
      x: inside ? from + 6 : behind ? to + 6 : from - 6,
      y,
      align: behind ? "left" : "right",
      verticalAlign: "middle",
      fill: inside ? colors.paper : colors.ink,
      fontSize: 12,
      fontFamily: colors.font,
    },
  };
}

function spanBars(attempt: AttemptView, words: TimeWords, colors: Palette): Option {
  return {
    type: "custom",
    z: 2,
    encode: { x: [0, 1], y: 2 },
    data: attempt.spans.map((span, y) => ({ value: [span.from_s, span.to_s, y], told: toldSpan(span, words) })),
    tooltip: { formatter: (point: { data: { told: string } }) => point.data.told },
    renderItem: (params: Place, api: Api) => {
      const span = attempt.spans[params.dataIndex];
      if (!span) return null;
      const [from = 0, y = 0] = api.coord([span.from_s, params.dataIndex]);
      const [to = 0] = api.coord([span.to_s, params.dataIndex]);
      const width = Math.max(2, to - from);
      const color = span.name === "answer" ? colors.accent : colors.muted;
      const bar = { type: "rect", shape: { x: from, y: y - 6, width, height: 12 }, style: { fill: color, opacity: 0.75 } };
      return { type: "group", children: [bar, beside(words.span(span.name), from, from + width, y, params.coordSys, colors)] };
    },
  };
}

const toldSpan = (span: AttemptView["spans"][number], words: TimeWords): string =>
  `${words.span(span.name)}\n${words.time(span.from_s)} – ${words.time(span.to_s)}`;

/** Each event as a stroke; where its arrival is uncertain, the range as a bar. */
function arrivalRug(attempt: AttemptView, words: TimeWords, colors: Palette): Option {
  const y = attempt.spans.length;
  const { events } = attempt;
  return {
    type: "custom",
    z: 2,
    encode: { x: [0, 1], y: 2 },
    data: events.map((event) => ({ value: [event.low_s ?? event.at_s, event.at_s, y], told: toldEvent(event, words) })),
    tooltip: { formatter: (point: { data: { told: string } }) => point.data.told },
    renderItem: (params: Place, api: Api) => {
      const event = events[params.dataIndex];
      if (!event) return null;
      const [at = 0, middle = 0] = api.coord([event.at_s, y]);
      const stroke = { type: "rect", shape: { x: at - 0.5, y: middle - 6, width: 1, height: 12 }, style: { fill: colors.ink } };
      const children: object[] = [stroke];
      if (event.low_s !== null) {
        const [low = at] = api.coord([event.low_s, y]);
        children.unshift({ type: "rect", shape: { x: low, y: middle - 4, width: Math.max(0, at - low), height: 8 }, style: { fill: colors.muted, opacity: 0.35 } });
      }
      if (params.dataIndex === 0) children.push(beside(words.arrivals, low(api, event, y), at, middle, { ...params.coordSys, width: at - params.coordSys.x }, colors));
      return { type: "group", children };
    },
  };
}

const low = (api: Api, event: AttemptView["events"][number], y: number): number => api.coord([event.low_s ?? event.at_s, y])[0] ?? 0;

export const toldEvent = (event: AttemptView["events"][number], words: TimeWords): string =>
  `${words.kind(event.kind)}\n${event.low_s === null ? "" : `${words.time(event.low_s)} – `}${words.time(event.at_s)}`;

function markLines(attempt: AttemptView, colors: Palette): Option {
  const shown = attempt.marks.filter((mark) => mark.name === "first_token");
  return {
    type: "scatter",
    data: [],
    silent: true,
    markLine: {
      precision: PRECISION,
      silent: true,
      symbol: "none",
      animation: false,
      label: { show: false },
      lineStyle: { color: colors.muted, type: "dashed", width: 1 },
      data: shown.map((mark) => ({ xAxis: mark.at_s })),
    },
  };
}

/** Events over time as steps: the width of a step is the gap; what is uncertain is drawn as a bar. */
export function arrivalsOption(attempt: AttemptView, words: TimeWords, colors: Palette): Option {
  const { events } = attempt;
  return {
    grid: { left: 40, right: 14, top: 10, bottom: 44 },
    tooltip: { trigger: "item" },
    xAxis: timeAxis(words, colors, { scale: true, min: undefined }),
    yAxis: axis(colors, { name: words.event, nameGap: 30, min: 0, minInterval: 1, splitNumber: 3 }),
    series: [
      {
        type: "line",
        step: "end",
        z: 2,
        symbol: "circle",
        symbolSize: 4,
        showSymbol: events.length < 400,
        lineStyle: { color: colors.accent, width: 1.2 },
        itemStyle: { color: colors.accent },
        data: events.map((event, at) => ({ value: [event.at_s, at + 1], told: toldEvent(event, words) })),
        tooltip: { formatter: (point: { data: { told: string } }) => point.data.told },
      },
      uncertainty(attempt, colors),
    ],
  };
}

function uncertainty(attempt: AttemptView, colors: Palette): Option {
  const open = attempt.events.flatMap((event, at) => (event.low_s === null ? [] : [[event.low_s, event.at_s, at + 1]]));
  return {
    type: "custom",
    silent: true,
    z: 1,
    encode: { x: [0, 1], y: 2 },
    data: open,
    renderItem: (params: Place, api: Api) => {
      const [from = 0, to = 0, y = 0] = open[params.dataIndex] ?? [];
      const [left = 0, middle = 0] = api.coord([from, y]);
      const [right = 0] = api.coord([to, y]);
      return { type: "rect", shape: { x: left, y: middle - 3, width: Math.max(1, right - left), height: 6 }, style: { fill: colors.muted, opacity: 0.45 } };
    },
  };
}
