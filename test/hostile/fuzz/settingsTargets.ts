import { applyEdits } from 'jsonc-parser';
import { parseBulkheadFile } from '../../../src/settings/bulkheadFile';
import { checkSettingsText } from '../../../src/settings/checkText';
import { parseDevcontainerFile } from '../../../src/settings/devcontainer';
import { editJsonc, NoPlaceError } from '../../../src/settings/editJsonc';
import { checkGuestFolder, defaultGuestFolder } from '../../../src/settings/guestFolder';
import { mergeImageMetadata, parseImageMetadata } from '../../../src/settings/imageMetadata';
import { parseJsonDocument } from '../../../src/settings/jsonDocument';
import { machineId } from '../../../src/settings/machineId';
import { parseDuration, parseSize } from '../../../src/settings/quantities';
import { remedyEdits } from '../../../src/settings/remedies';
import {
  hostNameIn,
  nearestDuration,
  nearestSize,
  nearestWhole,
  sizeText,
} from '../../../src/settings/repairs';
import { resolveSpec } from '../../../src/settings/resolveSpec';
import { formatProblem, plainSource, type SettingsProblem } from '../../../src/settings/settingsProblem';
import { substituteContainerEnv, substituteVariables } from '../../../src/settings/variables';
import type { WorkspaceSpec } from '../../../src/settings/workspaceSpec';
import { hold, holdPrintable, refused, type Target } from './fuzz';

const FOLDER = '/home/somebody/project';

const BULKHEAD = JSON.stringify(
  {
    image: 'debian:trixie-slim',
    cpus: 2,
    memory: '2gb',
    disk: '20gb',
    network: { mode: 'allowlist', allow: ['*.example.org'] },
    workspace: { mode: 'copy', exclude: ['node_modules'] },
    forwardPorts: [3000],
    ssh: { forwardAgent: false },
    onClose: 'suspend',
    idleTimeout: '30m',
  },
  null,
  2,
);
const DEVCONTAINER = `{
  // a comment
  "build": {"dockerfile": "Dockerfile", "context": "..", "args": {"A": "b"}},
  "features": {"./local": {}, "ghcr.io/x/y:1": "latest"},
  "workspaceFolder": "/workspaces/\${localWorkspaceFolderBasename}",
  "remoteUser": "node", "containerEnv": {"A": "\${localEnv:HOME:none}"}, "remoteEnv": {"B": null},
  "forwardPorts": [3000, "localhost:80", "db:5432"],
  "initializeCommand": "touch /marker", "runArgs": ["--privileged"], "mounts": ["source=/,target=/host,type=bind"],
  "postCreateCommand": {"one": "echo 1", "two": ["echo", "2"]}, "hostRequirements": {"cpus": 4, "memory": "8gb", "gpu": true},
  "customizations": {"bulkhead": {"memory": "3gb"}},
}`;
const METADATA = JSON.stringify([
  { id: 'one', remoteUser: 'node', containerEnv: { A: 'b' }, postCreateCommand: 'echo one' },
  { remoteEnv: { B: '${localEnv:SECRET}' }, forwardPorts: [80], onCreateCommand: ['a', 'b'] },
]);
const WORDS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '//',
    '/*',
    '*/',
    '\\u0000',
    '\\ud800',
    'null',
    'true',
    '1e9',
    '"image"',
    '"build"',
  ],
  ...[
    '"__proto__":{}',
    '"constructor":1',
    '"cpus"',
    '"memory"',
    '"network"',
    '"customizations"',
    '"bulkhead"',
    '${',
    '${localEnv:A}',
  ],
];

function holdProblems(problems: readonly SettingsProblem[], text: string): void {
  for (const problem of problems) {
    holdPrintable(formatProblem({ ...problem, source: 'x' }), 'a problem', 2_000);
    if (problem.range) {
      const { offset, length } = problem.range;
      hold(offset >= 0 && length >= 0 && offset <= text.length + 1, 'a problem stands inside of its text');
    }
    for (const remedy of problem.remedies ?? []) {
      applyEdits(text, remedyEdits(text, remedy));
    }
  }
}

/** Nothing of a parsed text may reach the prototype that all objects share. */
function holdClean(): void {
  hold(Object.keys(Object.prototype).length === 0, 'Object.prototype is as it was');
}

const says = (kind: 'command line' | 'user settings') => ({
  settings: {},
  kind,
  source: plainSource(kind),
  prefix: [],
  fromRepo: false,
});
const spec: WorkspaceSpec = {
  ...resolveSpec(FOLDER, { commandLine: says('command line'), user: says('user settings') }).spec,
  image: { kind: 'image', reference: 'x' },
  sources: [],
};

