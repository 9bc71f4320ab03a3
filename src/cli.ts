#!/usr/bin/env node
import { version } from '../package.json';
import { createApp } from './app';
import { runCli } from './cli/runCli';

async function main(): Promise<void> {
  // Should the event loop ever run dry before the end, that must not look like success.
  process.exitCode = 1;
  const code = await runCli(process.argv.slice(2), {
    createApp,
    version,
    proxyCommand: [process.execPath, __filename],
    terminal: {
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      signals: process,
      env: process.env,
      cwd: () => process.cwd(),
      exit: (status) => process.exit(status),
    },
  });
  // Explicit, because a terminal's stdin that was read from keeps the process alive.
  process.exit(code);
}

void main();
