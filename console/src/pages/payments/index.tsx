import { lazy } from 'react';
import { Route, Switch } from 'wouter';
import { PaymentList } from './list.tsx';
import './payments.css';

const PaymentPage = lazy(() => import('./payment.tsx'));

/** Payments of every merchant, and what happened to one of them. */
export default function Payments() {
  return (
    <Switch>
      <Route path="/payments/:id">{({ id }) => <PaymentPage key={id} id={id} />}</Route>
      <Route path="/payments" component={PaymentList} />
    </Switch>
  );
}
