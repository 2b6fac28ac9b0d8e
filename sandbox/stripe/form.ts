// Stripe's request bodies: form-encoded with bracket nesting (`card[number]=…`, `expand[]=…`).

export type Form = { [key: string]: FormValue };
export type FormValue = string | FormValue[] | Form;

function emptyForm(): Form {
  // No prototype: a parameter called __proto__ is just an unknown parameter.
  return Object.create(null) as Form;
}

function segments(key: string): string[] {
  const [head = '', ...rest] = key.split('[');
  return [head, ...rest.map((part) => part.replace(/\]$/, ''))];
}

function place(target: Form, path: readonly string[], value: string): void {
  const [head = '', ...rest] = path;
  const name = head === '' ? String(Object.keys(target).length) : head;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const next = target[name];
  const child = typeof next === 'object' && !Array.isArray(next) ? next : emptyForm();
  target[name] = child;
  place(child, rest, value);
}

/** Objects whose keys are 0, 1, 2… become arrays. */
function settle(value: FormValue): FormValue {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (keys.length > 0 && keys.every((key, index) => key === String(index))) {
    return keys.map((key) => settle(value[key] ?? ''));
  }
  for (const key of keys) value[key] = settle(value[key] ?? '');
  return value;
}

export function parseForm(text: string): Form {
  const form = emptyForm();
  for (const [key, value] of new URLSearchParams(text)) place(form, segments(key), value);
  for (const key of Object.keys(form)) form[key] = settle(form[key] ?? '');
  return form;
}

export function text(form: Form | undefined, name: string): string | undefined {
  const value = form?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function child(form: Form | undefined, name: string): Form | undefined {
  const value = form?.[name];
  return typeof value === 'object' && !Array.isArray(value) ? value : undefined;
}

export function list(form: Form | undefined, name: string): string[] {
  const value = form?.[name];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

export function flag(form: Form | undefined, name: string): boolean | undefined {
  const value = text(form, name);
  return value === undefined ? undefined : value === 'true';
}

export function metadataOf(form: Form): Record<string, string> {
  const entries = Object.entries(child(form, 'metadata') ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
