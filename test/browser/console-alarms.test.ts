import { alarms } from './console/alarms.ts';
import { longStories } from './console/long-stories.ts';
import { inBrowser } from './console/suite.ts';

inBrowser('the console', [alarms, longStories]);
