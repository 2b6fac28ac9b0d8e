import { BadValue } from './decimal.ts';
import { quoted } from './errors.ts';

/** Minutes east of UTC. IANA names are asked of the runtime; these are what files use besides. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
  Z: 0,
  UTC: 0,
  GMT: 0,
  WET: 0,
  WEST: 60,
  BST: 60,
  CET: 60,
  CEST: 120,
  MET: 60,
  MEST: 120,
  EET: 120,
  EEST: 180,
  SAST: 120,
  MSK: 180,
  GST: 240,
  IST: 330,
  ICT: 420,
  WIB: 420,
  SGT: 480,
  HKT: 480,
  MYT: 480,
  AWST: 480,
  JST: 540,
  KST: 540,
  ACST: 570,
  ACDT: 630,
  AEST: 600,
  AEDT: 660,
  NZST: 720,
  NZDT: 780,
  BRT: -180,
  ART: -180,
  AST: -240,
  ADT: -180,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  AKST: -540,
  AKDT: -480,
  HST: -600,
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
type Order = 'ymd' | 'dmy' | 'mdy';

const SHAPES: Readonly<Record<Order, RegExp>> = {
  ymd: /^(\d{4})[-/.](\d{2})[-/.](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,:](\d{1,9}))?)?)?(.*)$/,
  dmy: /^(\d{2})[-/.](\d{2})[-/.](\d{4})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,:](\d{1,9}))?)?)?(.*)$/,
  mdy: /^(\d{2})[-/.](\d{2})[-/.](\d{4})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,:](\d{1,9}))?)?)?(.*)$/,
};

/**
 * A time as a file writes it, in ISO 8601 and UTC. An offset or zone in the text itself counts before the zone
 * that the layout or a column beside it names.
 */
export function toUtc(text: string, zone: string, order: Order = 'ymd'): string {
  return plainToUtc(text, zone, order) ?? anyToUtc(text, zone, order);
}

/** `2026-01-30 10:11:12`, which nearly all times of nearly all files look like, without a regular expression. */
function plainToUtc(text: string, zone: string, order: Order): string | undefined {
  if (text.length !== 19 || order !== 'ymd') return undefined;
  const separator = text.charCodeAt(4);
  const isPlain =
    (separator === 0x2d || separator === 0x2f) &&
    text.charCodeAt(7) === separator &&
    (text.charCodeAt(10) === 0x20 || text.charCodeAt(10) === 0x54) &&
    text.charCodeAt(13) === 0x3a &&
    text.charCodeAt(16) === 0x3a;
  if (!isPlain) return undefined;
  const [century, decade, month, day] = [two(text, 0), two(text, 2), two(text, 5), two(text, 8)];
  const [hour, minute, second] = [two(text, 11), two(text, 14), two(text, 17)];
  if (!(century + decade + month + day + hour + minute + second >= 0)) return undefined;
  const local = localMs(text, century * 100 + decade, month, day, hour, minute, second);
  const offset = offsetMs(local, zone);
  if (offset === 0 && separator === 0x2d) return `${text.slice(0, 10)}T${text.slice(11)}.000Z`;
  return new Date(local - offset).toISOString();
}

/** Two digits as a number; NaN where they aren't digits. */
function two(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function anyToUtc(text: string, zone: string, order: Order): string {
  const match = SHAPES[order].exec(text);
  if (match === null) throw new BadValue('bad_time', `${quoted(text)} is not a time`);
  const [, first = '', second = '', third = '', hour = '0', minute = '0', secondOfMinute = '0'] = match;
  const [year, month, day] =
    order === 'ymd'
      ? [first, second, third]
      : order === 'dmy'
        ? [third, second, first]
        : [third, first, second];
  const fraction = match[7] === undefined ? 0 : Number(match[7].slice(0, 3).padEnd(3, '0'));
  const local = localMs(text, +year, +month, +day, +hour, +minute, +secondOfMinute) + fraction;
  const rest = (match[8] ?? '').trim();
  return new Date(local - offsetMs(local, rest === '' ? zone : rest)).toISOString();
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function localMs(
  text: string,
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59 || year < 1970) {
    throw new BadValue('bad_time', `${quoted(text)} is not a time that exists`);
  }
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** What must be taken from a local time to get UTC. */
function offsetMs(local: number, zone: string): number {
  const fixed = ABBREVIATIONS[zone];
  if (fixed !== undefined) return fixed * MINUTE_MS;
  const numeric = /^(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (numeric !== null) {
    const [, sign, hours = '0', minutes = '0'] = numeric;
    const size = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
    if (Number(hours) > 14 || Number(minutes) > 59)
      throw new BadValue('bad_time_zone', `${quoted(zone)} is not an offset`);
    return sign === '-' ? -size : size;
  }
  return ianaOffsetMs(local, zone);
}

/** Asking Intl costs microseconds, and a day's file asks for the same few hours a million times. */
const offsets = new Map<string, number>();
const OFFSETS_KEPT = 5_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function ianaOffsetMs(local: number, zone: string): number {
  const quarter = Math.floor(local / (HOUR_MS / 4));
  const key = `${zone} ${quarter}`;
  const kept = offsets.get(key);
  if (kept !== undefined) return kept;
  const format = formatOf(zone);
  // The offset a day before and after: around a change of clocks they differ, and the earlier instant counts.
  const candidates = [-24, 24].map((hours) => offsetAt(format, local + hours * HOUR_MS));
  const fitting = candidates.filter((offset) => offsetAt(format, local - offset) === offset);
  const offset = fitting.length > 0 ? Math.max(...fitting) : Math.min(...candidates);
  if (offsets.size >= OFFSETS_KEPT) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const kept = formats.get(zone);
  if (kept !== undefined) return kept;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
    return format;
  } catch {
    throw new BadValue('bad_time_zone', `${quoted(zone)} is not a time zone`);
  }
}

function offsetAt(format: Intl.DateTimeFormat, instant: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  return shown - Math.floor(instant / 1000) * 1000;
}
