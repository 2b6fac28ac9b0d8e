import { contractKit } from './kit.ts';
import { stripeSubject } from './subjects.ts';

contractKit(stripeSubject);
