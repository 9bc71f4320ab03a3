import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/core/errors';
import { guestMarks } from '../../../src/guest/guestMarks';
import { type LifecycleOptions, runLifecycleHooks } from '../../../src/guest/lifecycle';
import { OpenSshServer } from './openSshServer';

describe('lifecycle hooks', () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;
  let lines: string[];

  beforeEach(async () => {
    server = await OpenSshServer.start();
    guest = server.guest();
    lines = [];
  });
  afterEach(async () => {
    guest.dispose();
    await server.stop();
  });

  const marks = () => guestMarks(guest, join(server.folder, 'state'));
  const run = (hooks: LifecycleOptions['hooks']) =>
    runLifecycleHooks(guest, {
      hooks,
      cwd: server.home,
      onOutput: (line) => lines.push(line),
      onUnmarked: (hook, error) => lines.push(`${hook} unmarked: ${messageOf(error)}`),
      marks: marks(),
    });
  const log = async () => (await readFile(join(server.home, 'log'), 'utf8')).trim().split('\n');

  it('runs them in the specification’s order, each as often as it should', async () => {
    const hooks: LifecycleOptions['hooks'] = {
      postAttachCommand: ['echo attach >> log'],
      postStartCommand: ['echo start >> log'],
      postCreateCommand: ['echo create >> log'],
      onCreateCommand: ['echo on1 >> log', 'echo on2 >> log'],
      updateContentCommand: [['sh', '-c', 'echo "$1" >> log', 'sh', 'update $HOME']],
    };
    expect(await run(hooks)).toEqual([
      'onCreateCommand',
      'updateContentCommand',
      'postCreateCommand',
      'postStartCommand',
      'postAttachCommand',
    ]);
    expect(await run(hooks)).toEqual(['postAttachCommand']);
    // Another boot.
    await writeFile(join(server.folder, 'state/postStartCommand'), 'an older boot');
    expect(await run(hooks)).toEqual(['postStartCommand', 'postAttachCommand']);
    expect(await log()).toEqual([
      'on1',
      'on2',
      'update $HOME',
      'create',
      'start',
      'attach',
      'attach',
      'start',
      'attach',
    ]);
  });

  it('stops at a failure, names it, and tries again next time', async () => {
    const hooks: LifecycleOptions['hooks'] = {
      onCreateCommand: ['echo one >> log'],
      postCreateCommand: ['echo "why\u001b[31m" >&2; exit 3'],
      postStartCommand: ['echo never >> log'],
    };
    await expect(run(hooks)).rejects.toMatchObject({
      message: expect.stringMatching(/postCreateCommand failed: .* exit code 3/),
      details: 'why',
    });
    expect(await log()).toEqual(['one']);
    expect(await run({ ...hooks, postCreateCommand: ['true'] })).toEqual([
      'postCreateCommand',
      'postStartCommand',
    ]);
    expect(await log()).toEqual(['one', 'never']);
  });

  it('runs the parts of an object side by side and labels their output', async () => {
    await run({
      // Each waits for the other: one after the other would never end.
      postAttachCommand: [
        {
          a: 'touch a; until [ -e b ]; do sleep 0.05; done; echo hi',
          b: ['sh', '-c', 'touch b; until [ -e a ]; do sleep 0.05; done; echo ho'],
        },
      ],
    });
    expect(lines).toContain('[a] hi');
    expect(lines).toContain('[b] ho');
  });

  it('gives up on a command that takes too long', async () => {
    const hanging = runLifecycleHooks(guest, {
      hooks: { postAttachCommand: ['sleep 60'] },
      cwd: server.home,
      onOutput: () => undefined,
      onUnmarked: () => undefined,
      commandMs: 300,
    });
    await expect(hanging).rejects.toThrow(/longer than/);
  });

  it('goes on if the VM can’t note that a hook ran', async () => {
    // As a full disk answers.
    await symlink('/dev/full', join(server.folder, 'state/onCreateCommand.tmp'));
    expect(
      await run({ onCreateCommand: ['echo on >> log'], postCreateCommand: ['echo post >> log'] }),
    ).toEqual(['onCreateCommand', 'postCreateCommand']);
    expect(lines.filter((line) => line.includes('unmarked'))).toEqual([
      expect.stringMatching(/^onCreateCommand unmarked: Failed to write the VM's state/),
    ]);
    expect(await log()).toEqual(['on', 'post']);
  });

  it('keeps marks', async () => {
    expect(await marks().has('workspace')).toBe(false);
    await marks().set('workspace');
    expect(await marks().has('workspace')).toBe(true);
    expect(await marks().hasThisBoot('workspace')).toBe(true);
    await expect(marks().has('../x')).rejects.toThrow();
  });
});
