import { lazy } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { Tabs, useMay } from '../../kit/index.ts';
import { Accounts } from './accounts.tsx';
import { Endpoints } from './endpoints.tsx';
import { Keys } from './keys.tsx';
import { Merchants } from './merchants.tsx';
import './settings.css';

const AccountPage = lazy(() => import('./account.tsx'));
const AuditPage = lazy(() => import('./audit.tsx'));
const PeoplePage = lazy(() => import('./people.tsx'));

/** What the installation is set up with: a tab each, and for whoever may not change it the same to look at. */
export default function Settings() {
  const mayConfigure = useMay('configure');
  const mayAudit = useMay('view_audit');
  return (
    <>
      <Tabs
        label="Settings"
        tabs={[
          { href: '/settings/merchants', label: 'Merchants' },
          { href: '/settings/keys', label: 'API keys' },
          { href: '/settings/accounts', label: 'Provider accounts' },
          { href: '/settings/endpoints', label: 'Webhook endpoints' },
          ...(mayConfigure ? [{ href: '/settings/people', label: 'People' }] : []),
          ...(mayAudit ? [{ href: '/settings/audit', label: 'Audit log' }] : []),
        ]}
      />
      <Switch>
        <Route path="/settings/merchants" component={Merchants} />
        <Route path="/settings/keys" component={Keys} />
        <Route path="/settings/accounts" component={Accounts} />
        <Route path="/settings/accounts/:id" component={AccountPage} />
        <Route path="/settings/endpoints" component={Endpoints} />
        <Route path="/settings/people" component={PeoplePage} />
        <Route path="/settings/audit" component={AuditPage} />
        <Route>
          <Redirect to="/settings/merchants" replace />
        </Route>
      </Switch>
    </>
  );
}
