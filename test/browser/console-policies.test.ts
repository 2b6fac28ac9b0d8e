import { policies } from './console/policies.ts';
import { inBrowser } from './console/suite.ts';

inBrowser('the console', [policies]);
