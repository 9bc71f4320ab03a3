import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
const REPORT =
  process.env['BULKHEAD_HOSTILE_REPORT'] ?? join(__dirname, '../../.cache/hostile-report.ndjson');

/** Adds a line to the report; the last one of an attack counts. Several files run side by side: a line is one short write. */
export async function recordOutcome(outcome: AttackOutcome): Promise<void> {
  await mkdir(dirname(REPORT), { recursive: true });
  await appendFile(REPORT, `${JSON.stringify(outcome)}\n`);
}
