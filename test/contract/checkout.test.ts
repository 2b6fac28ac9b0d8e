import { contractKit } from './kit.ts';
import { checkoutSubject } from './subjects.ts';

contractKit(checkoutSubject);
