import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { agoOf, useMinute } from './ago.ts';
import { CheckIcon, CopyIcon } from './icons.tsx';
import { formatMoney } from './money.ts';
import { toneOf } from './tones.ts';

/** A state in words; the colour only repeats them. */
export function Status({ value, label }: { readonly value: string; readonly label?: string }) {
  return <span className={`badge tone-${toneOf(value)}`}>{label ?? value.replaceAll('_', ' ')}</span>;
}

/** An amount of minor units (sums that pass 2^53 come as text) in its currency's own form. */
export function Money({ minor, currency }: { readonly minor: number | string; readonly currency: string }) {
  return (
    <span className="money">
      {formatMoney(minor, currency)} <span className="currency">{currency}</span>
    </span>
  );
}

const ABSOLUTE = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** A moment in the reader's own time zone; its title has it in ISO form. A relative one goes on as time does. */
export function Time({ at, relative = false }: { readonly at: string; readonly relative?: boolean }) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{at}</span>;
  return (
    <time className="num nowrap" dateTime={at} title={at}>
      {relative ? <Ago atMs={date.getTime()} /> : ABSOLUTE.format(date)}
    </time>
  );
}

function Ago({ atMs }: { readonly atMs: number }) {
  useMinute();
  return <>{agoOf(atMs - Date.now())}</>;
}

/** An identifier: monospaced, to be copied with one press, a link where there is something behind it. */
export function Id(props: {
  readonly value: string;
  readonly href?: string;
  /** What is shown, where the whole would be too long; the whole is copied. */
  readonly short?: string;
}) {
  const { value, href, short = value } = props;
  return (
    <span className="id">
      {href === undefined ? (
        <span title={value}>{short}</span>
      ) : (
        <Link href={href} title={value}>
          {short}
        </Link>
      )}
      <CopyButton value={value} />
    </span>
  );
}

export function CopyButton({ value }: { readonly value: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value).catch(() => undefined);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <button
      type="button"
      aria-label={isCopied ? 'Copied' : `Copy ${value}`}
      onClick={(event) => {
        event.stopPropagation();
        void copy();
      }}
    >
      {isCopied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}

/** A link out of the console (the workflow's history, the trace): a tab of its own, which cannot reach back. */
export function External({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children} <span aria-hidden="true">↗</span>
      <span className="hidden-text"> (opens in a new tab)</span>
    </a>
  );
}
