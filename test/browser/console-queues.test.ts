import { queues } from './console/queues.ts';
import { inBrowser } from './console/suite.ts';

inBrowser('the console', [queues]);
