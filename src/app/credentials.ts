import { randomBytes } from 'node:crypto';
import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import type { Log } from '../core/log';
import { Confirmations } from '../credentials/confirmations';
import type { ConfirmSignature, CredentialUse } from '../credentials/credentialUse';
import { HostAgent } from '../credentials/hostAgent';
import { Lending } from '../credentials/lending';
import { type CredentialChange, changeLent, type Lent, NOTHING_LENT, saneLent } from '../credentials/lent';
import type { Guest, RunOptions } from '../guest/guest';
import { ChoicesWatch } from './choicesWatch';
import type { MachineCredentials } from './contract';
import type { DataFolder } from './dataFolder';
import { GrantedCredentials } from './grantedCredentials';
import { chooseCredentials, readChoices } from './machineChoices';
import { MachineLog } from './machineLog';
import { readRecord } from './machineRecord';
import type { Services } from './services';

/** Remembered of each machine, in memory, for the status bar. The machine's log has them all. */
const USES_KEPT = 50;
const DENIALS_A_MINUTE = 20;

/** What of this host's credentials each machine may use, and the sockets through which it does. */
export class Credentials implements Disposable {
  private readonly agent = new HostAgent();
  private readonly confirmations: Confirmations | undefined;
  private readonly watch: ChoicesWatch;
  private readonly lendings = new Map<string, Lending>();
  /** Names of this process' folders in guests: the same after a reconnect, so that running programs find it again. */
  private readonly folders = new Map<string, string>();
  /** Granted to this process alone, until it ends. */
  private readonly passing = new Map<string, CredentialChange>();
  private readonly uses = new Map<string, CredentialUse[]>();
  /** When they were, ms since the epoch. */
  private readonly denials = new Map<string, number[]>();
  private readonly changes = new Listeners<string | undefined>();
  private watching: Disposable | undefined;

  private readonly data: DataFolder;
  private readonly log: Log;
  private readonly granted: GrantedCredentials;

