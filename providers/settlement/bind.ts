import { ROW_TYPES, type RowType } from '../../domain/reconciliation/row.ts';
import { type BoundAmount, bindAmount } from './amounts.ts';
import type { Header } from './header.ts';
import {
  type SettlementLayout,
  TEXT_FIELDS,
  type TextChoice,
  type TextField,
  type TimeChoice,
} from './layout.ts';

/** Parts of a layout bound to the places that their columns have in one file's header. */
export interface BoundText {
  readonly position: number;
  readonly pattern: RegExp | undefined;
}

export interface BoundTime {
  readonly position: number;
  readonly zonePosition: number;
  readonly zone: string;
  readonly order: 'ymd' | 'dmy' | 'mdy';
}

export type BoundTexts = ReadonlyMap<RowType, readonly (readonly [TextField, readonly BoundText[]])[]>;

/** The first choice that has something to say; empty where none has. */
export function textOf(cells: readonly string[], choices: readonly BoundText[]): string {
  for (const { position, pattern } of choices) {
    const text = cells[position] ?? '';
    if (text === '') continue;
    if (pattern === undefined) return text;
    const found = pattern.exec(text)?.[1];
    if (found !== undefined && found !== '') return found;
  }
  return '';
}

export interface BoundCharge {
  readonly amount: BoundAmount;
  readonly currency: number;
}

export function bindCharged({ charged }: SettlementLayout, header: Header): BoundCharge | undefined {
  if (charged === undefined) return undefined;
  const currency = header.find(charged.currency);
  if (currency === undefined || header.find(charged.amount) === undefined) return undefined;
  return { amount: bindAmount({ column: charged.amount }, header), currency };
}

/** By type, because some choices are for some types only. */
export function bindAllTexts(layout: SettlementLayout, header: Header): BoundTexts {
  return new Map(ROW_TYPES.map((type) => [type, bindTexts(layout, header, type)]));
}

function bindTexts(layout: SettlementLayout, header: Header, type: RowType) {
  return TEXT_FIELDS.flatMap((field) => {
    const choices = (layout.texts[field] ?? []).flatMap((choice) => bindText(choice, header, type));
    return choices.length === 0 ? [] : [[field, choices] as const];
  });
}

function bindText({ column, only, pattern }: TextChoice, header: Header, type: RowType): BoundText[] {
  const position = header.find(column);
  if (position === undefined || (only !== undefined && !only.includes(type))) return [];
  return [{ position, pattern: pattern === undefined ? undefined : new RegExp(pattern) }];
}

export function bindTimes(choices: readonly TimeChoice[], header: Header): BoundTime[] {
  return choices.flatMap(({ column, zoneColumn, zone, order = 'ymd' }) => {
    const position = header.find(column);
    if (position === undefined) return [];
    const zonePosition = (zoneColumn === undefined ? undefined : header.find(zoneColumn)) ?? -1;
    return [{ position, zonePosition, zone, order }];
  });
}
