/**
 * What becomes of a page of docs/runbooks when the console is built (console/runbooks.ts): words in a small tree, which React
 * renders. No Markdown is parsed and no HTML is taken for markup in the browser.
 */
export interface Runbook {
  /** `task-queue-behind`, of docs/runbooks/task-queue-behind.md. */
  readonly name: string;
  readonly title: string;
  /** Those that lead here. */
  readonly alarms: readonly string[];
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly type: 'section' | 'paragraph'; readonly words: readonly Inline[] }
  | { readonly type: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly type: 'code'; readonly text: string };

export type Inline =
  | string
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'em'; readonly words: readonly Inline[] }
  | { readonly type: 'strong'; readonly words: readonly Inline[] }
  /** To a page of the console, or by `https:` to somewhere else. */
  | { readonly type: 'link'; readonly href: string; readonly words: readonly Inline[] };
