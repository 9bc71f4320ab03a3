import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { boundedLines } from '../../../src/network/readLog';

async function linesOf(...chunks: string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of boundedLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) {
    lines.push(line);
  }
  return lines;
}

test('a line in pieces is one line', async () => {
  expect(await linesOf('a', 'b\nc', '\n', 'not ended')).toEqual(['ab', 'c']);
});

test('a line of any length ends nothing: those before and after it count', async () => {
  const piece = 'x'.repeat(16_384);
  expect(await linesOf('before\n', piece, piece, 'x\nafter\n')).toEqual(['before', 'after']);
  expect(await linesOf(`before\n${piece}\nafter\n`)).toEqual(['before', 'after']);
  expect(await linesOf(piece, '\n', 'after\n', piece, '\nlast\n')).toEqual(['after', 'last']);
});

test('the end of a long line is no line of its own', async () => {
  expect(await linesOf('x'.repeat(5000), 'open 1795938084074 evil.test 443\n', 'a\n')).toEqual(['a']);
});
