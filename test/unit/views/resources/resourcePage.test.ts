import { expect, test } from 'vitest';
import { resourcePage } from '../../../../src/views/resources/resourcePage';

const sources = { script: 'https://a/main.js', style: 'https://a/main.css', source: 'https://a' };

test('only the page’s own script runs, and nothing is loaded but its style sheet', () => {
  const page = resourcePage(sources);
  const nonce = /script-src 'nonce-([\w-]{24})'"/.exec(page)?.[1];
  expect(nonce).toBeDefined();
  expect(page).toContain(`default-src 'none'; style-src https://a; script-src 'nonce-${nonce}'`);
  expect(page).not.toContain('unsafe');
  expect([...page.matchAll(/<script/g)]).toHaveLength(1);
  expect(page).toContain(`<script nonce="${nonce}" src="https://a/main.js">`);
});

test('each page has a nonce of its own', () => {
  expect(resourcePage(sources)).not.toBe(resourcePage(sources));
});
