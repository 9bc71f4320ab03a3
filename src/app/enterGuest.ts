import { BulkheadError, messageOf } from '../core/errors';
import { unlendable } from '../credentials/lent';
import type { Guest } from '../guest/guest';
import { guestMarks, WORKSPACE_MARK } from '../guest/guestMarks';
import { runLifecycleHooks } from '../guest/lifecycle';
import { uploadWorkspace } from '../guest/uploadWorkspace';
import type { BuiltImage } from '../image/builtImage';
import type { Machine } from '../machine/hypervisor';
import { keepCopy } from '../review/look/keepCopy';
import { substituteContainerEnv } from '../settings/variables';
import type { LifecycleCommand } from '../settings/workspaceSpec';
import { type ChosenMode, chosenMode } from './chosenMode';
import { readFolder } from './folderSettings';
import { switchModeOf, wakeEgress } from './machineNetwork';
import { type MachineRecord, readRecord, updateRecord } from './machineRecord';
import { restartSettings } from './machineSpec';
import { agreedHosts, namedHosts, rulesOfSettings } from './networkPolicy';
import { offerGrantedPresets } from './networkPresets';
import { type Opening, switchedMode } from './opening';
import { wait } from './wait';
import { connectGuestOf, lostItsMemory, startMachine } from './wake';

/** The session program's exit code if it can't run something, a missing account included (guest/agent/agent.h). */
const CANNOT_RUN = 126;
/** What Docker, and the session program, set where the image says nothing (moby, `DefaultPathEnv`). */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Boots or wakes the machine, and brings in what it lacks: the workspace, the lifecycle commands. `image` is there if the
 * machine was created or checked against its settings just now. Returns the account that commands run as.
 */
export async function enterGuest(opening: Opening, machine: Machine, image?: BuiltImage): Promise<string> {
  const { services, id, clock, options } = opening;
  const kept = image ? undefined : await readRecord(services.data.record(id), opening.log);
  const { user: asked } = await machine.info(wait(options));
  if (!kept) {
    await services.dropGuest(id);
  }
  const made = kept ?? recordOf(opening, asked, image);
  const record = { ...made };
  await updateRecord(
    services,
    id,
    // What counts at once is the business of the editor, the proxy and of new sessions: it needs no restart.
    async (now) => Object.assign(record, image ? made : now, await recordedOf(opening, now)),
    wait(options),
  );
  await lapse(opening, machine);
  const never = unlendable(opening.spec.credentials.env);
  if (never.length > 0) {
    opening.warnings.push(`Not lent, because they make the session itself: ${never.join(', ')}.`);
  }
  const woken = await clock.time('boot', () => startMachine(machine, options));
  const egress = wakeEgress(
    services,
    id,
    { mode: opening.network?.mode ?? 'none', turn: opening.turn },
    woken,
    wait(options),
  );
  // Whoever throws first, nobody else's failure is unheard.
  egress.catch(() => undefined);
  const guest = await clock.time('ssh', () => connectGuestOf(services, machine, woken, options));
  const shut = await egress;
  if (shut !== undefined) {
    opening.warnings.push(shut);
  }
  if (woken.asleep && (await lostItsMemory(machine, options))) {
    opening.warnings.push(
      'The memory saved at its suspend did not load, so the machine was booted from its disk.',
    );
  }
  if (!kept && !(await hasAccount(guest, record.user, opening))) {
    opening.warnings.push(`The image has no account ${record.user}; commands run as root.`);
    record.user = 'root';
    await updateRecord(services, id, (now) => now && { ...now, user: 'root' }, wait(options));
  }
  const marks = guestMarks(guest);
  const { workspaceMode, diskBytes } = await machine.info(wait(options));
  if (workspaceMode === 'copy' && !(await marks.has(WORKSPACE_MARK, wait(options)))) {
    await clock.time('upload', () => upload(opening, guest, record, diskBytes));
    await marks.set(WORKSPACE_MARK, wait(options));
  }
  await offerGrantedPresets(services, id, opening, { anew: image !== undefined });
  await clock.time('hooks', () => runHooks(opening, guest, record));
  return record.user;
}

type AtOnce = Pick<
  MachineRecord,
  'forwardPorts' | 'portsOfCommand' | 'allow' | 'credentials' | 'network' | 'presetHosts'
>;

/**
 * What a record says that counts at once, for a machine that is there already too: as the folder's files and the user's answer
 * say it now, which may be minutes after this `up` began.
 */
