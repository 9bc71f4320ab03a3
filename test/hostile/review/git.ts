import { execFileSync } from 'node:child_process';

export function git(folder: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();
}

export async function gitInit(host: string): Promise<void> {
  git(host, 'init', '-q', '-b', 'main');
}

export async function gitCommit(host: string): Promise<void> {
  await gitInit(host);
  git(host, 'add', '-A');
  git(host, 'commit', '-qm', 'First');
}
