import { join } from 'node:path';
import { readTextIfThere, writeFileAtomic } from '../../src/core/files';
import type { Attacker } from './attack';

/** How an attack went. */
export interface AttackOutcome {
  id: string;
  from: Attacker;
  tries: string;
  /** What was seen, short. */
  outcome: string;
  held: boolean;
}

/** `scripts/hostile.mjs` names a file of its own, so that two runs don't mix. */
const REPORT = process.env['BULKHEAD_HOSTILE_REPORT'] ?? join(__dirname, '../../.cache/hostile-report.json');

/** Adds an outcome to the report, or replaces the one of the same attack. Files run one after the other. */
export async function recordOutcome(outcome: AttackOutcome): Promise<void> {
  const before = JSON.parse((await readTextIfThere(REPORT)) || '[]') as AttackOutcome[];
  const others = before.filter(({ id }) => id !== outcome.id);
  await writeFileAtomic(REPORT, `${JSON.stringify([...others, outcome], null, 2)}\n`, { mode: 0o644 });
}
