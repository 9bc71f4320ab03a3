// Its own small program (dist/release.js), started detached when a window closes: the window's process is gone
// before a machine can be suspended. Arguments: <leases folder> <machine id> <suspend|stop> <cli.js> <grace ms>.
import { spawn } from 'node:child_process';
import { delay } from '../core/deadline';
import { isLeased, RELEASE_GRACE_MS } from './leases';

async function main([folder, id, action, cli, graceMs]: string[]): Promise<number> {
  if (!folder || !id || !cli || (action !== 'suspend' && action !== 'stop')) {
    process.stderr.write('usage: release <leases folder> <machine id> suspend|stop <cli.js> <grace ms>\n');
    return 2;
  }
  await delay(Number(graceMs) || RELEASE_GRACE_MS);
  if (isLeased(folder, id)) {
    return 0;
  }
  const code = await run(cli, action, id);
  // A window that was opened meanwhile saw the machine running, and would now look at one that is not.
  return isLeased(folder, id) ? run(cli, 'start', id) : code;
}

function run(cli: string, action: string, id: string): Promise<number> {
  const child = spawn(process.execPath, [cli, action, id], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
