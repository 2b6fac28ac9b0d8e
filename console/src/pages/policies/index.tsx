import { lazy } from 'react';
import { Route, Switch } from 'wouter';
import { Notice, Page, Tabs, useMerchant } from '../../kit/index.ts';
import './policies.css';
import { PolicyList } from './list.tsx';

const NewPolicy = lazy(() => import('./edit.tsx'));
const PolicyPage = lazy(() => import('./version.tsx'));
const Simulator = lazy(() => import('./simulator.tsx'));
const Backtests = lazy(() => import('./backtests.tsx'));
const BacktestPage = lazy(() => import('./backtest.tsx'));
const Experiments = lazy(() => import('./experiments.tsx'));
const Catalogue = lazy(() => import('./catalogue.tsx'));
const Health = lazy(() => import('./health.tsx'));
const Platform = lazy(() => import('./platform.tsx'));

/** How one merchant's payments are routed, in one mode: the chosen one's. */
export default function Policies() {
  const { merchant } = useMerchant();
  if (merchant === undefined)
    return (
      <Page title="Policies">
        <Notice tone="info">Choose a merchant first: each has policies of its own.</Notice>
      </Page>
    );
  return (
    <div className="policies" key={merchant}>
      <Tabs
        label="Routing"
        tabs={[
          { href: '/policies', label: 'Versions', exact: true },
          { href: '/policies/simulator', label: 'Simulator' },
          { href: '/policies/backtests', label: 'Back-tests' },
          { href: '/policies/experiments', label: 'Experiments' },
          { href: '/policies/health', label: 'Health' },
          { href: '/policies/catalogue', label: 'Catalogue' },
          { href: '/policies/platform', label: 'Platform' },
        ]}
      />
      <Switch>
        <Route path="/policies" component={PolicyList} />
        <Route path="/policies/new" component={NewPolicy} />
        <Route path="/policies/simulator" component={Simulator} />
        <Route path="/policies/backtests" component={Backtests} />
        <Route path="/policies/backtests/:id" component={BacktestPage} />
        <Route path="/policies/experiments" component={Experiments} />
        <Route path="/policies/health" component={Health} />
        <Route path="/policies/catalogue" component={Catalogue} />
        <Route path="/policies/platform" component={Platform} />
        <Route path="/policies/:version" component={PolicyPage} />
      </Switch>
    </div>
  );
}
