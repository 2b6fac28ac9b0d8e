/**
 * The year as a picture: monthly success of those who routed it, and below it when each provider was in trouble. An SVG by hand,
 * whose colours follow the reader's light or dark page.
 */
import { DAY_MS, DAYS, YEAR_START_MS } from './calendar.ts';
import type { OutageKind } from './outages.ts';
import { ACCOUNT_NAMES, type PlayerName, playerOf, type SimulatedYear } from './year.ts';

const WIDTH = 960;
const CHART = { left: 64, right: 760, top: 56, bottom: 336 };
const LANES = { top: 384, step: 18, height: 12 };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const DRAWN: readonly { readonly name: PlayerName; readonly style: string; readonly label: string }[] = [
  { name: 'oracle', style: 'oracle', label: 'oracle (true rates)' },
  { name: 'success-aware', style: 'success', label: 'success-aware' },
  { name: 'cost-aware', style: 'cost', label: 'cost-aware' },
  { name: 'fixed order', style: 'fixed', label: 'fixed order' },
];

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; } .small { font-size: 11px; fill: #57606a; }
  .grid { stroke: #d0d7de; stroke-width: 1; } .lane { fill: #eaeef2; }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
  .oracle { stroke: #57606a; stroke-dasharray: 5 4; } .success { stroke: #0969da; }
  .cost { stroke: #1a7f37; } .fixed { stroke: #bc4c00; }
  .dead { fill: #cf222e; } .silent { fill: #8250df; } .declining { fill: #bf8700; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .small { fill: #9198a1; } .grid { stroke: #3d444d; } .lane { fill: #262c36; }
    .oracle { stroke: #9198a1; } .success { stroke: #58a6ff; } .cost { stroke: #3fb950; } .fixed { stroke: #f0883e; }
    .dead { fill: #f85149; } .silent { fill: #a371f7; } .declining { fill: #d29922; }
  }`;

export function plotOf(year: SimulatedYear): string {
  const values = DRAWN.flatMap(({ name }) => playerOf(year, name).monthlySuccess);
  const low = Math.floor(Math.min(...values));
  const high = Math.ceil(Math.max(...values));
  const y = (percent: number) => CHART.bottom - ((percent - low) / (high - low)) * (CHART.bottom - CHART.top);
  const height = LANES.top + ACCOUNT_NAMES.length * LANES.step + 44;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title(year)}">`,
    `<style>${STYLE}\n</style>`,
    `<text class="title" x="${CHART.left}" y="24">${title(year)}</text>`,
    ...grid(low, high, y),
    ...lines(year, y),
    ...lanes(year),
    ...legend(height - 14),
    '</svg>',
    '',
  ].join('\n');
}

function title({ payments, seed }: SimulatedYear): string {
  return `A simulated year: ${payments.toLocaleString('en-US')} payments, share approved by month (seed ${seed})`;
}

function monthX(month: number): number {
  return CHART.left + ((month + 0.5) / MONTHS.length) * (CHART.right - CHART.left);
}

function timeX(atMs: number): number {
  const share = (atMs - YEAR_START_MS) / (DAYS * DAY_MS);
  return CHART.left + Math.min(1, share) * (CHART.right - CHART.left);
}

function grid(low: number, high: number, y: (percent: number) => number): string[] {
  const step = high - low > 8 ? 2 : 1;
  const marks = Array.from(
    { length: Math.floor((high - low) / step) + 1 },
    (_none, index) => low + index * step,
  );
  return [
    ...marks.flatMap((mark) => [
      `<line class="grid" x1="${CHART.left}" x2="${CHART.right}" y1="${fixed(y(mark))}" y2="${fixed(y(mark))}"/>`,
      `<text class="small" x="${CHART.left - 8}" y="${fixed(y(mark) + 4)}" text-anchor="end">${mark}%</text>`,
    ]),
    ...MONTHS.map(
      (name, month) =>
        `<text class="small" x="${fixed(monthX(month))}" y="${CHART.bottom + 18}" text-anchor="middle">${name}</text>`,
    ),
  ];
}

const LABEL_APART = 34;

/** Labels stand at the lines' ends, pushed apart where lines meet. */
function lines(year: SimulatedYear, y: (percent: number) => number): string[] {
  let free = CHART.top - LABEL_APART;
  const ends = DRAWN.map((drawn) => ({ ...drawn, player: playerOf(year, drawn.name) }))
    .map((drawn) => ({ ...drawn, endY: y(drawn.player.monthlySuccess.at(-1) ?? 0) }))
    .sort((a, b) => a.endY - b.endY);
  return ends.flatMap(({ style, label, player, endY }) => {
    const labelY = Math.max(endY, free + LABEL_APART);
    free = labelY;
    const points = player.monthlySuccess.map((value, month) => `${fixed(monthX(month))},${fixed(y(value))}`);
    const x = CHART.right + 12;
    return [
      `<polyline class="line ${style}" points="${points.join(' ')}"/>`,
      `<line class="line ${style}" x1="${x}" x2="${x + 18}" y1="${fixed(labelY)}" y2="${fixed(labelY)}"/>`,
      `<text x="${x + 24}" y="${fixed(labelY + 1)}">${label}</text>`,
      `<text class="small" x="${x + 24}" y="${fixed(labelY + 15)}">${player.success.toFixed(2)}%, fees ${player.fees.toFixed(2)}%</text>`,
    ];
  });
}

function lanes({ world }: SimulatedYear): string[] {
  return ACCOUNT_NAMES.flatMap((name, account) => {
    const top = LANES.top + account * LANES.step;
    const bars = (world.outages[account] ?? []).map(({ kind, fromMs, toMs }) => {
      const x = timeX(fromMs);
      // An hour is a tenth of a pixel: each is made wide enough to be seen.
      const width = Math.max(2.5, timeX(toMs) - x);
      return `<rect class="${kind}" x="${fixed(x)}" y="${top}" width="${fixed(width)}" height="${LANES.height}"/>`;
    });
    return [
      `<rect class="lane" x="${CHART.left}" y="${top}" width="${CHART.right - CHART.left}" height="${LANES.height}"/>`,
      ...bars,
      `<text class="small" x="${CHART.right + 12}" y="${top + LANES.height - 2}">${name}</text>`,
    ];
  });
}

const KINDS: readonly { readonly kind: OutageKind; readonly text: string }[] = [
  { kind: 'dead', text: 'out: connections refused' },
  { kind: 'silent', text: 'out: no answers' },
  { kind: 'declining', text: 'declines what it would approve' },
];

function legend(y: number): string[] {
  return KINDS.flatMap(({ kind, text }, index) => {
    const x = CHART.left + index * 190;
    return [
      `<rect class="${kind}" x="${x}" y="${y - 10}" width="10" height="10"/>`,
      `<text class="small" x="${x + 16}" y="${y}">${text}</text>`,
    ];
  });
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
