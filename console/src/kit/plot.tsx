import { useEffect, useRef } from 'react';
import UPlot, { type AlignedData, type Options } from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { ChartProps } from './charts.tsx';
import { dotsOf, isCrowded, labelOf, linesOf, widthOf } from './points.ts';

type PlotProps = ChartProps & {
  readonly kind: 'line' | 'bar';
  readonly format: (value: number) => string;
  readonly heightPx: number;
};

/** uPlot, with the theme's colours and the container's width. Loaded only where a chart is shown. */
export default function Plot(props: PlotProps) {
  const ref = useRef<HTMLDivElement>(null);
  const { points, series, heightPx } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew when the figures change; labels and format follow them.
  useEffect(() => {
    const box = ref.current;
    if (box === null) return;
    const draw = () => new UPlot(optionsOf(props, box.clientWidth), dataOf(props), box);
    let plot = draw();
    const redraw = () => {
      plot.destroy();
      plot = draw();
    };
    const sized = new ResizeObserver(() => {
      if (box.clientWidth !== plot.width) plot.setSize({ width: box.clientWidth, height: heightPx });
    });
    sized.observe(box);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', redraw);
    return () => {
      sized.disconnect();
      themed.disconnect();
      scheme.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, [points, series, heightPx]);
  return <div ref={ref} className="plot" style={{ height: heightPx }} />;
}

function dataOf({ kind, points, series }: PlotProps): AlignedData {
  const xs = kind === 'line' ? points.map((at) => Date.parse(at) / 1000) : points.map((_, index) => index);
  return [xs, ...series.map(({ values }) => [...values])];
}

function optionsOf(props: PlotProps, width: number): Options {
  const { kind, points, series, format, heightPx, most } = props;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--text-2'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: `11px ${style.getPropertyValue('--font')}`,
  };
  return {
    width,
    height: heightPx,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: kind === 'line' ? { range: timeRange } : { time: false, range: [-0.6, points.length - 0.4] },
      // From nothing: a scale that begins elsewhere makes small differences look large.
      y: {
        range: (_plot, least, greatest) => [Math.min(0, least ?? 0), most ?? ((greatest ?? 0) * 1.08 || 1)],
      },
    },
    axes: [
      kind === 'line' ? axis : { ...axis, ...namedBars(points) },
      { ...axis, size: 64, values: (_plot, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      {},
      ...series.map(({ label, values }, index) => {
        const stroke = colour(`--series-${(index % 6) + 1}`);
        return {
          label,
          stroke,
          width: 1.5,
          points: { show: false, size: 6, ...(kind === 'line' ? { filter: () => dotsOf(values) } : {}) },
          ...(kind === 'line' ? {} : { fill: stroke, ...barsOf(index, series.length) }),
        };
      }),
    ],
  };
}

const HOUR_SECONDS = 3_600;

/** One point has an hour to each side: by itself uPlot would show years. */
function timeRange(_plot: UPlot, from: number, to: number): [number, number] {
  return from === to ? [from - HOUR_SECONDS, to + HOUR_SECONDS] : [from, to];
}

/** How far labels are turned that would run into each other, and what of their length goes down then. */
const TURN_DEGREES = 45;
const DOWN = Math.sin((TURN_DEGREES * Math.PI) / 180);
/** Of an axis whose labels lie flat, with one line of them; and each line more, as uPlot sets them. */
const AXIS_PX = 40;
const LINE_PX = 17;

/** The axis below bars: each has its name, turned where there is no room for it. */
function namedBars(points: readonly string[]) {
  const flat = points.map(linesOf);
  const turned = points.map(labelOf);
  const flatPx = AXIS_PX + (Math.max(1, ...flat.map((lines) => lines.length)) - 1) * LINE_PX;
  const turnedPx = AXIS_PX + Math.ceil(widthOf(turned) * DOWN) - 12;
  const isTurned = ({ width }: UPlot) => isCrowded(flat, width - 64);
  return {
    grid: { show: false },
    splits: () => points.map((_, index) => index),
    values: (plot: UPlot) => (isTurned(plot) ? turned : flat.map((lines) => lines.join('\n'))),
    rotate: (plot: UPlot) => (isTurned(plot) ? TURN_DEGREES : 0),
    size: (plot: UPlot) => (isTurned(plot) ? turnedPx : flatPx),
  };
}

/** Bars of several series stand beside each other: each has its part of the place of a point. */
function barsOf(index: number, count: number) {
  const paths = UPlot.paths.bars?.({
    size: [0.7 / count, 48],
    align: count === 1 ? 0 : index === 0 ? -1 : 1,
  });
  return paths === undefined ? {} : { paths };
}
