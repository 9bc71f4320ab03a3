import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error: the scripts are plain JavaScript, which runs before anything is installed
import { attacksOf, declaredAttacks, promises, withAttackTable } from '../../../scripts/attacks.mjs';

const ROOT = resolve(__dirname, '../../..');
const SECURITY = readFileSync(resolve(ROOT, 'SECURITY.md'), 'utf8');

describe('SECURITY.md', () => {
  it('has the table of attacks that the tests declare (else: npm run security-table)', async () => {
    expect(withAttackTable(SECURITY, await declaredAttacks(ROOT))).toBe(SECURITY);
  });

  it('has attacks on sentences that it has', async () => {
    const rows: string[] = promises(SECURITY);
    expect(rows.length).toBeGreaterThan(10);
    expect(new Set(rows).size).toBe(rows.length);
    const attacks: { id: string; promise: string }[] = await declaredAttacks(ROOT);
    expect(attacks.filter(({ promise }) => !rows.includes(promise))).toEqual([]);
  });

  it('has no sentence that nothing tries to break', async () => {
    const attacks: { promise: string }[] = await declaredAttacks(ROOT);
    const tried = new Set(attacks.map(({ promise }) => promise));
    const untried = (promises(SECURITY) as string[]).filter((row) => !tried.has(row));
    const how =
      "write an attack in test/hostile (attack({ …, promise: '<row>' }, …)), then npm run security-table";
    expect(untried, `rows of "What holds" without an attack: ${how}`).toEqual([]);
  });
});

describe('the declaration of an attack', () => {
  const declared = (fields: string) =>
    attacksOf(`x;\n  attack(\n    {${fields}},\n    () => '',\n  );\n`, 'f');

  it('is read from the text, quotes and escapes included', () => {
    expect(
      declared(`
      id: 'a-b',
      from: 'guest',
      tries: "the guest's \\u202e name | <b>",
      holds: 'it isn\\'t shown',
      promise: 'p',
    `),
    ).toEqual([
      {
        id: 'a-b',
        from: 'guest',
        tries: "the guest's \u202e name | <b>",
        holds: "it isn't shown",
        promise: 'p',
        file: 'f',
      },
    ]);
  });

  it.each([
    ["id: name, from: 'guest', tries: '', holds: '', promise: ''"],
    ["id: 'a' + 'b', from: 'guest', tries: '', holds: '', promise: ''"],
    ["id: 'a', from: 'guest', tries: '', holds: ''"],
    ["id: 'a', from: 'nobody', tries: '', holds: '', promise: ''"],
  ])('is refused if a field is computed, missing or unknown: %s', (fields) => {
    expect(() => declared(fields)).toThrow(/^f:\d+: /);
  });

  it('is cut to a table’s cell', () => {
    const attack = { id: 'i', from: 'vmm', tries: 'a | b', holds: '<img>', promise: 'p' };
    const marks = SECURITY.replace(/(<!-- attacks[^>]*-->)[\s\S]*(<!-- end)/, '$1\n$2');
    expect(withAttackTable(marks, [attack])).toContain('| `i` | vmm | a \\| b | &lt;img> | `p` |');
  });
});