  constructor(
    services: Pick<Services, 'data' | 'log' | 'defaults' | 'grants'>,
    confirm: ConfirmSignature | undefined,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {
    this.data = services.data;
    this.log = services.log;
    this.granted = new GrantedCredentials(services, this.log);
    this.confirmations = confirm && new Confirmations(confirm, this.log);
    this.watch = new ChoicesWatch(this.data.choicesFolder, this.log);
  }

  /** `listener` gets the machine's id, or undefined if it may be any. */
  onDidChange(listener: (id: string | undefined) => void): Disposable {
    this.startWatching();
    return this.changes.add(listener);
  }

  async of(id: string): Promise<MachineCredentials> {
    const { lent, origin } = await this.read(id);
    return {
      ...lent,
      origin,
      missing: lent.env.filter((name) => this.env[name] === undefined),
      uses: [...(this.uses.get(id) ?? [])],
    };
  }

  /** Takes effect before it resolves: what is taken back is refused from the moment of the call. */
  async set(id: string, change: CredentialChange & { onlyHere?: boolean }): Promise<MachineCredentials> {
    const { onlyHere, ...wanted } = change;
    const lent = changeLent((await this.read(id)).lent, wanted);
    if (onlyHere) {
      this.passing.set(id, { ...this.passing.get(id), ...wanted });
    } else {
      const passing = this.passing.get(id);
      this.passing.delete(id);
      const withdrawn = this.lendings.get(id)?.withdraw(lent);
      // By what is chosen at that moment: another window may have taken something back since.
      const anew = async (chosen: Lent | undefined) => {
        const before = chosen ?? (await this.grantedTo(id));
        return changeLent(passing ? changeLent(before, passing) : before, wanted);
      };
      await chooseCredentials(this.data.choices(id), anew, this.log);
      await withdrawn;
    }
    this.confirmations?.unmute(id);
    this.changes.fire(id);
    return this.of(id);
  }

  /** For `connectGuest`. A guest after the first one of a machine gets its sockets back at once. */
  adopt(guest: Guest): void {
    const { machineId: id } = guest;
    const known = this.folders.get(id);
    const name = known ?? randomBytes(8).toString('hex');
    this.folders.set(id, name);
    this.lendings.get(id)?.dispose();
    const lending = new Lending({
      guest,
      folder: `/.bulkhead/run/credentials/${name}`,
      lent: async () => (await this.read(id)).lent,
      agent: this.agent,
      confirmations: this.confirmations,
      env: this.env,
      onUse: (use) => this.used(use),
      log: this.log,
    });
    this.lendings.set(id, lending);
    if (known !== undefined) {
      this.restore(id, lending).catch((error: unknown) =>
        this.log.debug(`${id}: credentials are not back after a reconnect: ${messageOf(error)}`),
      );
    }
  }

  /** What a program of the user's gets in its environment. Only the machine's own account does. */
  async environment(
    id: string,
    env: Record<string, string>,
    options: RunOptions,
  ): Promise<Record<string, string>> {
    const lending = this.lendings.get(id);
    const user = options.user;
    if (user !== undefined && user !== (await readRecord(this.data.record(id), this.log))?.user) {
      return {};
    }
    const wait = options.signal ? { signal: options.signal } : {};
    const lent = (await lending?.environment(env, wait)) ?? {};
    this.startWatching();
    return lent;
  }

  /** Before the machine sleeps, stops or goes: nothing is lent to it any more. It can be adopted again. */
  async takeDown(id: string): Promise<void> {
    const lending = this.lendings.get(id);
    this.lendings.delete(id);
    await lending?.withdraw(NOTHING_LENT);
    lending?.dispose();
  }

  private async restore(id: string, lending: Lending): Promise<void> {
    const { lent } = await this.read(id);
    if (this.lendings.get(id) === lending) {
      await lending.offer(lent, {});
    }
  }

  /** From the files each time, so that what another process takes back is refused at once here too. */
  private async read(id: string): Promise<{ lent: Lent; origin: MachineCredentials['origin'] }> {
    const { credentials } = await readChoices(this.data.choices(id), this.log);
    const lent = saneLent(credentials ?? (await this.grantedTo(id)));
    const passing = this.passing.get(id);
    return {
      lent: passing ? changeLent(lent, passing) : lent,
      origin: credentials ? 'machine' : 'folder',
    };
  }

  /** By its folder's settings. */
  private async grantedTo(id: string): Promise<Lent> {
    return this.granted.of((await readRecord(this.data.record(id), this.log))?.credentials);
  }

  private used(use: CredentialUse): void {
    const id = use.machineId;
    if (!use.given && this.isFlood(id, use.at)) {
      return;
    }
    this.uses.set(id, [...(this.uses.get(id) ?? []), use].slice(-USES_KEPT));
    const outcome = use.given ? 'given' : `denied: ${use.why ?? 'no reason'}`;
    new MachineLog(this.data.log(id), this.log).info(`${id}: ${use.kind}: ${use.what}: ${outcome}`);
    this.changes.fire(id);
  }

  /** Whether a guest has been denied so often that another line would only push older ones out of the log. */
  private isFlood(id: string, at: number): boolean {
    const before = (this.denials.get(id) ?? []).filter((each) => each > at - 60_000);
    if (before.length >= DENIALS_A_MINUTE) {
      return true;
    }
    this.denials.set(id, [...before, at]);
    if (before.length + 1 === DENIALS_A_MINUTE) {
      new MachineLog(this.data.log(id), this.log).warn(`${id}: more denials are not listed for a minute`);
    }
    return false;
  }

  private startWatching(): void {
    this.watching ??= this.watch.onDidChange(() => {
      for (const [id, lending] of this.lendings) {
        this.read(id)
          .then(({ lent }) => lending.withdraw(lent))
          .catch((error: unknown) =>
            this.log.warn(`${id}: its credentials can't be read: ${messageOf(error)}`),
          );
      }
      this.changes.fire(undefined);
    });
  }

  dispose(): void {
    this.watch.dispose();
    this.confirmations?.dispose();
    for (const lending of this.lendings.values()) {
      lending.dispose();
    }
    this.lendings.clear();
    this.changes.dispose();
  }
}
