/** The words of the table (table.ts) that others use too: cases, the API, the documentation. */

/** What a comparison is about: which side's row was looked at. */
export const COMPARED = ['line', 'booking', 'file', 'payout', 'bank'] as const;
export type Compared = (typeof COMPARED)[number];

/** What reconciliation does by itself, without a person. */
export const AUTO_ACTIONS = [
  'wait',
  'ask_provider',
  'bring_news',
  'ignore_duplicate',
  'post_within_tolerance',
  'match_partial_capture',
  'sum_lines',
  'match_presented',
  'post_fx',
  'post_rounding',
  'post_fee_difference',
  'allocate_to_batch',
  'book_dispute',
  'close_dispute',
  'post_reserve',
  'match_and_flag',
  'post_bank_fee',
  'link_payout',
] as const;
export type AutoAction = (typeof AUTO_ACTIONS)[number];

/** What people may decide about a break. */
export const DISPOSITIONS = [
  'accept',
  'write_off',
  'claim_from_provider',
  'refund',
  'remap',
  'link',
  'ignore',
] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export const TEAMS = ['operations', 'treasury', 'disputes', 'engineering'] as const;
export type Team = (typeof TEAMS)[number];

/** Least first. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * How a break ends once its type is known.
 * - `nothing`: there is none yet; it is counted in the report and has no row.
 * - `at_once`: explained; its row is written closed, for the record.
 * - `by_itself`: a case that closes when what was started explains it (news recorded, a line came, the provider said);
 *   people look when its time is over.
 * - `by_people`: a case that somebody disposes of.
 */
export const ENDINGS = ['nothing', 'at_once', 'by_itself', 'by_people'] as const;
export type Ending = (typeof ENDINGS)[number];
