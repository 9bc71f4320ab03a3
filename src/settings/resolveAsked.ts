import { type Ask, type AskKind, asksDigest, type Grants, grantedOf, newsIn } from './asks';
import type { BulkheadSettings } from './bulkheadSchema';
import { type Layers, pick, repoLayers } from './layers';
import { DEFAULT_ORIGIN, type Origin, type Origins, originIn, originOf } from './origin';
import type { SettingsPath, SettingsProblem } from './settingsProblem';
import { askedFor, networkModeOf, originText, type Wish, wishesOf, withheldText } from './wishes';
import { type AllowedBy, NETWORK_PRESET_NAMES, type NetworkMode, type WorkspaceSpec } from './workspaceSpec';

/** The values that weaken the wall: a repo may ask for them, and only the user grants them. */
type Asked = Pick<
  WorkspaceSpec,
  'network' | 'workspace' | 'forwardPorts' | 'ssh' | 'credentials' | 'asks' | 'withheld'
>;

/**
 * Of what the repo's files ask for beyond the safe defaults only what is granted counts. The command line and the user's own
 * settings need no grant. `folder` is a real path.
 */
export function resolveAsked(
  folder: string,
  layers: Layers,
  grants: Grants,
  report: { hints: SettingsProblem[]; origins: Origins },
): Asked {
  const wishes = wishesOf(layers);
  const digest = asksDigest(folder, wishes);
  const byRepo = (kind: AskKind) => {
    const wish = wishes.find((each) => each.kind === kind);
    return wish && grantedOf(wish, digest, grants);
  };
  const isGranted = (kind: AskKind) => byRepo(kind) !== undefined;
  const own = [layers.commandLine, layers.user];
  const given = (read: (settings: BulkheadSettings) => readonly string[] | undefined) =>
    own.flatMap(({ settings }) => read(settings) ?? []);
  const union = (kind: AskKind, read: (settings: BulkheadSettings) => readonly string[] | undefined) => [
    ...new Set([...given(read), ...(byRepo(kind) ?? [])]),
  ];

  // Not by its wish alone: it may have been asked for, and granted, where the user's settings are known.
  const liftsNone = grantedOf({ kind: 'network-allowlist', values: [] }, digest, grants) !== undefined;
  const modes = networkModes(layers, { full: isGranted('network-full'), allowlist: liftsNone });
  // Where the folder alone lifted the user's `none`, only what was granted to the folder counts.
  const ownHosts = modes.modeBy === 'folder' && networkModeOf(layers.user.settings) === 'none' ? [] : own;
  const allowedBy = hostsAllowed(
    layers,
    ownHosts.length > 0 ? (layers.user.settings.network?.allow ?? []) : [],
    byRepo('network-hosts') ?? [],
  );
  const presets = [
    ...ownHosts.flatMap(({ settings }) => settings.network?.presets ?? []),
    ...(byRepo('network-presets') ?? []),
  ];
  const network: WorkspaceSpec['network'] = {
    ...modes,
    allow: Object.keys(allowedBy),
    allowedBy,
    presets: NETWORK_PRESET_NAMES.filter((name) => presets.includes(name)),
  };
  const workspace = workspaceOf(layers, isGranted);
  const forwardPorts =
    layers.commandLine.settings.forwardPorts ?? (byRepo('forward-ports') ?? []).map(Number);
  const forwardAgent =
    strictUnless(layers, ({ ssh }) => ssh?.forwardAgent, true, isGranted('forward-agent')) ?? false;
  const credentials = {
    git: union('git-credentials', (settings) => settings.credentials?.git),
    env: union('environment', (settings) => settings.credentials?.env),
  };

  const inEffect: Record<AskKind, readonly string[] | boolean> = {
    'network-hosts': network.allow,
    'network-presets': network.presets,
    'network-allowlist': network.mode !== 'none',
    'network-full': network.mode === 'full',
    'forward-ports': forwardPorts.map(String),
    mount: workspace.mode === 'mount',
    'mount-write': workspace.mode === 'mount' && !workspace.readOnly,
    'forward-agent': forwardAgent,
    'git-credentials': credentials.git,
    environment: credentials.env,
  };
  const asks = wishes.map((wish): Ask => {
    const { kind, values } = wish;
    const effect = inEffect[kind];
    const agreed = grantedOf(wish, digest, grants);
    const grantedValues = values.filter(
      (value) => agreed?.includes(value) || (typeof effect !== 'boolean' && effect.includes(value)),
    );
    const news = newsIn(wish, grants.answer);
    return {
      kind,
      values,
      grantedValues,
      granted:
        values.length > 0 ? grantedValues.length === values.length : agreed !== undefined || effect === true,
      text: sentence(askedFor(wish)),
      origin: originText(folder, wish),
      ...(news && { news }),
    };
  });
  const open = asks.filter((ask) => !ask.granted && !isDecidedByCommand(layers, ask.kind));
  origins(layers, wishes, open, report);
  return {
    network,
    workspace,
    forwardPorts,
    ssh: { forwardAgent },
    credentials,
    asks,
    withheld: open.map(withheldText),
  };
}

