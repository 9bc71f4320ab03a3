import type { Readable } from 'node:stream';

const MAX_LINE = 16 * 2 ** 20;

/** The objects of a stream of JSON lines, as the Engine's builds and pulls answer. */
export async function* jsonLines(stream: Readable): AsyncGenerator<Record<string, unknown>> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) {
      throw new Error('The Engine sent a line without an end');
    }
    for (const line of lines) {
      if (line.trim() !== '') {
        yield JSON.parse(line) as Record<string, unknown>;
      }
    }
  }
  if (rest.trim() !== '') {
    yield JSON.parse(rest) as Record<string, unknown>;
  }
}
