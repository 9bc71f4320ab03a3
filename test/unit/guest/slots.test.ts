import { expect, it } from 'vitest';
import { Slots } from '../../../src/guest/slots';

it('gives out no more places than it has, in order, and forgets who stopped waiting', async () => {
  const slots = new Slots(2);
  const first = await slots.acquire();
  await slots.acquire();
  const controller = new AbortController();
  const cancelled = slots.acquire(controller.signal);
  const order: string[] = [];
  const third = slots.acquire().then((release) => {
    order.push('third');
    return release;
  });
  const fourth = slots.acquire().then(() => order.push('fourth'));
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ kind: 'cancelled' });
  expect(order).toEqual([]);
  first();
  first();
  const release = await third;
  expect(order).toEqual(['third']);
  release();
  await fourth;
  expect(order).toEqual(['third', 'fourth']);
});
