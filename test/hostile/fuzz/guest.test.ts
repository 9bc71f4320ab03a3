import { test } from 'vitest';
import { fuzz } from './fuzz';
import { GUEST_TARGETS } from './guestTargets';
test.for(GUEST_TARGETS)('$name', async (target) => { console.log(target.name, await fuzz(target)); });