async function recordedOf(opening: Opening, before: MachineRecord | undefined): Promise<AtOnce> {
  const { services, options, warnings } = opening;
  const { overrides } = options;
  const { spec } = await readFolder(services, opening.spec.folder, {
    ...(overrides && { overrides }),
    ...wait(options),
  });
  const { network, forwardPorts, credentials, ssh } = spec;
  opening.spec = { ...opening.spec, network, forwardPorts, credentials, ssh };
  return {
    forwardPorts,
    portsOfCommand: overrides?.['forwardPorts'] !== undefined,
    allow: [
      ...rulesOfSettings(spec, (sentence) => warnings.push(sentence)),
      ...(before ? agreedHosts(before, network.presets) : []),
    ],
    credentials: { folder: spec.folder, agent: ssh.forwardAgent, ...credentials },
    // What he switched by name while this `up` was on its way stays his.
    ...(opening.network && {
      network:
        before?.network?.chosenBy === 'user' || (await switchedMode(opening)) !== undefined
          ? { chosenBy: 'user' as const }
          : opening.network.network,
    }),
    presetHosts: before ? namedHosts(before, network.presets) : [],
  };
}

/** What was granted of the network when this `up` began may have been taken back since, or the user has switched it by name. */
async function lapse(opening: Opening, machine: Machine): Promise<void> {
  const { services, spec, network, options } = opening;
  if (!network) {
    return;
  }
  const since = await switchedMode(opening);
  const now: ChosenMode =
    since === undefined
      ? chosenMode(spec.network, network.mode, network.network)
      : { mode: since, network: { chosenBy: 'user' } };
  if (since !== undefined || now.mode !== network.mode) {
    opening.network = now;
    // Also if he did it himself: the containers may have been made anew, as it was decided, since.
    await switchModeOf(services, machine, now.mode, wait(options));
  }
}

function recordOf(opening: Opening, user: string, image: BuiltImage | undefined): MachineRecord {
  const { spec } = opening;
  const env = { PATH: DEFAULT_PATH, ...image?.env, ...spec.containerEnv };
  const remoteEnv = Object.entries(spec.remoteEnv).map(([name, value]) => [
    name,
    substituteContainerEnv(value, env),
  ]);
  return {
    user,
    env,
    remoteEnv: Object.fromEntries(remoteEnv),
    exclude: spec.workspace.exclude,
    allow: [],
    forwardPorts: [],
    // Without an image at hand the machine was not made from these settings just now.
    ...(image && { settings: restartSettings(spec) }),
  };
}

async function hasAccount(guest: Guest, user: string, opening: Opening): Promise<boolean> {
  const asked = { ...wait(opening.options), user, cwd: '/' };
  return (await guest.run({ argv: ['/.bulkhead/bin/busybox', 'true'] }, asked)).code !== CANNOT_RUN;
}

async function upload(
  opening: Opening,
  guest: Guest,
  { user, exclude }: MachineRecord,
  maxBytes: number,
): Promise<void> {
  const { spec, options, log } = opening;
  const { files, bytes, sent, warnings } = await uploadWorkspace(guest, {
    ...wait(options),
    hostFolder: spec.folder,
    guestFolder: spec.workspaceFolder,
    user,
    exclude,
    maxBytes,
    ...(options.onProgress && { onProgress: options.onProgress }),
  });
  opening.warnings.push(...warnings);
  log.info(`Copied ${files} files (${bytes} bytes) to ${spec.workspaceFolder}`);
  const { data } = opening.services;
  const { id } = opening;
  const paths = { baseline: data.baseline(id), guestIndex: data.guestIndex(id) };
  const { workspaceFolder } = spec;
  await keepCopy(guest, { paths, workspaceFolder, exclude, sent }, wait(options));
}

async function runHooks(opening: Opening, guest: Guest, record: MachineRecord): Promise<void> {
  const { spec, options, log } = opening;
  const hooks = Object.entries(spec.hooks).map(([hook, commands]) => [
    hook,
    commands.map((command) => substituteCommand(command, record.env)),
  ]);
  await runLifecycleHooks(guest, {
    ...wait(options),
    hooks: Object.fromEntries(hooks),
    user: record.user,
    cwd: spec.workspaceFolder,
    onOutput: (line) => {
      log.info(line);
      options.onProgress?.({ phase: 'hooks', message: line });
    },
    onUnmarked: (hook, error) => {
      const why = `${messageOf(error)} ${(error instanceof BulkheadError && error.details) || ''}`.trim();
      opening.warnings.push(`${hook} ran, but will run again at the next start: ${why}`);
    },
    onHook: (hook) => options.onProgress?.({ phase: 'hooks', message: `Running ${hook}` }),
  });
}

function substituteCommand(command: LifecycleCommand, env: Record<string, string>): LifecycleCommand {
  const text = (value: string) => substituteContainerEnv(value, env);
  const one = (value: string | string[]) => (typeof value === 'string' ? text(value) : value.map(text));
  if (typeof command === 'string' || Array.isArray(command)) {
    return one(command);
  }
  return Object.fromEntries(Object.entries(command).map(([name, value]) => [name, one(value)]));
}
