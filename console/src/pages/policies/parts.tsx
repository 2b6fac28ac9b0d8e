import { Time } from '../../kit/index.ts';

/** The routing routes tell instants in Unix seconds. */
export function At({
  seconds,
  relative = false,
}: {
  readonly seconds: number | null;
  readonly relative?: boolean;
}) {
  if (seconds === null) return <span className="muted">–</span>;
  return <Time at={new Date(seconds * 1_000).toISOString()} relative={relative} />;
}

/** Parts per million as a percentage. */
export function Ppm({ value }: { readonly value: number | null }) {
  return <span className="num">{ppmText(value)}</span>;
}

export function ppmText(value: number | null): string {
  if (value === null) return '–';
  return `${(value / 10_000).toFixed(2)}%`;
}

/** A difference of two shares. */
export function pointsText(value: number): string {
  return `${value > 0 ? '+' : ''}${(value / 10_000).toFixed(2)}`;
}

/** `key:…` and `operator:…` as a reader says them. */
export function author(actor: string): string {
  return actor.replace(/^operator:/, '').replace(/^key:/, 'key ');
}

/** Where a version stands, in words: a canary says how much it decides. */
export function statusText(policy: {
  readonly status: string;
  readonly canary_percent: number | null;
}): string {
  return policy.canary_percent === null ? policy.status : `${policy.status} ${policy.canary_percent}%`;
}
