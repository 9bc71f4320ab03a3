import { expect, test } from 'vitest';
import {
  ResourceHistories,
  ResourceHistory,
  WINDOW_MS,
} from '../../../../src/views/resources/resourceHistory';
import { frameAt } from './samples';

test('keeps five minutes, and the processes of the last moment', () => {
  const history = new ResourceHistory();
  const processes = { count: 3, rows: [] };
  for (let at = 0; at <= 2 * WINDOW_MS; at += 1000) {
    expect(history.add(frameAt(at), processes)).toBe(true);
  }
  expect(history.frames).toHaveLength(301);
  expect(history.frames[0]?.at).toBe(WINDOW_MS);
  expect(history.processes).toBe(processes);
});

test('two watchers of one machine add each sample once', () => {
  const history = new ResourceHistory();
  history.add(frameAt(1000), undefined);
  expect(history.add(frameAt(1000), undefined)).toBe(false);
  expect(history.frames).toHaveLength(1);
});

test('a clock that is set back drops what now lies in the future', () => {
  const history = new ResourceHistory();
  for (const at of [10_000, 11_000, 12_000, 10_500]) {
    history.add(frameAt(at), undefined);
  }
  expect(history.frames.map(({ at }) => at)).toEqual([10_000, 10_500]);
});

test('is bounded, however fast samples come', () => {
  const history = new ResourceHistory();
  for (let at = 0; at < 5000; at++) {
    history.add(frameAt(at), undefined);
  }
  expect(history.frames.length).toBeLessThanOrEqual(400);
});

test('histories are kept by machine; of very many, the last ones', () => {
  const histories = new ResourceHistories();
  const first = histories.of('m0');
  expect(histories.of('m0')).toBe(first);
  for (let index = 1; index <= 16; index++) {
    histories.of(`m${index}`);
  }
  expect(histories.of('m0')).not.toBe(first);
});
