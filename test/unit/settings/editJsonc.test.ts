import fc from 'fast-check';
import { applyEdits } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { editJsonc, NoPlaceError } from '../../../src/settings/editJsonc';
import { parseJsonDocument } from '../../../src/settings/jsonDocument';

const edited = (text: string, path: (string | number)[], value: unknown) =>
  applyEdits(text, editJsonc(text, path, value));

describe('editJsonc', () => {
  it.each([
    ['replaces a value', '{ "cpus": 2 /* few */ }', ['cpus'], 4, '{ "cpus": 4 /* few */ }'],
    ['goes into an empty object', '{}', ['cpus'], 4, '{\n  "cpus": 4\n}'],
    ['makes the way', '{}', ['network', 'mode'], 'full', '{\n  "network": {\n    "mode": "full"\n  }\n}'],
    ['stays on one line', '{"cpus": 2}', ['onClose'], 'keep', '{"cpus": 2, "onClose": "keep"}'],
    [
      'leaves a comment with its key',
      '{\n\t"cpus": 2 // few\n}\n',
      ['onClose'],
      'keep',
      '{\n\t"cpus": 2, // few\n\t"onClose": "keep"\n}\n',
    ],
    [
      'keeps a trailing comma',
      '{\r\n  "cpus": 2, // few\r\n}',
      ['network', 'mode'],
      'none',
      '{\r\n  "cpus": 2, // few\r\n  "network": {\r\n    "mode": "none"\r\n  },\r\n}',
    ],
    [
      'stands above what is commented out',
      '{\n  // "cpus": 2,\n  // "disk": "20gb",\n}\n',
      ['cpus'],
      4,
      '{\n  "cpus": 4\n  // "cpus": 2,\n  // "disk": "20gb",\n}\n',
    ],
    [
      'writes a list on one line',
      '{\n  "cpus": 2\n}',
      ['forwardPorts'],
      [1, 2],
      '{\n  "cpus": 2,\n  "forwardPorts": [1, 2]\n}',
    ],
    ['appends to a list', '{"forwardPorts": [1]}', ['forwardPorts', 1], 2, '{"forwardPorts": [1, 2]}'],
  ])('%s', (_, text, path, value, expected) => {
    expect(edited(text, path, value)).toBe(expected);
  });

  it.each([
    ['the only key', '{"cpus": 2,}', ['cpus'], '{}'],
    ['the first', '{"cpus": 2, "disk": "2gb"}', ['cpus'], '{"disk": "2gb"}'],
    ['the last', '{"cpus": 2, "disk": "2gb"}', ['disk'], '{"cpus": 2}'],
    ['its line', '{\n  "cpus": 2, // few\n  "disk": "2gb"\n}', ['cpus'], '{\n  "disk": "2gb"\n}'],
    ['the last line', '{\n  "cpus": 2, // few\n  "disk": "2gb"\n}', ['disk'], '{\n  "cpus": 2 // few\n}'],
    ['an entry of a list', '{"forwardPorts": [1, 2, 3]}', ['forwardPorts', 1], '{"forwardPorts": [1, 3]}'],
    ['what is not there', '{"cpus": 2}', ['disk'], '{"cpus": 2}'],
  ])('takes out %s', (_, text, path, expected) => {
    expect(edited(text, path, undefined)).toBe(expected);
  });

  it('does not write through what is no object', () => {
    expect(() => editJsonc('{"network": "none"}', ['network', 'mode'], 'full')).toThrow(NoPlaceError);
    expect(() => editJsonc('[]', ['a', 'b'], 1)).toThrow(NoPlaceError);
    expect(() => editJsonc('1', ['a'], 1)).toThrow(NoPlaceError);
  });

  it('whatever the comments and commas: the value is there, the rest as before, the comments kept', () => {
    const gap = fc.constantFrom('', ' ', '\n  ', ' /* c */ ', ' // c\n  ', '\r\n\t');
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const text = fc
      .tuple(
        fc.uniqueArray(key, { maxLength: 4 }),
        fc.array(gap, { minLength: 30, maxLength: 30 }),
        fc.boolean(),
      )
      .map(([keys, gaps, trailing]) => {
        let next = 0;
        const some = () => gaps[next++ % gaps.length] ?? '';
        const entries = keys.map((name, index) => {
          const comma = index < keys.length - 1 || trailing ? ',' : '';
          return `${some()}"${name}"${some()}:${some()}{"x": 1}${some()}${comma}`;
        });
        return `{${entries.join('')}${some()}}`;
      });
    fc.assert(
      fc.property(text, key, fc.option(fc.integer(), { nil: undefined }), (before, name, value) => {
        const after = parseJsonDocument('t', edited(before, [name], value));
        const expected = { ...(parseJsonDocument('t', before).value as Record<string, unknown>) };
        if (value === undefined) {
          delete expected[name];
        } else {
          expected[name] = value;
        }
        expect(after.problems).toEqual([]);
        expect(after.value).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
