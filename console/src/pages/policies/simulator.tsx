import { useRead } from '../../api/query.ts';
import { Card, Page, Select, useMay, useUrlState } from '../../kit/index.ts';
import { SimulateForm } from './simulate-form.tsx';

const DEFAULTS = { version: '' };

/** What would be decided now, with today's health and fees, by the version that decides or by any other. */
export default function Simulator() {
  const [{ version }, setState] = useUrlState(DEFAULTS);
  const mayDraft = useMay('draft_policy');
  const versions = useRead('/v1/routing/policies', { params: { query: { limit: 100 } } });
  const options = (versions.data?.data ?? []).map((policy) => ({
    value: String(policy.version),
    label: `${policy.version} · ${policy.name} (${policy.status})`,
  }));
  return (
    <Page
      title="Simulator"
      sub="How a payment would be routed now, and why. Nothing is sent and nothing is kept."
    >
      {mayDraft ? (
        <Card title="A payment that nobody makes">
          <div className="stack">
            <Select
              label="Policy"
              value={version}
              options={[{ value: '', label: 'the one that decides now' }, ...options]}
              onValue={(value) => setState({ version: value })}
            />
            <SimulateForm key={version} policy={version === '' ? {} : { version: Number(version) }} />
          </div>
        </Card>
      ) : (
        <p>Your role does not simulate policies.</p>
      )}
    </Page>
  );
}
