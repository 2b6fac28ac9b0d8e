import { Button, CopyButton, Dialog, Notice, Pager } from '../../kit/index.ts';

/** What the API has told just now and will not tell again. */
export interface Told {
  readonly title: string;
  readonly value: string;
  /** What becomes of whoever loses it. */
  readonly lost: string;
}

export function ToldOnce({ told, onClose }: { readonly told: Told; readonly onClose: () => void }) {
  return (
    <Dialog title={told.title} onClose={onClose}>
      <Notice tone="warn" title="It is shown this once.">
        {told.lost}
      </Notice>
      <p className="settings-told">
        <code>{told.value}</code>
        <CopyButton value={told.value} />
      </p>
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          I have kept it
        </Button>
      </div>
    </Dialog>
  );
}

/** For people without `configure`, on every page: why there is nothing to press. */
export function ReadOnly({ may }: { readonly may: boolean }) {
  return may ? null : <Notice tone="info">You may look at settings. Only administrators change them.</Notice>;
}

/** On to older rows, or back to the newest. Nothing where everything is on one page. */
export function NewestFirst(props: {
  readonly after: string;
  readonly page:
    | { readonly data: readonly { readonly id: string }[]; readonly has_more: boolean }
    | undefined;
  readonly onAfter: (after: string) => void;
}) {
  const { after, page, onAfter } = props;
  const last = page?.has_more === true ? page.data.at(-1)?.id : undefined;
  if (after === '' && last === undefined) return null;
  return (
    <Pager
      onNewer={after === '' ? undefined : () => onAfter('')}
      onOlder={last === undefined ? undefined : () => onAfter(last)}
    />
  );
}

/** `operator:opr_alice` as a reader says it. */
export function personOf(actor: string | null): string {
  return actor === null ? 'nobody known' : actor.replace(/^operator:(opr_)?/, '');
}

/** JSON that somebody typed; undefined while it is none. */
export function parsedObject(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

export function shownJson(value: object): string {
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value, null, 2);
}
