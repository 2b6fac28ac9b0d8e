import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CaseCommand, CaseFile } from '../../domain/cases/case.ts';
import type { Refusal } from '../../domain/payment/commands.ts';
import type { AnsweredStamp, RequestStamp } from '../payment/messages.ts';

/** What a case's workflow is started with and told. On the wire: added to, never changed. */
export interface CaseInput {
  readonly exceptionId: string;
  /** After so many looks a run continues as new; absent: as many as a history bears. */
  readonly looksARun?: number;
}

/** An operator's command; who and why stand in the case's entries. */
export interface CaseUpdate {
  readonly request: RequestStamp;
  readonly operator: string;
  readonly reason: string;
  readonly command: CaseCommand;
}

/** The case as it stands afterwards, or why nothing was done. */
export type CaseAnswer =
  | { readonly type: 'done'; readonly exception: CaseFile; readonly stamp: AnsweredStamp }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly stamp: AnsweredStamp };

/** By the name of the command, as the Web UI shows it. */
export const CASE_UPDATES = {
  assign: 'assign',
  comment: 'comment',
  propose: 'propose',
  approve: 'approve',
  reject: 'reject',
  dispose: 'dispose',
} as const;

export const caseUpdate = (name: keyof typeof CASE_UPDATES) =>
  defineUpdate<CaseAnswer, [CaseUpdate]>(CASE_UPDATES[name]);

/** Something about the row has changed: look. Sent with the start too (Signal-With-Start). */
export const lookSignal = defineSignal<[]>('look');

export const caseQuery = defineQuery<CaseFile | undefined>('case');

export interface CaseResult {
  /** `gone`: there is no such row. */
  readonly status: 'resolved' | 'gone';
  readonly resolution?: string;
}
