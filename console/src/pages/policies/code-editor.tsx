import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, linter, lintGutter } from '@codemirror/lint';
import { EditorState, type Text } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';

/** What is wrong with a text, where; lines and columns count from 1, line 0 is the text as a whole. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

export interface EditorHandle {
  goTo(line: number, column: number): void;
}

export interface CodeEditorProps {
  readonly label: string;
  /** What it begins with; what is typed is told and not given back. */
  readonly initial: string;
  readonly onText: (text: string) => void;
  /** Asked once typing has rested; what it finds is marked where it is. */
  readonly check: (text: string) => Promise<readonly Finding[]>;
  readonly onReady?: (handle: EditorHandle) => void;
}

const RESTED_MS = 400;

/**
 * The YAML editor, a chunk of its own. It lives in a shadow root: there its styles are adopted style sheets, which the
 * page's policy allows, where a `<style>` element in the document would be refused.
 */
export default function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const view = new EditorView({ parent: root, root, state: stateOf(latest) });
    // What is typed here is text: the page's own keys must not hear it.
    const own = (event: KeyboardEvent) => event.stopPropagation();
    element.addEventListener('keydown', own);
    latest.current.onReady?.({ goTo: (line, column) => goTo(view, line, column) });
    return () => {
      element.removeEventListener('keydown', own);
      view.destroy();
    };
  }, []);
  return <div ref={host} className="editor" />;
}

function stateOf(latest: { readonly current: CodeEditorProps }): EditorState {
  return EditorState.create({
    doc: latest.current.initial,
    extensions: [
      lineNumbers(),
      history(),
      yaml(),
      syntaxHighlighting(HIGHLIGHT),
      EditorView.lineWrapping,
      EditorState.tabSize.of(2),
      keymap.of([...defaultKeymap, ...historyKeymap]),
      EditorView.contentAttributes.of({
        'aria-label': latest.current.label,
        role: 'textbox',
        'aria-multiline': 'true',
      }),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) latest.current.onText(state.doc.toString());
      }),
      TYPING,
      lintGutter(),
      linter(async ({ state: { doc } }) => diagnosticsOf(await latest.current.check(doc.toString()), doc), {
        delay: RESTED_MS,
      }),
      THEME,
    ],
  });
}

function diagnosticsOf(findings: readonly Finding[], doc: Text): Diagnostic[] {
  return findings.map(({ line, column, message, hint }) => {
    const from = positionOf(doc, line, column);
    const word = /^[^\s,:]+/.exec(doc.sliceString(from, doc.lineAt(from).to))?.[0] ?? '';
    return {
      from,
      to: from + word.length,
      severity: 'error',
      message: hint === '' ? message : `${message} ${hint}`,
    };
  });
}

function positionOf(doc: Text, line: number, column: number): number {
  const { from, to } = doc.line(Math.min(Math.max(1, line), doc.lines));
  return Math.min(to, from + Math.max(0, column - 1));
}

function goTo(view: EditorView, line: number, column: number): void {
  const anchor = positionOf(view.state.doc, line, column);
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
  view.focus();
}

/**
 * Typed text goes into the document by a transaction. Left to the browser, it replaces what is selected with markup that has
 * inline styles, which the page's policy refuses and reports.
 */
const TYPING = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== 'insertText' || event.isComposing || event.data === null) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

/** The default style's tags in the console's own colours, which both themes define. */
const COLOURS: Readonly<Record<string, string>> = { '#940': 'var(--text-2)', '#a11': 'var(--good)' };
const HIGHLIGHT = HighlightStyle.define(
  defaultHighlightStyle.specs.map(({ color, ...spec }) =>
    color === undefined ? spec : { ...spec, color: COLOURS[String(color)] ?? 'var(--info)' },
  ),
);

const THEME = EditorView.theme({
  '&': { minHeight: '420px', maxHeight: '70vh', color: 'var(--text)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { background: 'var(--sunken)', color: 'var(--text-2)', border: 'none' },
  '.cm-tooltip': {
    background: 'var(--raised)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
    maxWidth: 'min(460px, 90vw)',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad-solid)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--bad-solid)',
    textUnderlineOffset: '3px',
  },
});
