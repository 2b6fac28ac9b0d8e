import { keeping } from './console/keeping.ts';
import { moving } from './console/moving.ts';
import { everyPage } from './console/pages.ts';
import { signingIn } from './console/sign-in.ts';
import { inBrowser } from './console/suite.ts';

inBrowser('the console', [signingIn, moving, keeping, everyPage]);
