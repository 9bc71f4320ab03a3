import { expect, test } from 'vitest';
import { Listeners } from '../../../src/core/listeners';

test('calls each listener until it is disposed, the same function twice if it was added twice', () => {
  const listeners = new Listeners<number>();
  const heard: number[] = [];
  const listen = (value: number) => void heard.push(value);
  const first = listeners.add(listen);
  listeners.add(listen);
  listeners.fire(1);
  first.dispose();
  first.dispose();
  listeners.fire(2);
  listeners.dispose();
  listeners.fire(3);
  expect(heard).toEqual([1, 1, 2]);
});

test('a listener that is added while firing hears of the next event', () => {
  const listeners = new Listeners<number>();
  const heard: number[] = [];
  const outer = listeners.add(() => {
    outer.dispose();
    listeners.add((value) => void heard.push(value));
  });
  listeners.fire(1);
  listeners.fire(2);
  expect(heard).toEqual([2]);
});
