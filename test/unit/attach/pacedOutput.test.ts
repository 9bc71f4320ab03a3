import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { passOutput } from '../../../src/attach/pacedOutput';

const never = new AbortController().signal;

test('a character across two chunks comes out whole, and a broken one as a replacement', async () => {
  const bytes = Buffer.from('ä😀');
  const chunks = [...bytes].map((byte) => Buffer.from([byte]));
  const texts: string[] = [];
  await passOutput(Readable.from([...chunks, Buffer.from([0xe2, 0x82])]), (text) => texts.push(text), never);
  expect(texts.join('')).toBe('ä😀\ufffd');
});

test('passes everything on, in order, and ends with the stream', async () => {
  const chunks = Array.from({ length: 20 }, (_, index) => Buffer.alloc(50_000, 97 + index));
  let text = '';
  await passOutput(Readable.from(chunks), (part) => (text += part), never);
  expect(text).toBe(Buffer.concat(chunks).toString());
});

test('a flood is held back: the source is not read faster than it is passed on', async () => {
  const stopping = new AbortController();
  let produced = 0;
  const flood = new Readable({
    highWaterMark: 64 * 1024,
    read() {
      produced += 64 * 1024;
      this.push(Buffer.alloc(64 * 1024, 121));
    },
  });
  let written = 0;
  const passing = passOutput(
    flood,
    (text) => {
      written += text.length;
      if (written > 2 * 1024 * 1024) {
        stopping.abort();
      }
    },
    stopping.signal,
  );
  await passing.catch(() => undefined);
  expect(produced - written).toBeLessThan(512 * 1024);
  expect(flood.destroyed).toBe(true);
});

test('rejects when the stream breaks', async () => {
  const stream = new PassThrough();
  const passing = passOutput(stream, () => undefined, never);
  stream.destroy(new Error('connection lost'));
  await expect(passing).rejects.toThrow('connection lost');
});
