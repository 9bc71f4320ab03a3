import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { delay, withDeadline } from '../../../src/core/deadline';
import { DisposableList } from '../../../src/core/disposables';
import { BulkheadError, CancelledError, isCancelled, messageOf } from '../../../src/core/errors';
import { writeFileAtomic } from '../../../src/core/files';
import { printable } from '../../../src/core/log';

describe('withDeadline', () => {
  it('names what did not happen, and aborts the work', async () => {
    let aborted = false;
    const work = (signal: AbortSignal) =>
      new Promise<void>(() => signal.addEventListener('abort', () => (aborted = true)));
    await expect(withDeadline({ what: 'The moon', ms: 10 }, work)).rejects.toThrow(
      'The moon: no answer within 10 ms',
    );
    expect(aborted).toBe(true);
  });

  it('rejects at once on the caller’s signal, even if the work does not listen', async () => {
    const controller = new AbortController();
    const waiting = withDeadline(
      { what: 'x', ms: 60_000, signal: controller.signal },
      () => new Promise(() => undefined),
    );
    controller.abort();
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
    await expect(
      withDeadline({ what: 'x', ms: 1, signal: controller.signal }, async () => 1),
    ).rejects.toBeInstanceOf(CancelledError);
  });

  it('passes results and errors through', async () => {
    await expect(withDeadline({ what: 'x', ms: 1000 }, async () => 7)).resolves.toBe(7);
    await expect(
      withDeadline({ what: 'x', ms: 1000 }, () => Promise.reject(new Error('own'))),
    ).rejects.toThrow('own');
  });
});

describe('delay', () => {
  it('ends early when cancelled', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    await expect(delay(60_000, controller.signal)).rejects.toSatisfy(isCancelled);
  });
});

describe('printable', () => {
  it.each([
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b]52;c;aGk=\u001b\\text', 'text'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['a\rb\bc\u0000d', 'abcd'],
    ['safe\n\ttext', 'safe\n\ttext'],
    ['\u202Egnp.exe', 'gnp.exe'],
    ['\u009b31mx', '31mx'],
  ])('%j → %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('is bounded', () => {
    expect(printable('x'.repeat(100), 10)).toBe(`${'x'.repeat(10)}…`);
  });
});

describe('writeFileAtomic', () => {
  it('replaces a file whole, with its mode, and leaves nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-core-'));
    const file = join(folder, 'sub', 'a');
    await writeFileAtomic(file, 'one');
    await writeFileAtomic(file, 'two', { mode: 0o644 });
    expect(await readFile(file, 'utf8')).toBe('two');
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(await readdir(join(folder, 'sub'))).toEqual(['a']);
    await writeFile(join(folder, 'file'), '');
    await expect(writeFileAtomic(join(folder, 'file', 'x'), 'y')).rejects.toThrow(/EEXIST|ENOTDIR/);
    await rm(folder, { recursive: true });
  });
});

describe('DisposableList', () => {
  it('disposes last first, and at once what comes too late', () => {
    const order: number[] = [];
    const list = new DisposableList();
    list.add({ dispose: () => order.push(1) });
    list.add({ dispose: () => order.push(2) });
    list.dispose();
    list.add({ dispose: () => order.push(3) });
    list.dispose();
    expect(order).toEqual([2, 1, 3]);
  });
});

describe('errors', () => {
  it('have the exit codes of the contract', () => {
    const codes = (['failed', 'usage', 'host', 'cancelled'] as const).map(
      (kind) => new BulkheadError('x', { kind }).exitCode,
    );
    expect(codes).toEqual([1, 2, 3, 130]);
  });

  it('of many are one sentence', () => {
    expect(messageOf(new AggregateError([new Error('a'), new Error('b')]))).toBe('a; b');
  });
});
