import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { LINEAR_CASES, runLinearCase } from '../../unit/core/linearCases';
import { lostToSwaps } from '../../unit/guest/copy/swappingGuest';
import { attack } from '../attack';

attack(
  {
    id: 'text-slow',
    from: 'guest',
    tries:
      'Text that expressions take hours for: line breaks, blanks, dots and colons by the megabyte in a Dockerfile, a task’s output, a search, a link of a terminal, a Makefile, a .git/config.',
    holds: 'Each is read in one pass; the editor and the command line go on.',
    promise: 'hostile-input',
  },
  async () => {
    const cases = Object.entries(LINEAR_CASES);
    for (const [name, each] of cases) {
      expect(await runLinearCase(each), name).toBe('done\n');
    }
    return `${cases.length} readers`;
  },
  { timeoutMs: 600_000 },
);

attack(
  {
    id: 'copy-swap',
    from: 'guest',
    tries:
      'In a folder that it may write to: swaps folders of what a copy leaves behind for links to files of the host, while it is removed.',
    holds:
      'Each folder is opened without following a link and emptied by its open file; nothing elsewhere is deleted.',
    promise: 'plain-copies',
  },
  async () => {
    const base = await mkdtemp(join(tmpdir(), 'bulkhead-swap-'));
    try {
      expect(await lostToSwaps(base, 10)).toBe(0);
      return '10 trees of 300 folders, 0 of 50 files elsewhere lost';
    } finally {
      await rm(base, { recursive: true, force: true });
    }
  },
);
