import { Component, type ReactNode } from 'react';
import { ErrorBox, Page } from '../kit/index.ts';

interface BoundaryProps {
  /** Where the page is: a page that failed is tried again elsewhere, and everything else keeps its state and the focus. */
  readonly place: string;
  readonly children: ReactNode;
}

interface BoundaryState {
  readonly error: unknown;
  readonly failedAt: string | undefined;
}

/** A page that fails says so in its own place; the navigation around it still works. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: undefined, failedAt: undefined };

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { error };
  }

  static getDerivedStateFromProps({ place }: BoundaryProps, state: BoundaryState): BoundaryState {
    if (state.error === undefined) return { error: undefined, failedAt: undefined };
    if (state.failedAt === undefined) return { ...state, failedAt: place };
    return state.failedAt === place ? state : { error: undefined, failedAt: undefined };
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
