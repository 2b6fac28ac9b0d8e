/** How Grafana wants a dashboard, as far as ours need it: rows of panels of one size, each a title, a unit and some PromQL. */

export interface Panel {
  readonly title: string;
  /** What to read from it. */
  readonly description?: string;
  readonly kind: 'timeseries' | 'stat' | 'table';
  /** Grafana's name of the unit: s, percentunit, reqps, short, d. */
  readonly unit: string;
  /** Each PromQL with its legend. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

const COLUMNS = 24;
const HEIGHT = 8;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** The JSON model that Grafana imports. Which Prometheus it reads is chosen at the top of the page. */
export function render({ uid, title, rows }: Dashboard): object {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const row of rows) {
    id += 1;
    panels.push({
      id,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { h: 1, w: COLUMNS, x: 0, y },
    });
    y += 1;
    const width = Math.floor(COLUMNS / row.panels.length);
    for (const [column, panel] of row.panels.entries()) {
      id += 1;
      panels.push(renderPanel(panel, id, { h: HEIGHT, w: width, x: column * width, y }));
    }
    y += HEIGHT;
  }
  return {
    uid,
    title,
    tags: ['interlock'],
    timezone: 'browser',
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus', hide: 0 }],
    },
    annotations: { list: [] },
    panels,
  };
}

function renderPanel(
  { title, description, kind, unit, queries }: Panel,
  id: number,
  gridPos: object,
): object {
  return {
    id,
    type: kind,
    title,
    ...(description === undefined ? {} : { description }),
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      kind === 'timeseries'
        ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
        : {},
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
      ...(kind === 'table' ? { format: 'table', instant: true } : {}),
    })),
  };
}
