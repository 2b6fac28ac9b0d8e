import { z } from 'zod';
import {
  attributesOf,
  eventsOf,
  type HistoryJson,
  kindOf,
  localActivities,
  payloadsOf,
} from './histories.ts';
import { ACTIVITIES, INPUTS, LOCAL, SIGNALS, UPDATES } from './shapes.ts';

/** Every payload of a decoded history that today's code could not read, and why. */
export function unreadable(history: HistoryJson): string[] {
  const problems: string[] = [];
  const check = (what: string, shape: z.ZodType | undefined, value: unknown) => {
    if (shape === undefined) problems.push(`${what} is not known`);
    const parsed = shape?.safeParse(value);
    if (parsed?.success === false) problems.push(`${what}: ${z.prettifyError(parsed.error)}`);
  };
  const kind = kindOf(history);
  for (const started of eventsOf(history, 'WORKFLOW_EXECUTION_STARTED'))
    check('input', INPUTS[kind], payloadsOf(started.input)[0]);
  for (const { acceptedRequest } of eventsOf(history, 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED')) {
    const { name, args } = (acceptedRequest as { input: { name: string; args: unknown } }).input;
    check(`update ${name}`, UPDATES[kind]?.[name], payloadsOf(args)[0]);
  }
  for (const { signalName, input } of eventsOf(history, 'WORKFLOW_EXECUTION_SIGNALED'))
    check(`signal ${signalName}`, SIGNALS[String(signalName)] ?? z.undefined(), payloadsOf(input)[0]);
  for (const { workflowType, input } of eventsOf(history, 'START_CHILD_WORKFLOW_EXECUTION_INITIATED')) {
    const { name } = workflowType as { name: string };
    check(`${name}'s input`, INPUTS[name], payloadsOf(input)[0]);
  }
  const scheduled = new Map(
    history.events
      .filter(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED')
      .map((event) => [event.eventId, attributesOf(event)] as const),
  );
  const nameOf = (attributes: Readonly<Record<string, unknown>> | undefined) =>
    (attributes?.activityType as { name: string } | undefined)?.name ?? 'unscheduled';
  for (const attributes of scheduled.values()) {
    const name = nameOf(attributes);
    check(`${name}'s order`, ACTIVITIES[name]?.input, payloadsOf(attributes.input)[0]);
  }
  for (const { scheduledEventId, result } of eventsOf(history, 'ACTIVITY_TASK_COMPLETED')) {
    const name = nameOf(scheduled.get(scheduledEventId));
    check(`${name}'s answer`, ACTIVITIES[name]?.result, payloadsOf(result)[0]);
  }
  for (const { type, result } of localActivities(history)) check(`${type}'s answer`, LOCAL[type], result);
  return problems;
}
