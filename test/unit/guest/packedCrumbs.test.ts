import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { packCrumbs } from '../../../src/guest/packedCrumbs';

const source = () => {
  const stream = new Readable({ read: () => undefined, highWaterMark: 2 * 1024 * 1024 });
  packCrumbs(stream);
  return stream;
};

describe('crumbs of output', () => {
  it('that nobody reads are joined, and come out whole and in order', async () => {
    const stream = source();
    const sent: Buffer[] = [Buffer.alloc(20_000, 'a')];
    for (let n = 0; n < 100_000; n++) {
      sent.push(Buffer.from([n % 251]));
    }
    sent.splice(50_000, 0, Buffer.alloc(600, 'b'));
    for (const piece of sent) {
      stream.push(piece);
    }
    stream.push(null);
    const got: Buffer[] = [];
    for await (const piece of stream) {
      got.push(piece as Buffer);
    }
    expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
    expect(got.length).toBeLessThan(20);
  });

  it('come at once to who reads', async () => {
    const stream = source();
    const got: string[] = [];
    stream.on('data', (piece: Buffer) => got.push(piece.toString()));
    for (const piece of ['a', 'b', 'c']) {
      stream.push(Buffer.from(piece));
      await new Promise(setImmediate);
    }
    expect(got).toEqual(['a', 'b', 'c']);
  });

  it('come as soon as a reader who had stopped goes on', async () => {
    const stream = source();
    let length = 0;
    stream.on('data', (piece: Buffer) => {
      length += piece.length;
    });
    stream.pause();
    stream.push(Buffer.alloc(20_000));
    stream.push(Buffer.from('last'));
    stream.resume();
    await new Promise(setImmediate);
    expect(length).toBe(20_004);
  });

  it('count for the source’s back-pressure', () => {
    const stream = source();
    stream.push(Buffer.alloc(2 * 1024 * 1024 - 10));
    expect(stream.push(Buffer.from('12345'))).toBe(true);
    expect(stream.push(Buffer.from('67890'))).toBe(false);
  });
});
