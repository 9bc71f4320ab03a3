import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE_ACTIONS } from '../../../src/views/resources/resourceMessages';
import { resourceTexts } from '../../../src/views/resources/resourceTexts';

const folder = new URL('../../../media/resources/', import.meta.url);
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n');
const texts = resourceTexts({ t: (message) => message });

test('the page gets every text that it asks for, and none that it does not use', () => {
  const literal = [...sources.matchAll(/\bt\(\s*'([^']+)'/g)].map(([, key]) => key);
  // Made of a state, an action, a source or a column.
  const made = Object.keys(texts).filter((key) => /^(state|action)\./.test(key));
  const columns = [...sources.matchAll(/key: '(\w+)'/g)].map(([, key]) => key);
  const chosen = ['host', 'guest', 'hostHelp', 'guestHelp'];
  expect(Object.keys(texts).sort()).toEqual(
    [...new Set([...literal, ...made, ...columns, ...chosen])].sort(),
  );
  expect(made).toEqual(expect.arrayContaining(PAGE_ACTIONS.map((action) => `action.${action}`)));
});

test('nothing on the page can become markup', () => {
  expect(sources).not.toMatch(
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|new Function/,
  );
});
