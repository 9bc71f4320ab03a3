import { execFileSync } from 'node:child_process';
import parseWithLibrary from '@balena/dockerignore';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIgnoreFile } from '../../../src/image/dockerignore';
import { attack } from '../attack';
import { fuzz, SEED, type Target } from './fuzz';
import { GUEST_TARGETS } from './guestTargets';
import { IMAGE_TARGETS } from './imageTargets';
import { quotedForShell } from './quotedForShell';
import { SETTINGS_TARGETS } from './settingsTargets';
import { WALL_TARGETS } from './wallTargets';

/** Room for a loaded machine: the budget of all targets of one attack, a few times over. */
const FUZZ = { timeoutMs: 300_000 };

async function fuzzAll(targets: readonly Target[]): Promise<string> {
  let corpus = 0;
  let inputs = 0;
  for (const target of targets) {
    const tally = await fuzz(target);
    expect(tally.inputs, `${target.name} was fed`).toBeGreaterThan(10);
    corpus += tally.corpus;
    inputs += tally.inputs;
  }
  return `${targets.length} parsers, ${inputs} new inputs and ${corpus} kept ones, seed ${SEED}`;
}

attack(
  {
    id: 'fuzz-settings',
    from: 'repository',
    tries:
      'Random damage to .bulkhead.json, devcontainer.json, their variables, quantities and names: deep nesting, odd keys, control characters, huge repeats.',
    holds:
      'Each parser answers or refuses with a printable reason, at once; no prototype and no variable of the host is touched.',
    promise: 'settings-inside',
  },
  () => fuzzAll(SETTINGS_TARGETS),
  FUZZ,
);

attack(
  {
    id: 'fuzz-image',
    from: 'image',
    tries:
      'Random damage to saved images, gzip and zstd streams, EROFS device tables, Dockerfiles, .dockerignore, references, build output and the config disk’s values.',
    holds:
      'Nothing is taken in whose digest is not the one it is taken for; output is bounded and printable; no pattern keeps the parser busy.',
    promise: 'nothing-unpacked',
  },
  () => fuzzAll(IMAGE_TARGETS),
  FUZZ,
);

attack(
  {
    id: 'fuzz-guest-output',
    from: 'guest',
    tries:
      'Random damage to what git, grep, ripgrep, inotify, sha256sum, the samplers, compilers and SFTP answer, whole and in pieces of any size.',
    holds:
      'Paths outside of the folder are dropped, figures stay finite, lists stay within their limits, text is printable, and no regular expression runs away.',
    promise: 'hostile-input',
  },
  () => fuzzAll(GUEST_TARGETS),
  FUZZ,
);

attack(
  {
    id: 'fuzz-wall',
    from: 'guest',
    tries:
      'Random damage to what the guest sends to the SSH agent, the git credential helper, the review and the proxy: requests, trees, bundles, branch names, package.json, log lines, hosts.',
    holds:
      'Nothing is signed or asked for but what was parsed whole; no field adds a line to a question; paths and branches stay inside; what folds to .git is a danger; a rule is one line, and no address.',
    promise: 'hostile-input',
  },
  () => fuzzAll(WALL_TARGETS),
  FUZZ,
);

test('a .dockerignore means what Docker takes it for', () => {
  const name = fc.stringMatching(/^[ab.x-]{1,4}$/).filter((text) => !/^\.+$/.test(text));
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const part = fc.oneof(name, fc.constantFrom('*', '**', '?', 'a*', '*.x', '[ab]', '[^a]', 'a?b', '[a-b]x'));
  const pattern = fc
    .tuple(
      fc.constantFrom('', '', '!', '/', './'),
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', '', '/'),
    )
    .map(([before, parts, after]) => `${before}${parts.join('/')}${after}`);
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), path, (patterns, file) => {
      const text = patterns.join('\n');
      expect(parseIgnoreFile(text, 'linux').ignores(file)).toBe(
        parseWithLibrary({ ignorecase: false }).add(text).ignores(file),
      );
    }),
    { seed: SEED, numRuns: 3_000 },
  );
});

test('an argument of a ProxyCommand comes out of ssh and the shell as it went in', () => {
  const argument = fc.string({
    unit: fc.constantFrom(...'ab \'"\\%$`;*#~!&|<>(){}[]?\t=é'),
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(argument, (text) => {
      const said = execFileSync('/bin/sh', ['-c', `printf %s ${quotedForShell(text)}`]).toString();
      expect(said).toBe(text);
    }),
    { seed: SEED, numRuns: 150 },
  );
});
