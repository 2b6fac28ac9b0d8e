import { settings } from './console/settings.ts';
import { inBrowser } from './console/suite.ts';

inBrowser('the console', [settings]);
