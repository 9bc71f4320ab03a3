import { expect, test } from 'vitest';
import { recordOutcome } from './hostileReport';

/** Who attacks: the actors of SECURITY.md, "Who attacks". */
export type Attacker = 'repository' | 'image' | 'guest' | 'vmm';

/**
 * One attack as people read it. `scripts/attacks.mjs` reads these from the text of the test files, so write every field
 * as a plain string literal, in the call of `attack` itself.
 */
export interface Attack {
  /** Short, unique: `sftp-dotdot`. */
  id: string;
  from: Attacker;
  /** One sentence: what is tried. */
  tries: string;
  /** One sentence: what stops it, and what the user sees. */
  holds: string;
  /** The row of SECURITY.md's "What holds" that this tries to break. */
  promise: string;
}

/** Longest outcome that is kept. */
const OUTCOME_MAX = 300;

/**
 * Declares and runs one attack. `tryIt` throws if the wall did not hold; what it returns is the outcome as observed, short.
 * Each outcome goes into the report that `npm run test:hostile` prints.
 */
export function attack(
  declared: Attack,
  tryIt: () => Promise<string> | string,
  options: { timeoutMs?: number } = {},
): void {
  test(
    `${declared.id}: ${declared.tries}`,
    async () => {
      const { id, from, tries } = declared;
      // Recorded first: an attack that takes the test's process down has not been held.
      await recordOutcome({ id, from, tries, outcome: 'did not end', held: false });
      try {
        const outcome = (await tryIt()).slice(0, OUTCOME_MAX);
        expect(outcome, 'an attack says what it saw').not.toBe('');
        await recordOutcome({ id, from, tries, outcome, held: true });
      } catch (error) {
        const outcome = String(error instanceof Error ? error.message : error).slice(0, OUTCOME_MAX);
        await recordOutcome({ id, from, tries, outcome, held: false });
        throw error;
      }
    },
    options.timeoutMs,
  );
}
