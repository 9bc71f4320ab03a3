import { expect, test } from 'vitest';
import { withoutEnd } from '../../../src/core/withoutEnd';

test.each([
  ['a\r\n\n', '\r\n', 'a'],
  ['\n\n', '\n', ''],
  ['', '\n', ''],
  ['\na', '\n', '\na'],
  ['a.b).', '.)', 'a.b'],
])('%j without %j is %j', (text, ends, left) => expect(withoutEnd(text, ends)).toBe(left));
