import { describe, expect, it } from 'vitest';
import type { MachineEnds } from '../../../src/app/machineEnds';
import { persistently } from '../../../src/app/persistently';
import { SharedWatches } from '../../../src/app/sharedWatches';
import { BulkheadError } from '../../../src/core/errors';
import { silentLog } from '../../../src/core/log';

function fakes(options = { replay: true }) {
  const ends = new Map<string, (error: BulkheadError) => void>();
  const sources: { id: string; tell(value: number): void; fail(error: Error): void; signal: AbortSignal }[] =
    [];
  const machineEnds = {
    watch: (id: string, onEnd: (error: BulkheadError) => void) => {
      ends.set(id, onEnd);
      return { dispose: () => void ends.delete(id) };
    },
  } as unknown as MachineEnds;
  const watches = new SharedWatches<number>(
    machineEnds,
    (id, tell, signal) =>
      new Promise((_, reject) => {
        sources.push({ id, tell, fail: reject, signal });
      }),
    options,
  );
  return { watches, sources, ends };
}

function listener() {
  const heard: (number | string)[] = [];
  return {
    heard,
    onValue: (value: number) => void heard.push(value),
    onEnd: (error: Error) => void heard.push(error.message),
  };
}

describe('SharedWatches', () => {
  it('has one source a machine, which ends with the last listener', () => {
    const { watches, sources, ends } = fakes();
    const [one, two, other] = [listener(), listener(), listener()];
    const first = watches.watch('a', one);
    sources[0]?.tell(1);
    const second = watches.watch('a', two);
    watches.watch('b', other);
    expect(sources.map(({ id }) => id)).toEqual(['a', 'b']);
    sources[0]?.tell(2);
    expect([one.heard, two.heard, other.heard]).toEqual([[1, 2], [1, 2], []]);
    expect(watches.last('a')).toBe(2);
    first.dispose();
    first.dispose();
    expect(sources[0]?.signal.aborted).toBe(false);
    sources[0]?.tell(3);
    second.dispose();
    expect(sources[0]?.signal.aborted).toBe(true);
    expect(ends.has('a')).toBe(false);
    expect([one.heard, two.heard]).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
    // Whoever comes now gets a source of their own, and no value from before.
    const late = listener();
    watches.watch('a', late);
    expect(sources).toHaveLength(3);
    expect(late.heard).toEqual([]);
  });

  it('does not tell a late listener an old value if it must not', () => {
    const { watches, sources } = fakes({ replay: false });
    watches.watch('a', listener());
    sources[0]?.tell(1);
    const late = listener();
    watches.watch('a', late);
    expect(late.heard).toEqual([]);
  });

  it('ends with the machine, or with its source, once', async () => {
    const { watches, sources, ends } = fakes();
    const [one, two] = [listener(), listener()];
    watches.watch('a', one);
    watches.watch('b', two);
    ends.get('a')?.(new BulkheadError('it is stopped'));
    sources[0]?.fail(new Error('aborted'));
    sources[1]?.fail(new Error('no sampler'));
    await new Promise((resolve) => setImmediate(resolve));
    expect([one.heard, two.heard]).toEqual([['it is stopped'], ['no sampler']]);
    expect(sources.every(({ signal }) => signal.aborted)).toBe(true);
    expect(ends.size).toBe(0);
  });

  it('survives a listener that goes while it is told', () => {
    const { watches, sources } = fakes();
    const two = listener();
    const first = watches.watch('a', { onValue: () => first.dispose(), onEnd: () => undefined });
    watches.watch('a', two);
    sources[0]?.tell(1);
    sources[0]?.tell(2);
    expect(two.heard).toEqual([1, 2]);
  });

  it('tells nobody anything once it is disposed', () => {
    const { watches, sources } = fakes();
    const one = listener();
    watches.watch('a', one);
    watches.dispose();
    sources[0]?.tell(1);
    expect(one.heard).toEqual([]);
    expect(sources[0]?.signal.aborted).toBe(true);
  });
});

describe('persistently', () => {
  const options = { what: 'It', log: silentLog };

  it('tries again after a failure, and gives up after so many in a row', async () => {
    let tries = 0;
    const { signal } = new AbortController();
    const failing = persistently({ ...options, signal, failures: 2 }, async function* () {
      tries++;
      if (tries === 2) {
        yield;
      }
      throw new Error(`failure ${tries}`);
    });
    // The second attempt worked for a while, so the count began anew with its failure.
    await expect(failing).rejects.toThrow('failure 3');
  });

  it('ends quietly by its signal, in an attempt or between two', async () => {
    const controller = new AbortController();
    const between = persistently({ ...options, signal: controller.signal }, async function* () {
      yield;
      throw new Error('broken');
    });
    setTimeout(() => controller.abort(), 20);
    await expect(between).resolves.toBeUndefined();
  });
});
