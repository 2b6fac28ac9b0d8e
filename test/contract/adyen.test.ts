import { contractKit } from './kit.ts';
import { adyenSubject } from './subjects.ts';

contractKit(adyenSubject);
