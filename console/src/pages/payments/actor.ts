const WORDS: Readonly<Record<string, string>> = {
  request: 'by a request of the merchant',
  key: 'by a key of the merchant',
  operator: 'by a person',
};

/** Who did it, in words: `request:req_x` is a request of the merchant. Its id is for who looks closer. */
export function actorWords(actor: string): string {
  const [kind, id] = split(actor);
  return id === undefined ? kind : (WORDS[kind] ?? kind);
}

/** As it stands, nothing taken out of it. */
export function actorIdOf(actor: string): string | undefined {
  return split(actor)[1];
}

function split(actor: string): readonly [kind: string, id?: string] {
  const at = actor.indexOf(':');
  return at === -1 ? [actor] : [actor.slice(0, at), actor.slice(at + 1)];
}
