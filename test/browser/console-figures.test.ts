import { figures } from './console/figures.ts';
import { inBrowser } from './console/suite.ts';

inBrowser('the console', [figures]);
