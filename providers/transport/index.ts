/**
 * providers/transport/: how a request leaves this machine, and what is known when one fails.
 * What lives here: the call (deadline, permit, trace), our HTTP agents, and the one function that turns
 * a fault into an outcome. What may not: anything about a particular provider, or about rows and permits
 * in a database. An adapter sends through `exchange`; nothing sends without an open call.
 */
export { agentFor, createAgents, type TransportAgents, transportAgents } from './agent.ts';
export {
  CallFault,
  type CallOptions,
  type CallTrace,
  currentCall,
  exchange,
  type FaultKind,
  openCall,
  PERMIT_VALID_MS,
  type ProviderCall,
  type RefusedWrite,
} from './call.ts';
export { type HttpAnswer, parsedJson, sendHttp } from './http.ts';
export { detailOfFault, outcomeOfFault } from './outcome-of-fault.ts';