function sentence(clause: string): string {
  return `${clause.slice(0, 1).toUpperCase()}${clause.slice(1)}.`;
}

function hostsAllowed(
  { commandLine }: Layers,
  usual: readonly string[],
  granted: readonly string[],
): Record<string, AllowedBy> {
  const rules: (readonly [readonly string[], AllowedBy])[] = [
    [commandLine.settings.network?.allow ?? [], 'command line'],
    [usual, 'user'],
    [granted, 'workspace'],
  ];
  const allowedBy = new Map<string, AllowedBy>();
  for (const [hosts, by] of rules) {
    for (const host of hosts) {
      if (!allowedBy.has(host)) {
        allowedBy.set(host, by);
      }
    }
  }
  return Object.fromEntries(allowedBy);
}

const STRICTNESS: readonly NetworkMode[] = ['none', 'allowlist', 'full'];

/** The one of the two that lets less through. */
export function stricterMode(a: NetworkMode, b: NetworkMode): NetworkMode {
  return STRICTNESS.indexOf(a) <= STRICTNESS.indexOf(b) ? a : b;
}

/** Without a grant the folder's files can only make it stricter than what the user has elsewhere. */
function networkModes(
  layers: Layers,
  granted: { full: boolean; allowlist: boolean },
): Pick<WorkspaceSpec['network'], 'mode' | 'modeBy' | 'modeWithoutGrant'> {
  const named = networkModeOf(layers.commandLine.settings);
  if (named !== undefined) {
    return { mode: named, modeBy: 'command line', modeWithoutGrant: named };
  }
  const usual = networkModeOf(layers.user.settings) ?? 'allowlist';
  const asked = pick(repoLayers(layers), networkModeOf)?.value;
  const modeWithoutGrant = stricterMode(asked ?? usual, usual);
  return asked !== undefined && asked !== 'none' && granted[asked]
    ? { mode: asked, modeBy: 'folder', modeWithoutGrant }
    : { mode: modeWithoutGrant, modeBy: 'settings', modeWithoutGrant };
}

/** The strongest layer's value; of the repo's files the `weak` one counts only if it is granted. */
function strictUnless<T>(
  layers: Layers,
  read: (settings: BulkheadSettings) => T | undefined,
  weak: T,
  granted: boolean,
): T | undefined {
  const asked = pick(repoLayers(layers), read)?.value;
  return (
    read(layers.commandLine.settings) ??
    (asked === weak && !granted ? undefined : asked) ??
    read(layers.user.settings)
  );
}

function workspaceOf(layers: Layers, isGranted: (kind: AskKind) => boolean): WorkspaceSpec['workspace'] {
  const mode =
    strictUnless(layers, ({ workspace }) => workspace?.mode, 'mount', isGranted('mount')) ?? 'copy';
  const readOnly =
    strictUnless(layers, ({ workspace }) => workspace?.readOnly, false, isGranted('mount-write')) ?? true;
  return { mode, readOnly: mode === 'mount' && readOnly, exclude: excluded(layers) };
}

