import { test } from 'vitest';
import { fuzz } from './fuzz';
import { SETTINGS_TARGETS } from './settingsTargets';
test.for(SETTINGS_TARGETS)('$name', async (target) => { console.log(target.name, await fuzz(target)); });
