import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createCounter } from '../src/counter.js';
import { createService } from '../src/server.js';

test('counts each path by itself', () => {
  const counter = createCounter();
  assert.equal(counter.visit('/a'), 1);
  assert.equal(counter.visit('/a'), 2);
  assert.equal(counter.visit('/b'), 1);
});

test('answers with the path and its visits', async () => {
  const service = createService().listen(0, '127.0.0.1');
  await once(service, 'listening');
  const { port } = service.address();
  const answer = await fetch(`http://127.0.0.1:${port}/hello`);
  assert.deepEqual(Object.keys(await answer.json()), ['path', 'visits', 'kernel']);
  service.closeAllConnections();
  service.close();
});
