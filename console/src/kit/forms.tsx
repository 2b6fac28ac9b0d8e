import { type ComponentProps, type ReactNode, useId } from 'react';

type Kind = 'plain' | 'primary' | 'danger';

/** `busy`: what it started isn't done yet; it keeps its size and cannot be pressed again. */
export function Button(
  props: Omit<ComponentProps<'button'>, 'className'> & { readonly kind?: Kind; readonly busy?: boolean },
) {
  const { kind = 'plain', busy = false, type = 'button', disabled, children, ...rest } = props;
  return (
    <button
      {...rest}
      type={type}
      className={`button${kind === 'plain' ? '' : ` button-${kind}`}`}
      disabled={disabled === true || busy}
      aria-busy={busy}
    >
      {children}
    </button>
  );
}

interface Described {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  /** What is wrong with the value, in words. */
  readonly wrong?: ReactNode;
}

function Described(props: Described & { readonly id: string; readonly children: ReactNode }) {
  const { id, label, hint, wrong, children } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint !== undefined && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {wrong !== undefined && (
        <span className="wrong" id={`${id}-wrong`} role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}

function describedBy(id: string, { hint, wrong }: Described) {
  const ids = [hint === undefined ? '' : `${id}-hint`, wrong === undefined ? '' : `${id}-wrong`];
  const text = ids.join(' ').trim();
  return {
    ...(text === '' ? {} : { 'aria-describedby': text }),
    ...(wrong === undefined ? {} : { 'aria-invalid': true as const }),
  };
}

/** A text field with its label: `<Field label="Name" value={name} onText={setName} />`. */
export function Field(
  props: Described &
    Omit<ComponentProps<'input'>, 'id' | 'className' | 'onChange'> & {
      readonly onText: (text: string) => void;
    },
) {
  const { label, hint, wrong, onText, ...rest } = props;
  const id = useId();
  return (
    <Described id={id} label={label} hint={hint} wrong={wrong}>
      <input
        {...rest}
        {...describedBy(id, props)}
        id={id}
        className="input"
        onChange={(event) => onText(event.currentTarget.value)}
      />
    </Described>
  );
}

export function TextArea(
  props: Described &
    Omit<ComponentProps<'textarea'>, 'id' | 'className' | 'onChange'> & {
      readonly onText: (text: string) => void;
    },
) {
  const { label, hint, wrong, onText, ...rest } = props;
  const id = useId();
  return (
    <Described id={id} label={label} hint={hint} wrong={wrong}>
      <textarea
        {...rest}
        {...describedBy(id, props)}
        id={id}
        className="input"
        onChange={(event) => onText(event.currentTarget.value)}
      />
    </Described>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function Select(
  props: Described &
    Omit<ComponentProps<'select'>, 'id' | 'className' | 'onChange' | 'children'> & {
      readonly options: readonly Option[];
      readonly onValue: (value: string) => void;
    },
) {
  const { label, hint, wrong, options, onValue, ...rest } = props;
  const id = useId();
  return (
    <Described id={id} label={label} hint={hint} wrong={wrong}>
      <select
        {...rest}
        {...describedBy(id, props)}
        id={id}
        className="input"
        onChange={(event) => onValue(event.currentTarget.value)}
      >
        {options.map(({ value, label: text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Described>
  );
}

export function Checkbox(props: {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChecked: (checked: boolean) => void;
}) {
  const { label, checked, disabled = false, onChecked } = props;
  const id = useId();
  return (
    <div className="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChecked(event.currentTarget.checked)}
      />
      <label htmlFor={id}>{label}</label>
    </div>
  );
}

/** A share or a number between two bounds; `shown` is how the value reads, e.g. `5%`. */
export function Slider(props: {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly shown: string;
  readonly disabled?: boolean;
  readonly onValue: (value: number) => void;
}) {
  const { label, hint, value, min, max, step = 1, shown, disabled = false, onValue } = props;
  const id = useId();
  return (
    <Described id={id} label={label} hint={hint}>
      <div className="slider">
        <input
          id={id}
          type="range"
          {...{ min, max, step, value, disabled }}
          aria-valuetext={shown}
          onChange={(event) => onValue(Number(event.currentTarget.value))}
        />
        <output htmlFor={id}>{shown}</output>
      </div>
    </Described>
  );
}
