import { type ComponentProps, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Field } from './forms.tsx';

/** So long after the last letter is a filter asked for. */
const PAUSE_MS = 300;

/**
 * A text filter of a list: a `Field` that tells what was typed once the typing pauses (Enter: at once), and only what the API could
 * mean something by. `valid` says that of a text that isn't empty, `expected` what it should be, in words.
 */
export function FilterField(
  props: Omit<ComponentProps<typeof Field>, 'wrong'> & {
    readonly value: string;
    readonly valid?: RegExp;
    readonly expected?: string;
  },
) {
  const { value, onText, valid, expected, ...rest } = props;
  const [text, setText] = useState(value);
  const [told, setTold] = useState(value);
  const [seen, setSeen] = useState(value);
  const [isWrong, setWrong] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(onText);
  latest.current = onText;
  useEffect(() => () => clearTimeout(timer.current), []);
  if (value !== seen) {
    setSeen(value);
    // Somebody else's change (Back, Clear) is shown; one's own coming back doesn't undo what was typed since.
    if (value !== told) {
      setText(value);
      setTold(value);
      setWrong(false);
    }
  }
  const tell = (typed: string) => {
    clearTimeout(timer.current);
    const meant = typed.trim();
    const isMeant = meant === '' || valid === undefined || valid.test(meant);
    setWrong(!isMeant);
    if (!isMeant || meant === value) return;
    setTold(meant);
    latest.current(meant);
  };
  return (
    <Field
      {...rest}
      value={text}
      {...(isWrong && expected !== undefined ? { wrong: expected } : {})}
      onText={(typed) => {
        setText(typed);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => tell(typed), PAUSE_MS);
      }}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === 'Enter') tell(text);
      }}
    />
  );
}
