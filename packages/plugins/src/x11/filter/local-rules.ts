/** Where MIT-SHM is hidden: single requests of other extensions that hand over a descriptor, or want shared memory. */
import { NEVER, type Rules } from './rule.js';

export const LOCAL_RULES: Rules = {
  RANDR: { CreateLease: NEVER },
  XVideo: { ShmPutImage: NEVER },
};
