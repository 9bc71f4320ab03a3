// `npm run security-table`: writes the table of attacks into SECURITY.md from what test/hostile declares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { declaredAttacks, withAttackTable } from './attacks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = join(root, 'SECURITY.md');
await writeFile(path, withAttackTable(await readFile(path, 'utf8'), await declaredAttacks(root)));
