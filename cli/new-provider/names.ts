import { UsageError } from '../verb.ts';

/** One name in every spelling that code and prose need. */
export interface ProviderNames {
  /** `acme-pay`: folders, the account rows' `provider`, prose about paths. */
  readonly kebab: string;
  /** `acmePay` */
  readonly camel: string;
  /** `AcmePay` */
  readonly pascal: string;
  /** `ACME_PAY` */
  readonly constant: string;
  /** `acme_pay` */
  readonly snake: string;
  /** `Acme-Pay`, as in the names of HTTP headers. */
  readonly header: string;
}

const LONGEST = 30;
const KEBAB = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** Folders that lie beside the providers' own, and words that an import or a constant may not be. */
const TAKEN: ReadonlySet<string> = new Set(
  `transport settlement acs kernel journal provider providers registry template acme-pay case catch class const
  continue debugger default delete do else enum export extends false finally for function if import in
  instanceof new null return super switch this throw true try typeof var void while with yield let static
  await async of package private public interface`.split(/\s+/),
);

/** Refuses what could be no folder, no identifier, or is something else already. */
export function namesOf(name: string): ProviderNames {
  if (!KEBAB.test(name)) {
    const hint = name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
    const kebab = hint.replace(/[^a-z0-9]+/g, '-').replace(/^[-0-9]+|-+$/g, '');
    const instead = KEBAB.test(kebab) ? ` Did you mean "${kebab}"?` : '';
    throw new UsageError(`"${name}" is no name in kebab-case (a-z, 0-9, hyphens between).${instead}`);
  }
  if (name.length > LONGEST) throw new UsageError(`a name has at most ${LONGEST} characters`);
  if (TAKEN.has(name)) throw new UsageError(`"${name}" means something else here; choose another name`);
  const words = name.split('-');
  const capitalised = words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  const pascal = capitalised.join('');
  return {
    kebab: name,
    pascal,
    camel: `${pascal.charAt(0).toLowerCase()}${pascal.slice(1)}`,
    constant: words.join('_').toUpperCase(),
    snake: words.join('_'),
    header: capitalised.join('-'),
  };
}

/** What the template calls itself: two words, so that each spelling is one of a kind. */
const TEMPLATE: ProviderNames = {
  kebab: 'acme-pay',
  camel: 'acmePay',
  pascal: 'AcmePay',
  constant: 'ACME_PAY',
  snake: 'acme_pay',
  header: 'Acme-Pay',
};

export function renamed(text: string, names: ProviderNames): string {
  return Object.entries(TEMPLATE).reduce(
    (so, [spelling, word]) => so.replaceAll(word, names[spelling as keyof ProviderNames]),
    text,
  );
}
