import { messageOf } from '../core/errors';
import type { Log } from '../core/log';
import { type Lent, NOTHING_LENT } from '../credentials/lent';
import { readFolder } from './folderSettings';
import type { MachineRecord } from './machineRecord';
import type { Services } from './services';

/** A guest that asks in a loop makes no work of it; what is taken back counts after so many ms at the latest. */
const KEPT_MS = 1_000;

/** What folders' settings lend: no more than at the machine's last `up`, and only what is still asked for and agreed to. */
export class GrantedCredentials {
  private readonly kept = new Map<string, { at: number; lent: Promise<Lent> }>();

  constructor(
    private readonly services: Pick<Services, 'defaults' | 'grants'>,
    private readonly log: Log,
  ) {}

  async of(credentials: MachineRecord['credentials']): Promise<Lent> {
    if (!credentials || !(credentials.agent || credentials.git.length + credentials.env.length > 0)) {
      return NOTHING_LENT;
    }
    const now = await this.now(credentials.folder);
    return {
      agent: credentials.agent && now.agent,
      git: credentials.git.filter((host) => now.git.includes(host)),
      env: credentials.env.filter((name) => now.env.includes(name)),
    };
  }

  private now(folder: string): Promise<Lent> {
    const kept = this.kept.get(folder);
    if (kept && Date.now() - kept.at < KEPT_MS) {
      return kept.lent;
    }
    const lent = this.read(folder);
    this.kept.set(folder, { at: Date.now(), lent });
    return lent;
  }

  private async read(folder: string): Promise<Lent> {
    try {
      const { ssh, credentials } = (await readFolder(this.services, folder)).spec;
      return { agent: ssh.forwardAgent, ...credentials };
    } catch (error) {
      // A folder that is gone or whose settings are broken agrees to nothing.
      this.log.info(`${folder}: nothing is lent by its settings: ${messageOf(error)}`);
      return NOTHING_LENT;
    }
  }
}
