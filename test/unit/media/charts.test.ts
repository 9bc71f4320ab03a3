import { expect, test } from 'vitest';
import { columnsOf, GAP_MS, largestOf, linesOf, nearestFrame } from '../../../media/resources/chartColumns';
import {
  cpuChart,
  diskChart,
  memoryChart,
  networkChart,
  roundRate,
} from '../../../media/resources/chartSpecs';
import { frameAt, sampleAt } from '../views/resources/samples';

test('each CPU has a line of the host and one of the guest', () => {
  const lines = linesOf(cpuChart(2));
  expect(lines.map(({ source, colour }) => `${source} ${colour}`)).toEqual([
    'host blue',
    'guest blue',
    'host yellow',
    'guest yellow',
  ]);
  expect(lines.map(({ figure }) => figure(frameAt(0)))).toEqual([40, 39, 10, 9]);
});

test('of very many CPUs only the host’s lines are drawn; the table has both', () => {
  const chart = cpuChart(64);
  expect(linesOf(chart)).toHaveLength(64);
  expect(chart.rows.filter(({ guest }) => guest)).toHaveLength(65);
});

test('memory: the cache lies on top of what programs use, areas below lines', () => {
  const lines = linesOf(memoryChart());
  expect(lines.map(({ area, source, figure }) => [area, source, figure(frameAt(0))])).toEqual([
    [true, 'guest', 500],
    [true, 'guest', 300],
    [false, 'host', 500],
    [false, 'host', 1000],
  ]);
});

test('the headline is the host’s figure; of the network the guest’s, if the host has none', () => {
  expect(cpuChart(2).headline(frameAt(0))).toEqual({ source: 'host', value: 55 });
  expect(diskChart().headline(frameAt(0))).toEqual({ source: 'host', value: 23 });
  expect(networkChart().headline(frameAt(0))).toEqual({ source: 'guest', value: 31 });
  const network = { receivedBytesPerSecond: 1, sentBytesPerSecond: 2 };
  const { host } = sampleAt(0);
  const measured = frameAt(0, { host: { ...host, network } });
  expect(networkChart().headline(measured)).toEqual({ source: 'host', value: 3 });
});

test('time that nobody watched is a gap, and so is a guest that does not answer', () => {
  const silent = frameAt(2000);
  delete silent.guest;
  const frames = [frameAt(1000), silent, frameAt(3000), frameAt(3001 + GAP_MS)];
  const [times, paid, , , used] = columnsOf(frames, linesOf(memoryChart()).toReversed());
  expect(times).toEqual([1, 2, 3, (3000 + 3001 + GAP_MS) / 2000, (3001 + GAP_MS) / 1000]);
  expect(paid).toEqual([1000, 1000, 1000, null, 1000]);
  expect(used).toEqual([500, null, 500, null, 500]);
});

test('nothing to draw is no error', () => {
  const columns = columnsOf([], linesOf(cpuChart(1)));
  expect(columns).toEqual([[], [], []]);
  expect(largestOf(columns)).toBe(0);
  expect(nearestFrame([], 5)).toBeUndefined();
});

test('finds the frame that is nearest to a time', () => {
  const frames = [1000, 2000, 9000].map((at) => frameAt(at));
  expect([0, 1400, 1600, 5000, 99_000].map((at) => nearestFrame(frames, at)?.at)).toEqual([
    1000, 1000, 2000, 2000, 9000,
  ]);
});

test('scales of rates end on round figures of the unit they are written in', () => {
  const KB = 1024;
  expect([0, 100, KB, 1500, 3 * KB, 90 * KB, 400 * KB].map((rate) => roundRate(rate) / KB)).toEqual([
    1, 1, 1, 2, 5, 100, 500,
  ]);
  expect(roundRate(3 * KB * KB)).toBe(5 * KB * KB);
});
