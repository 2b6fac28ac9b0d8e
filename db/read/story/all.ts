import type { Db } from '../../client.ts';
import { createEventReader } from '../events.ts';
import { type ChangeReader, createChangeReader } from './changes.ts';
import { createStoryReader, type StoryReader } from './index.ts';
import { createPaymentLister, type PaymentLister } from './list.ts';
import { createPaymentSearch, type PaymentSearch } from './search.ts';

/** Everything that operators ask about payments. */
export interface Stories {
  readonly reader: StoryReader;
  readonly lister: PaymentLister;
  readonly search: PaymentSearch;
  readonly changes: ChangeReader;
}

export function createStories(db: Db): Stories {
  return {
    reader: createStoryReader(db),
    lister: createPaymentLister(db),
    search: createPaymentSearch(db),
    changes: createChangeReader(db, createEventReader(db)),
  };
}
