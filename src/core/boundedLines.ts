import type { Readable } from 'node:stream';
import { BulkheadError } from './errors';

/**
 * The lines of an ASCII stream, without their newlines, as they come. What follows the last newline is no line.
 * @throws BulkheadError if a line is longer than `maxBytes`: `who` is the start of its sentence
 */
export async function* boundedLines(
  stream: Readable,
  maxBytes: number,
  who: string,
): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line.length <= maxBytes);
    if (rest.length > maxBytes || lines.some((line) => line.length > maxBytes)) {
      throw new BulkheadError(`${who} sent a line without an end`);
    }
  }
}
