import { useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { useRefresh } from '../../api/query.ts';
import { ActionDialog, type Confirmed, Field, Notice, useMerchant } from '../../kit/index.ts';
import type { Told } from './parts.tsx';

/** A new endpoint of the merchant that is chosen above, in its mode: made as the merchant itself would. */
export function NewEndpoint(props: { readonly onTold: (told: Told) => void; readonly onClose: () => void }) {
  const { merchant } = useMerchant();
  const refresh = useRefresh();
  const [url, setUrl] = useState('');
  const [types, setTypes] = useState('');
  const make = async ({ key }: Confirmed) => {
    const made = await answer(
      api.POST('/v1/webhook_endpoints', {
        params: { header: { 'Idempotency-Key': key } },
        body: { url: url.trim(), event_types: types.split(/[\s,]+/).filter((each) => each !== '') },
      }),
    );
    await refresh(['/v1/operator/endpoints']);
    props.onTold({
      title: 'The signing secret of the new endpoint',
      value: made.secret,
      lost: 'Whoever loses it rotates the secret.',
    });
  };
  return (
    <ActionDialog
      title="New webhook endpoint"
      what={
        merchant === undefined ? (
          <Notice tone="warn">Choose a merchant beside the page first.</Notice>
        ) : (
          `Events of ${merchant} are sent there, signed.`
        )
      }
      reasonRequired={false}
      ready={url.trim() !== '' && merchant !== undefined}
      confirmLabel="Make it"
      onConfirm={make}
      onClose={props.onClose}
    >
      <Field label="URL" type="url" placeholder="https://…" value={url} required onText={setUrl} />
      <Field
        label="Events"
        hint="Names or patterns, e.g. payment.* refund.succeeded; empty: all."
        value={types}
        onText={setTypes}
      />
    </ActionDialog>
  );
}
