import { Component, type ReactNode } from 'react';
import { ErrorBox, Page } from '../kit/index.ts';

/** A page that fails says so in its own place; the navigation around it still works. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Page title="This page failed">
        <ErrorBox problem={error} retry={() => location.reload()} />
      </Page>
    );
  }
}
