import { currencies } from '../../money/currency.ts';

/**
 * Everything that a condition may ask for. This table declares the variables to CEL, is printed into
 * docs/routing.md, and tells the search for unreachable rules which values there are.
 */
export interface Variable {
  readonly name: string;
  readonly type: 'string' | 'int' | 'bool' | 'map<string, string>';
  readonly meaning: string;
  readonly example: string;
  /** It may not be known. A comparison with it is then neither true nor false: see certain.ts. */
  readonly optional?: true;
  /** All that it can be, where that is a closed list. */
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

export const VARIABLES: readonly Variable[] = [
  {
    name: 'amount',
    type: 'int',
    min: 0,
    meaning: 'Amount in minor units of `currency`; `minor(500, currency)` is 500.00 in those units.',
    example: 'amount >= minor(500, currency)',
  },
  {
    name: 'currency',
    type: 'string',
    values: currencies(),
    meaning: 'ISO 4217.',
    example: 'currency in ["EUR", "GBP"]',
  },
  {
    name: 'method',
    type: 'string',
    values: ['card'],
    meaning: 'The kind of payment method.',
    example: 'method == "card"',
  },
  {
    name: 'buyer_country',
    type: 'string',
    optional: true,
    meaning: 'From where the payer buys, ISO 3166-1 alpha-2 (`billing_country` of the payment).',
    example: 'buyer_country in ["US", "CA"]',
  },
  {
    name: 'issuer_country',
    type: 'string',
    optional: true,
    meaning: 'Where the card was issued, ISO 3166-1 alpha-2.',
    example: 'issuer_country != "US"',
  },
  {
    name: 'brand',
    type: 'string',
    optional: true,
    meaning: 'The card’s network, lower case.',
    example: 'brand == "amex"',
  },
  {
    name: 'funding',
    type: 'string',
    optional: true,
    values: ['credit', 'debit', 'prepaid'],
    meaning: 'How the card is funded.',
    example: 'funding == "debit"',
  },
  {
    name: 'bin',
    type: 'string',
    optional: true,
    meaning: 'The card’s first six or eight digits.',
    example: 'bin.startsWith("4571")',
  },
  {
    name: 'merchant',
    type: 'string',
    meaning: 'The merchant’s id.',
    example: 'merchant == "mer_demo"',
  },
  {
    name: 'merchant_category',
    type: 'string',
    optional: true,
    meaning: 'The merchant’s category code, ISO 18245.',
    example: 'merchant_category == "7995"',
  },
  {
    name: 'merchant_country',
    type: 'string',
    optional: true,
    meaning: 'Where the merchant is established, ISO 3166-1 alpha-2.',
    example: 'merchant_country == "DE"',
  },
  {
    name: 'channel',
    type: 'string',
    optional: true,
    values: ['web', 'app', 'pos', 'phone'],
    meaning: 'Where the payer is.',
    example: 'channel == "phone"',
  },
  {
    name: 'risk',
    type: 'string',
    values: ['normal', 'elevated', 'highest'],
    meaning: 'The merchant’s risk signal; `normal` where none was given.',
    example: 'risk == "highest"',
  },
  {
    name: 'risk_score',
    type: 'int',
    optional: true,
    min: 0,
    max: 100,
    meaning: 'The score of the merchant’s own risk engine.',
    example: 'risk_score > 80',
  },
  {
    name: 'merchant_initiated',
    type: 'bool',
    meaning: 'The payer is not there.',
    example: '!merchant_initiated',
  },
  {
    name: 'recurring',
    type: 'bool',
    meaning: 'One of a series that the payer agreed to.',
    example: 'recurring',
  },
  {
    name: 'customer_payments_succeeded',
    type: 'int',
    optional: true,
    min: 0,
    meaning: 'Payments of this customer that succeeded before, counted up to 1,000.',
    example: 'customer_payments_succeeded >= 3',
  },
  {
    name: 'customer_payments_failed',
    type: 'int',
    optional: true,
    min: 0,
    meaning: 'Payments of this customer that failed before, counted up to 1,000.',
    example: 'customer_payments_failed < 5',
  },
  {
    name: 'customer_days',
    type: 'int',
    optional: true,
    min: 0,
    meaning: 'Whole days since this customer was created.',
    example: 'customer_days < 30',
  },
  {
    name: 'hour',
    type: 'int',
    min: 0,
    max: 23,
    meaning: 'Hour of the day in the policy’s `time_zone`.',
    example: 'hour >= 8 && hour < 20',
  },
  {
    name: 'weekday',
    type: 'int',
    min: 1,
    max: 7,
    meaning: 'Day of the week in the policy’s `time_zone`; 1 is Monday.',
    example: 'weekday in [6, 7]',
  },
  {
    name: 'metadata',
    type: 'map<string, string>',
    meaning: 'The payment’s metadata. A key that it doesn’t have is not known.',
    example: 'metadata["tier"] == "basic"',
  },
];

export const OPTIONAL_NAMES: readonly string[] = VARIABLES.filter(({ optional }) => optional === true).map(
  ({ name }) => name,
);

/** Names that a condition may use; `known.<name>` asks whether an optional one is known. */
export const VARIABLE_NAMES: readonly string[] = [...VARIABLES.map(({ name }) => name), 'known'];

const byName: ReadonlyMap<string, Variable> = new Map(VARIABLES.map((each) => [each.name, each]));

export function variableNamed(name: string): Variable | undefined {
  return byName.get(name);
}

/** What a condition may call besides operators; whatever else CEL has is refused, for its cost or its use here. */
export const FUNCTIONS = [
  {
    name: 'minor',
    form: 'call',
    signature: 'minor(int or double, string) -> int',
    meaning: 'An amount in major units as minor units of the currency, halves up.',
    example: 'minor(99.5, currency)',
  },
  {
    name: 'startsWith',
    form: 'method',
    signature: 'string.startsWith(string) -> bool',
    meaning: 'Whether it begins so.',
    example: 'bin.startsWith("4")',
  },
  {
    name: 'endsWith',
    form: 'method',
    signature: 'string.endsWith(string) -> bool',
    meaning: 'Whether it ends so.',
    example: 'metadata["sku"].endsWith("-gift")',
  },
  {
    name: 'contains',
    form: 'method',
    signature: 'string.contains(string) -> bool',
    meaning: 'Whether it has this in it.',
    example: 'metadata["campaign"].contains("summer")',
  },
] as const;
