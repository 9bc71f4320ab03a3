import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kit } from '../src/image/kit';
import { inTurn, output, report, run } from './measure';

const CLI = join(process.cwd(), 'dist/cli.js');

/** Opening a folder cold, warm and from sleep, against the bare floor: the same QEMU and kernel, with an init that only prints. */
export async function benchBoot(kit: Kit, folder: string, rounds: number): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'bulkhead-bench-data-'));
  const env = { ...process.env, BULKHEAD_DATA_DIRECTORY: data };
  const cli = (...args: string[]) => run(process.execPath, [CLI, ...args, '--quiet', '--json'], env);
  const up = () => cli('up', folder);
  await up();
  const id = output('docker', [
    'ps',
    '--filter',
    `label=bulkhead.folder=${folder}`,
    '--format',
    '{{.Label "bulkhead.machine"}}',
  ]).trim();
  const accelerator = output('docker', [
    'ps',
    '--filter',
    `label=bulkhead.folder=${folder}`,
    '--format',
    '{{.Label "bulkhead.accelerator"}}',
  ]).trim();
  const jail = [
    '--network',
    'none',
    '--cap-drop',
    'ALL',
    '--read-only',
    '--tmpfs',
    '/tmp',
    ...(accelerator === 'kvm' ? ['--device', '/dev/kvm'] : []),
  ];
  try {
    const measured = await inTurn(
      [
        {
          name: 'cold `up` to an SSH answer',
          prepare: () => cli('stop', id),
          run: up,
        },
        {
          name: 'the floor (QEMU, kernel, print, power off)',
          prepare: () => cli('suspend', id),
          run: () =>
            run('docker', [
              'run',
              '--rm',
              ...jail,
              '--entrypoint',
              '/usr/lib/bulkhead/vmm/probe',
              kit.id,
              accelerator,
              '60',
            ]),
        },
        { name: '`resume` to an SSH answer', run: () => cli('resume', id) },
        { name: '`up` of a running machine', run: up },
        {
          name: '`bulkhead --version` (the program itself)',
          run: () => run(process.execPath, [CLI, '--version'], env),
        },
      ],
      rounds,
    );
    report(`Boot and sleep (${accelerator})`, measured, [
      [0, 1, '≤ 1.5'],
      [2, 0, '≤ 0.3'],
      [3, 0],
    ]);
  } finally {
    await cli('rm', id, '--force');
    await rm(data, { recursive: true, force: true });
  }
}
