import { test } from 'vitest';
import { fuzz } from './fuzz';
import { IMAGE_TARGETS } from './imageTargets';
test.for(IMAGE_TARGETS)('$name', async (target) => { console.log(target.name, await fuzz(target)); });
