import { publicEvent, type WrittenEvent } from '../../domain/events/event.ts';
import type { PublicEvent } from './schema.ts';

/** Typed here against the schema that the OpenAPI document is made from; webhooks' bodies are made by the same. */
export const renderEvent: (event: WrittenEvent) => PublicEvent = publicEvent;
