import { createRequire } from 'node:module';
import proto from '@temporalio/proto';

/**
 * Histories as JSON, in the form that Temporal's tools read and write. The SDK's own converter
 * (`historyFromJSON`) needs its packages to share one protobufjs, which an installer may not give them; this
 * one asks the very protobufjs that the generated messages were made with.
 */
export type History = proto.temporal.api.history.v1.IHistory;

interface ProtoJson {
  toJson(type: unknown, message: unknown): unknown;
  fromJson(type: unknown, json: unknown, options: { ignoreUnknownFields: boolean }): unknown;
}

interface Patch {
  patchProtobufRoot(root: unknown): { lookupType(name: string): unknown };
}

const fromProto = createRequire(createRequire(import.meta.url).resolve('@temporalio/proto'));
const protojson = fromProto('protobufjs/ext/protojson') as ProtoJson;
const { patchProtobufRoot } = fromProto('@temporalio/proto/lib/patch-protobuf-root') as Patch;
const historyType = patchProtobufRoot(proto).lookupType('temporal.api.history.v1.History');

export function historyToJson(history: History): unknown {
  return protojson.toJson(historyType, proto.temporal.api.history.v1.History.fromObject(history));
}

/** Throws on what isn't a history. Fields of a newer server are left out. */
export function historyFromJson(json: unknown): History {
  const events = typeof json === 'object' && json !== null && 'events' in json ? json.events : undefined;
  if (!Array.isArray(events) || events.length === 0) {
    throw new TypeError('not a history: an object with a list of events was expected');
  }
  return protojson.fromJson(historyType, { events }, { ignoreUnknownFields: true }) as History;
}
