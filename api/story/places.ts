import type { Stories } from '../../db/read/index.ts';
import type { StoryPlaces } from './render.ts';

/** What the story is made of: its rows, and where else people can look. */
export interface StoryParts extends Stories {
  readonly places: Omit<StoryPlaces, 'isLuhnValid'>;
}

/** Where people look at workflows and traces; nothing where no such place is configured. */
export function placesOf({
  temporal,
  traceUrl,
}: {
  readonly temporal: { readonly namespace: string; readonly uiUrl?: string };
  readonly traceUrl?: string;
}): StoryParts['places'] {
  const { uiUrl, namespace } = temporal;
  return {
    workflowUrl: (id) =>
      uiUrl === undefined
        ? undefined
        : `${uiUrl.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(id)}`,
    ...(traceUrl === undefined ? {} : { traceUrl }),
  };
}
