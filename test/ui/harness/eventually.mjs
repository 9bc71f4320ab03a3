import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until the answer is true (or anything truthy, which is returned); an error counts as "not yet".
 * @template T
 * @param {string} what completes "waited for:"
 * @param {() => Promise<T> | T} ask
 * @param {number} [ms] deadline
 * @returns {Promise<NonNullable<T>>}
 */
export async function eventually(what, ask, ms = 30_000) {
  const end = Date.now() + ms;
  let last;
  do {
    try {
      const answer = await ask();
      if (answer) {
        return answer;
      }
      last = `last answer: ${JSON.stringify(answer)}`;
    } catch (error) {
      last = `last error: ${error instanceof Error ? error.message : error}`;
    }
    await sleep(200);
  } while (Date.now() < end);
  throw new Error(`waited ${ms} ms for: ${what} (${last})`);
}
