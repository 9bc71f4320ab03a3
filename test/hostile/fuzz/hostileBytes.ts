import fc from 'fast-check';

/** What has broken parsers before, whatever their format. */
const NASTY: readonly (string | Buffer)[] = [
  '\0',
  '\n',
  '\r',
  '\r\n',
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u009b',
  '\u202e',
  '\u2066',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '__proto__',
  'constructor',
  'toString',
  '../',
  '/../',
  '..',
  './',
  '//',
  '\\',
  '-rf',
  '$(id)',
  '`id`',
  '${',
  '}',
  '%0a',
  '[x](command:y)',
  '$(trash)',
  '<img src=x onerror=alert(1)>',
  '-1',
  '0',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '1e999',
  'NaN',
  'Infinity',
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xc0, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0x80, 0x00, 0x00, 0x00]),
];

type Change =
  | { kind: 'insert'; at: number; bytes: Buffer }
  | { kind: 'cut'; at: number; length: number }
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'repeat'; at: number; length: number; times: number }
  | { kind: 'splice'; at: number; from: number; other: Buffer };

/** A place in the input: a part of its length, so that a change keeps its sense while others shrink. */
const place = fc.double({ min: 0, max: 1, noNaN: true });

function change(seeds: readonly Buffer[], words: readonly Buffer[]): fc.Arbitrary<Change> {
  return fc.oneof(
    fc.record({
      kind: fc.constant('insert' as const),
      at: place,
      bytes: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...words) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
        {
          weight: 1,
          arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text)),
        },
      ),
    }),
    fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.integer({ min: 1, max: 64 }) }),
    fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.integer({ min: 0, max: 7 }) }),
    fc.record({
      kind: fc.constant('repeat' as const),
      at: place,
      length: fc.integer({ min: 1, max: 24 }),
      times: fc.oneof(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 100, max: 2_000 })),
    }),
    fc.record({
      kind: fc.constant('splice' as const),
      at: place,
      from: place,
      other: fc.constantFrom(...(seeds.length > 0 ? seeds : [Buffer.alloc(0)])),
    }),
  );
}

/** What comes of all changes together stays small: a hang on it is the parser's fault. */
const MAX_BYTES = 64 * 1024;

function changed(seed: Buffer, changes: readonly Change[]): Buffer {
  let bytes = seed;
  for (const one of changes) {
    const at = Math.floor(one.at * bytes.length);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (one.kind) {
      case 'insert':
        bytes = Buffer.concat([before, one.bytes, after]);
        break;
      case 'cut':
        bytes = Buffer.concat([before, after.subarray(one.length)]);
        break;
      case 'flip':
        bytes = Buffer.from(bytes);
        if (at < bytes.length) {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << one.bit);
        }
        break;
      case 'repeat':
        bytes = Buffer.concat([
          before,
          ...Array<Buffer>(one.times).fill(after.subarray(0, one.length)),
          after,
        ]);
        break;
      case 'splice':
        bytes = Buffer.concat([before, one.other.subarray(Math.floor(one.from * one.other.length))]);
        break;
    }
    bytes = bytes.subarray(0, MAX_BYTES);
  }
  return bytes;
}

/** Ordinary inputs with a few hostile changes; sometimes words of the format in any order, or noise. */
export function hostileBytes(
  seeds: readonly Buffer[],
  words: readonly (string | Buffer)[],
): fc.Arbitrary<Buffer> {
  const all = [...words, ...words, ...NASTY].map((word) => Buffer.from(word as string));
  const start = seeds.length > 0 ? seeds : [Buffer.alloc(0)];
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom(...start), fc.array(change(seeds, all), { minLength: 1, maxLength: 6 }))
        .map(([seed, changes]) => changed(seed, changes)),
    },
    {
      weight: 2,
      arbitrary: fc.array(fc.constantFrom(...all), { maxLength: 40 }).map((list) => Buffer.concat(list)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  );
}