export const SETTINGS_TARGETS: Target[] = [
  {
    name: 'bulkhead-json',
    seeds: [BULKHEAD, '{"build": {"dockerfile": "../x", "args": {}}}'],
    words: WORDS,
    check: async (input) => {
      const text = input.toString();
      const result = parseBulkheadFile('/x/.bulkhead.json', text);
      holdProblems('problems' in result ? result.problems : [], text);
      for (const kind of ['bulkhead', 'devcontainer'] as const) {
        holdProblems(await checkSettingsText({ path: '/x/y.json', text, kind, onHost: false }), text);
      }
      holdClean();
    },
  },
  {
    name: 'devcontainer-json',
    seeds: [DEVCONTAINER, '{"image": "x", "dockerComposeFile": "x"}'],
    words: WORDS,
    check: (input) => {
      const text = input.toString();
      const result = parseDevcontainerFile('/x/.devcontainer/devcontainer.json', text, FOLDER);
      if ('problems' in result) {
        hold(result.problems.length > 0, 'a refusal says why');
        holdProblems(result.problems, text);
      } else {
        const { warnings, workspaceFolder, forwardPorts = [] } = result.devcontainer;
        hold(warnings.length <= 1_000, 'warnings are bounded');
        for (const warning of warnings) {
          holdPrintable(warning, 'a warning', 4_000);
        }
        hold(
          workspaceFolder === undefined || checkGuestFolder(workspaceFolder) !== undefined,
          'a sound folder',
        );
        hold(
          forwardPorts.every((port) => port >= 1 && port <= 65_535),
          'ports are ports',
        );
      }
      holdClean();
    },
  },
  {
    name: 'image-metadata',
    seeds: [METADATA, '{"remoteUser": "x"}'],
    words: WORDS,
    check: (input) => {
      const entries = refused(() => parseImageMetadata(input.toString()));
      const merged = entries && refused(() => mergeImageMetadata(spec, entries));
      for (const warning of merged?.warnings ?? []) {
        holdPrintable(warning, 'a warning');
      }
      hold(merged?.network.mode !== 'full', 'an image grants nothing');
      holdClean();
    },
  },
  {
    name: 'edit-jsonc',
    seeds: [BULKHEAD, DEVCONTAINER, '{}', '{ // c\n}', '{"a": 1 /* x */, // y\n "b": {}}'],
    words: WORDS,
    check: (input) => {
      const text = input.toString();
      const document = parseJsonDocument('x', text);
      const isObject =
        typeof document.value === 'object' && document.value !== null && !Array.isArray(document.value);
      if (document.problems.length > 0 || document.oddKeys.length > 0 || !isObject) {
        return;
      }
      for (const value of [7, 'text', undefined, ['a'], { deep: [{}] }]) {
        try {
          const after = parseJsonDocument('x', applyEdits(text, editJsonc(text, ['network', 'mode'], value)));
          hold(after.problems.length === 0, 'an edited text is still JSON');
          const network = (after.value as { network?: { mode?: unknown } }).network;
          hold(JSON.stringify(network?.mode) === JSON.stringify(value), 'the edit says what it was to say');
        } catch (error) {
          if (!(error instanceof NoPlaceError)) {
            throw error;
          }
        }
      }
    },
  },
  {
    name: 'quantities',
    seeds: [
      '2gb',
      '1.5 GiB',
      '512mb',
      '30m',
      '1h',
      '9007199254740991',
      '2,5 gigabytes',
      '30 minutes',
      'https://u@host:80/x',
    ],
    words: ['k', 'm', 'g', 't', 'b', 'i', '.', ' ', '9999999999999999', 'e'],
    check: (input) => {
      const text = input.toString();
      const bytes = parseSize(text);
      if (bytes !== undefined) {
        hold(Number.isSafeInteger(bytes) && bytes >= 0, 'a size is a natural number');
        hold(parseSize(sizeText(bytes)) === bytes, 'a size survives being written');
      }
      const ms = parseDuration(text);
      hold(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0), 'a duration is a natural number');
      const limits = { min: 1024, max: 2 ** 40 };
      const near = nearestSize(text, limits);
      const nearBytes = near === undefined ? limits.min : parseSize(near);
      hold(
        nearBytes !== undefined && nearBytes >= limits.min && nearBytes <= limits.max,
        'a repair is possible',
      );
      nearestDuration(text, limits);
      nearestWhole(text, limits);
      hostNameIn(text);
    },
  },
  {
    name: 'variables',
    seeds: [
      '${localEnv:HOME:x}/${containerEnv:PATH}',
      '${localWorkspaceFolder}${devcontainerId}',
      '${containerEnv:A:${b}}',
    ],
    words: ['${', '}', ':', 'localEnv', 'containerEnv', 'env', 'localWorkspaceFolder', '$'],
    check: (input) => {
      const values = { localWorkspaceFolder: FOLDER, devcontainerId: 'i'.repeat(52) };
      const { text, refusedHostVariables } = substituteVariables(input.toString(), values);
      hold(text.length <= 65_537 && refusedHostVariables.length <= 20, 'a substitution is bounded');
      const home = process.env['HOME'];
      hold(
        home === undefined || home.length < 3 || input.includes(home) || !text.includes(home),
        'no host variable',
      );
      const filled = substituteContainerEnv(input.toString(), {
        PATH: 'p'.repeat(30_000),
        A: '${containerEnv:A}',
      });
      hold(filled.length <= 65_537, 'a substitution is bounded');
    },
  },
  {
    name: 'folder-names',
    seeds: ['/home/x/project', '/workspaces/app', '/x/ünï→😀', '/proc/x', '/a/../b'],
    words: ['/', '..', '/proc', '/.bulkhead', '-', '.'],
    check: (input) => {
      const path = `/${input.toString()}`;
      hold(/^[a-z0-9][a-z0-9-]{0,62}$/.test(machineId(path)), 'an id is one that the engine takes');
      hold(checkGuestFolder(defaultGuestFolder(path)) !== undefined, 'the default folder is sound');
      checkGuestFolder(path);
    },
  },
];
