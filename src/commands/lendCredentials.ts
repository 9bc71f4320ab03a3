import * as vscode from 'vscode';
import type { MachineCredentials } from '../app';
import { askLine } from '../attach/notify';
import { forLabel, forMessage } from '../core/plainText';
import type { CredentialChange } from '../credentials/lent';
import type { MachineInfo } from '../machine/hypervisor';
import type { CommandContext } from './commandContext';
import { targetMachine } from './targetMachines';

/** Never a list that was read before the question: what has been taken back meanwhile stays taken back. */
type Change = Pick<CredentialChange, 'agent' | 'git' | 'env' | 'lend' | 'revoke'>;

interface Choice extends vscode.QuickPickItem {
  /** Undefined: nothing more to do. */
  act?: () => Promise<Change | undefined>;
}

/** Lends credentials of this computer to a machine, or takes them back, one at a time; all of it takes effect at once. */
export async function lendCredentials(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { t } = vscode.l10n;
  const machine = await targetMachine(context, args, t('Which machine’s credentials should change?'));
  if (!machine) {
    return;
  }
  const before = await context.app.credentials(machine.id);
  const picked = await vscode.window.showQuickPick(choices(machine, before), {
    title: t('Credentials That {0} May Use', forLabel(machine.name)),
    placeHolder: t('Choose what to lend or take back; Escape leaves it as it is'),
    matchOnDetail: true,
  });
  const change = await picked?.act?.();
  if (!change) {
    return;
  }
  const now = await context.app.setCredentials(machine.id, change);
  vscode.window.setStatusBarMessage(outcome(machine, now), 5000);
}

function choices(machine: MachineInfo, now: MachineCredentials): Choice[] {
  const { t } = vscode.l10n;
  const { agent, git, env } = now;
  const isLent = agent || git.length > 0 || env.length > 0;
  const revokeAll: Choice = {
    label: t('$(circle-slash) Revoke All'),
    detail: t('At once: open requests end, new ones are refused. Programs keep the variables they have.'),
    act: async () => ({ agent: false, git: [], env: [] }),
  };
  return [
    ...(isLent ? [revokeAll] : []),
    agent
      ? {
          label: t('$(key) Revoke the SSH Agent'),
          detail: t('Lent now; each signature is asked about.'),
          act: async () => ({ agent: false }),
        }
      : {
          label: t('$(key) Lend the SSH Agent…'),
          detail: t('Programs in the VM can list your public keys; each signature is asked about.'),
          act: async () => ((await mayLendAgent(machine)) ? { agent: true } : undefined),
        },
    ...git.map((host) => ({
      label: t('$(repo) Revoke git Credentials for {0}', host),
      act: async () => ({ revoke: { git: [host] } }),
    })),
    {
      label: t('$(repo) Lend git Credentials for a Host…'),
      detail: t('What your git uses for https://host is given to the VM whenever git there asks.'),
      act: async () => {
        const host = await askForHost(machine);
        return host === undefined ? undefined : { lend: { git: [host] } };
      },
    },
    ...env.map((name) => ({
      label: t('$(symbol-variable) Revoke the Variable {0}', name),
      act: async () => ({ revoke: { env: [name] } }),
    })),
    {
      label: t('$(symbol-variable) Lend an Environment Variable…'),
      detail: t('Its value is given to each program that you start in the VM from now on.'),
      act: async () => {
        const name = await askForVariable(machine);
        return name === undefined ? undefined : { lend: { env: [name] } };
      },
    },
  ];
}

async function mayLendAgent(machine: MachineInfo): Promise<boolean> {
  const { t } = vscode.l10n;
  const lend = t('Lend the SSH Agent');
  const detail = [
    t('While it is lent, programs in the VM can:'),
    '',
    t('• see the public keys in your agent'),
    t('• ask for signatures: each one is shown to you, and denied unless you allow it'),
    '',
    t(
      'The keys themselves never leave this computer. An allowed signature can be used by the VM for what it says, whoever asked.',
    ),
  ].join('\n');
  const message = t('Lend your SSH agent to {0}?', forLabel(machine.name));
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, lend)) === lend;
}

function askForHost(machine: MachineInfo): Thenable<string | undefined> {
  const { t } = vscode.l10n;
  return askLine({
    title: t('Lend git Credentials to {0}', forLabel(machine.name)),
    prompt: t('Code in the VM can read them and use them anywhere, until you change them at the host.'),
    placeHolder: t('A host, such as git.example.org or git.example.org:8443'),
    problem: (text) =>
      /^[A-Za-z0-9_.:[\]-]+$/.test(text.trim()) ? undefined : t('A name, or name:port. No scheme, no path.'),
  });
}

function askForVariable(machine: MachineInfo): Thenable<string | undefined> {
  const { t } = vscode.l10n;
  return askLine({
    title: t('Lend a Variable to {0}', forLabel(machine.name)),
    prompt: t('Code in the VM can read its value and keep it. Only the name is stored here.'),
    placeHolder: t('A name, such as NPM_TOKEN'),
    problem: (text) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? undefined : t('Letters, digits and underscores.'),
  });
}

function outcome(machine: MachineInfo, { agent, git, env, missing }: MachineCredentials): string {
  const { t } = vscode.l10n;
  const name = forLabel(machine.name);
  if (!agent && git.length === 0 && env.length === 0) {
    return t('{0} may use none of your credentials.', name);
  }
  const hint =
    missing.length > 0 ? ` ${t('Not set on this computer: {0}.', forMessage(missing.join(', ')))}` : '';
  return `${t('Lent to {0}. Programs that you start there from now on get it.', name)}${hint}`;
}
