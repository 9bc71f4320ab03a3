import { expect, test } from 'vitest';
import { parseDiskUse } from '../../../../src/machine/kvm/diskUse';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];

test('tells shared layers from own ones', () => {
  const text = `layer ${a} 1000 3\nlayer ${b} 200 1\ntree 30 1\nupper 4096\nmemory 512\n`;
  expect(parseDiskUse(text, 20_000)).toEqual({
    layers: [
      { diffId: `sha256:${a}`, bytes: 1000, machines: 3 },
      { diffId: `sha256:${b}`, bytes: 200, machines: 1 },
    ],
    sharedBytes: 1000,
    ownBytes: 230,
    upperBytes: 4096,
    upperLimitBytes: 20_000,
    savedMemoryBytes: 512,
  });
});

test('a tree that several machines boot from is shared', () => {
  expect(parseDiskUse('tree 30 2\nupper 0\nmemory 0', 1)).toMatchObject({ sharedBytes: 30, ownBytes: 0 });
});

test.each([`layer ../../etc 1 1`, 'layer', `layer ${a} -1 1`, 'tree 1 1 1', 'du: no space left'])(
  'refuses %j',
  (text) => {
    expect(() => parseDiskUse(text, 1)).toThrow(/The layer store/);
  },
);
