import { AssertionFailure } from '../../domain/machine.ts';
import type { OperationOutcome, UnknownCause } from '../../domain/payment/outcome.ts';
import type { FaultKind, ProviderCall } from './call.ts';

const CAUSES: Readonly<Record<FaultKind, UnknownCause>> = {
  deadline: 'timeout',
  refused: 'connection_lost',
  connection_lost: 'connection_lost',
  unreadable_answer: 'unmapped_response',
};

/**
 * What a fault without a usable answer proves, judged by what the sockets saw and not by the error's name.
 * No byte of the request written (DNS, refused connection, TLS, a late permit): proven not attempted.
 * Anything else may have been executed: unknown. Closes the call first, so that nothing can still be sent
 * after it was judged. A broken assertion before the first byte is a bug, and is thrown.
 */
export function outcomeOfFault(error: unknown, call: ProviderCall): OperationOutcome {
  call.close();
  const { bytesWritten, fault } = call.trace;
  if (bytesWritten === 0) {
    if (error instanceof AssertionFailure) throw error;
    return { type: 'not_attempted', proof: 'no_byte_sent' };
  }
  // Without a fault of the transport's an answer came, and could not be read or mapped.
  const cause = fault === undefined ? 'unmapped_response' : CAUSES[fault];
  return { type: 'unknown', cause, detail: detailOfFault(error, call) };
}

/**
 * A fault in a few safe words, for people: our own fault kinds, system error codes and class names.
 * Never an error's message, which may quote the request or the answer.
 */
export function detailOfFault(error: unknown, call: ProviderCall): string {
  const { fault, faultCode, refused } = call.trace;
  if (refused !== undefined) return `refused: ${refused}`;
  if (fault !== undefined) return faultCode === undefined ? fault : `${fault}: ${faultCode}`;
  return error instanceof Error ? error.constructor.name : 'fault';
}
