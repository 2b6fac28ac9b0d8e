import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import { Button } from './forms.tsx';
import type { Tone } from './tones.ts';
import { CopyButton } from './values.tsx';

/** Something to know. `alert`: read out as soon as it appears. */
export function Notice(props: {
  readonly tone: Tone;
  readonly title?: ReactNode;
  readonly alert?: boolean;
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}) {
  const { tone, title, alert = false, actions, children } = props;
  return (
    <div className={`notice notice-${tone}`} {...(alert ? { role: 'alert' } : {})}>
      <div>
        {title !== undefined && <strong>{title} </strong>}
        {children}
      </div>
      {actions}
    </div>
  );
}

/** Holds the place of what isn't here yet, in its size, so that nothing moves when it comes. */
export function Skeleton(props: {
  readonly heightPx: number;
  readonly widthPx?: number;
  readonly lines?: number;
}) {
  const { heightPx, widthPx, lines = 1 } = props;
  const size = { height: heightPx, ...(widthPx === undefined ? {} : { width: widthPx, maxWidth: '100%' }) };
  if (lines === 1) return <span className="skeleton" style={size} aria-hidden="true" />;
  return (
    <div className="stack" aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => `line ${line}`).map((key) => (
        <span key={key} className="skeleton" style={size} />
      ))}
    </div>
  );
}

/** What went wrong, in the API's words, with the ids by which the request is found again in logs and traces. */
export function ErrorBox({ problem, retry }: { readonly problem: unknown; readonly retry?: () => void }) {
  const { message, code, requestId, traceId } = problemOf(problem);
  return (
    <Notice
      tone="bad"
      alert
      title={message}
      {...(retry === undefined ? {} : { actions: <Button onClick={retry}>Try again</Button> })}
    >
      <div className="muted">
        <code>{code}</code>{' '}
        {requestId !== undefined && (
          <span className="id">
            <span> · {requestId}</span>
            <CopyButton value={requestId} />
          </span>
        )}
        {traceId !== undefined && (
          <span className="id">
            <span> · trace {traceId}</span>
            <CopyButton value={traceId} />
          </span>
        )}
      </div>
    </Notice>
  );
}

/**
 * One answer of the API: its skeleton until it is there, then its content. Where asking again failed, the problem stands above what
 * was last known, which stays: in it may be an editor or a dialog with what somebody has typed.
 */
export function Loaded<T>(props: {
  readonly query: {
    readonly data: T | undefined;
    readonly error: Error | null;
    readonly refetch: () => unknown;
  };
  /** Of about the size that the content will have. */
  readonly skeletonPx?: number;
  readonly children: (data: T) => ReactNode;
}) {
  const { query, skeletonPx = 160, children } = props;
  const { data, error } = query;
  return (
    <>
      {error !== null && <ErrorBox problem={error} retry={() => void query.refetch()} />}
      {data === undefined ? error === null && <Skeleton heightPx={skeletonPx} /> : children(data)}
    </>
  );
}
