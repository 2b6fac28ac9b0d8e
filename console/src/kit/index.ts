/**
 * The kit: what pages are made of. What lives here: components that know how things look and nothing of payments, and the
 * hooks that pages share. What may not: a request to the API (src/api), a page's own content (src/pages).
 */
export { useLive } from '../api/live.ts';
export { useMerchant } from '../api/merchant.ts';
export { useMay, useSession } from '../api/session.tsx';
export { useMinute } from './ago.ts';
export { BarChart, type ChartSeries, LineChart } from './charts.tsx';
export { ActionDialog, type Confirmed, Dialog } from './dialog.tsx';
export { ErrorBox, Loaded, Notice, Skeleton } from './feedback.tsx';
export { FilterField } from './filter-field.tsx';
export { formatCount, formatCounted, formatDuration, formatShare, personOf } from './format.ts';
export { Button, Checkbox, Field, type Option, Select, Slider, TextArea } from './forms.tsx';
export { Card, Facts, Page, Stat, type Tab, Tabs, useKeptSearch } from './layout.tsx';
export { decimalOf, formatMoney, minorOf } from './money.ts';
export { BETWEEN } from './points.ts';
export { type Column, columnsOf, DataTable, type DataTableProps, type ListRead, Pager } from './table.tsx';
export { type Tone, toneOf } from './tones.ts';
export { given, useUrlState } from './use-url-state.ts';
export { CopyButton, External, Id, Money, Status, Time } from './values.tsx';