/** What the repo leaves out and what the user does; the command line goes over both. */
function excluded(layers: Layers): string[] {
  const read = ({ workspace }: BulkheadSettings) => workspace?.exclude;
  const named = read(layers.commandLine.settings);
  const ofRepo = pick(repoLayers(layers), read)?.value ?? [];
  const usual = read(layers.user.settings) ?? [];
  if (named !== undefined || usual.length === 0) {
    return named ?? ofRepo;
  }
  // The last match wins, at each depth: the user's come last, and where the repo brings back (`!`) they cover what is below too.
  const below = ofRepo.some((pattern) => pattern.startsWith('!')) ? usual.map(allBelow) : [];
  return [...ofRepo.filter((pattern) => !usual.includes(pattern)), ...usual, ...below];
}

function allBelow(pattern: string): string {
  const back = pattern.startsWith('!') ? '!' : '';
  const body = pattern.slice(back.length).replace(/\/+$/, '');
  return `${back}${body.includes('/') ? '' : '**/'}${body}/**`;
}

/** What the user says on the command line leaves nothing to ask. */
function isDecidedByCommand({ commandLine: { settings } }: Layers, kind: AskKind): boolean {
  switch (kind) {
    case 'network-allowlist':
    case 'network-full':
      return networkModeOf(settings) !== undefined;
    case 'forward-ports':
      return settings.forwardPorts !== undefined;
    case 'mount':
      return settings.workspace?.mode !== undefined;
    case 'mount-write':
      return settings.workspace?.readOnly !== undefined || settings.workspace?.mode === 'copy';
    case 'forward-agent':
      return settings.ssh?.forwardAgent !== undefined;
    default:
      return false;
  }
}

const KEYS: Record<AskKind, SettingsPath> = {
  'network-hosts': ['network', 'allow'],
  'network-presets': ['network', 'presets'],
  'network-allowlist': ['network', 'mode'],
  'network-full': ['network', 'mode'],
  'forward-ports': ['forwardPorts'],
  mount: ['workspace', 'mode'],
  'mount-write': ['workspace', 'readOnly'],
  'forward-agent': ['ssh', 'forwardAgent'],
  'git-credentials': ['credentials', 'git'],
  environment: ['credentials', 'env'],
};

/** Where each value stands, with a note if it asks for more than it gets; and a hint where that will surprise. */
function origins(
  layers: Layers,
  wishes: readonly Wish[],
  open: readonly Ask[],
  report: { hints: SettingsProblem[]; origins: Origins },
): void {
  const all = [layers.commandLine, ...repoLayers(layers), layers.user];
  for (const path of [...Object.values(KEYS), ['workspace', 'exclude']]) {
    const found = pick(all, (settings) => valueAt(settings, path));
    report.origins.set(path.join('.'), found ? originOf(found.layer, path) : DEFAULT_ORIGIN);
  }
  for (const { kind, source, path } of wishes) {
    const key = KEYS[kind].join('.');
    const ask = open.find((each) => each.kind === kind);
    const before = report.origins.get(key) ?? DEFAULT_ORIGIN;
    const origin: Origin =
      before.kind === 'default' || before.kind === 'user settings'
        ? originIn(
            source === layers.devcontainer?.document ? 'devcontainer.json' : '.bulkhead.json',
            source,
            path,
          )
        : before;
    report.origins.set(key, { ...origin, ...(ask && { note: 'asks for more, which you have not allowed' }) });
    if (ask && kind === 'network-full') {
      report.hints.push({
        ...source.problemAt(
          path,
          '"full" takes effect only once you agree to it',
          'Until then the machine reaches what "allowlist" lets through.',
        ),
        severity: 'hint',
        remedies: [
          { kind: 'replace', path, value: 'allowlist' },
          { kind: 'remove', path },
        ],
      });
    }
  }
}

function valueAt(settings: BulkheadSettings, path: SettingsPath): unknown {
  let value: unknown = settings;
  for (const part of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  }
  return value;
}
