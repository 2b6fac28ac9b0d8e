import { useState } from 'react';
import { useRead } from '../../api/query.ts';
import { Field, Loaded } from '../../kit/index.ts';

/** Variables and functions, from the table that declares them to the policy language itself. */
export function Language() {
  const read = useRead('/v1/routing/language');
  const [wanted, setWanted] = useState('');
  return (
    <div className="stack">
      <Field label="Find" value={wanted} placeholder="country, risk, amount…" onText={setWanted} />
      <Loaded query={read} skeletonPx={380}>
        {({ variables, functions }) => (
          <dl className="language" tabIndex={0} aria-label="Variables and functions">
            {variables
              .filter(({ name, meaning }) => isAbout(wanted, name, meaning))
              .map(({ name, type, optional, meaning, example, values }) => (
                <div key={name}>
                  <dt>
                    <code>{name}</code>
                    <span className="muted">
                      {type}
                      {optional ? ', may be unknown' : ''}
                    </span>
                  </dt>
                  <dd>
                    {meaning} {values !== null && values.length <= 12 && `One of ${values.join(', ')}.`}{' '}
                    <code>{example}</code>
                  </dd>
                </div>
              ))}
            {functions
              .filter(({ name, meaning }) => isAbout(wanted, name, meaning))
              .map(({ name, signature, meaning, example }) => (
                <div key={name}>
                  <dt>
                    <code>{signature}</code>
                  </dt>
                  <dd>
                    {meaning} <code>{example}</code>
                  </dd>
                </div>
              ))}
          </dl>
        )}
      </Loaded>
    </div>
  );
}

function isAbout(wanted: string, ...texts: readonly string[]): boolean {
  const word = wanted.trim().toLowerCase();
  return texts.some((text) => text.toLowerCase().includes(word));
}
