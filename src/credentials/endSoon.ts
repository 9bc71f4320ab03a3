import type { Duplex } from 'node:stream';

/** How long the guest may take to read the last answer. */
const LAST_WORD_MS = 3_000;

/** Says no more and takes no more; what was said still gets through, if the guest reads it soon. */
export function endSoon(stream: Duplex): void {
  if (stream.destroyed) {
    return;
  }
  const timer = setTimeout(() => stream.destroy(), LAST_WORD_MS);
  stream.once('close', () => clearTimeout(timer));
  stream.resume();
  stream.end();
}
