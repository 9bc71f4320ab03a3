import * as vscode from 'vscode';
import { type DenialNotice, deniedHosts, NewDenials } from '../../attach/newDenials';
import { showWarning } from '../../attach/notify';
import { machineFolder } from '../../attach/terminalProfile';
import { DisposableList } from '../../core/disposables';
import { forLabel } from '../../core/plainText';
import { requestLabel } from '../../views/network/networkRow';
import type { CommandContext } from '../commandContext';
import { allowHosts } from './allowHost';

/** Hosts that a sentence names; the others are counted. */
const NAMED = 3;

/** Tells the user of hosts that the window's machine asked for and was denied, and lets him decide. */
export function announceDenials(context: CommandContext): vscode.Disposable {
  const { network, log } = context;
  const { requests, notices } = network;
  const disposables = new DisposableList();
  const denials = disposables.add(
    new NewDenials(
      (id) =>
        notices.off ? [] : deniedHosts(requests.rows(id), Math.max(requests.since(id), notices.since)),
      (notice) => present(context, notice),
      log,
    ),
  );
  disposables.add(
    requests.onDidChange((id) => {
      if (id === machineFolder()?.id && !notices.off) {
        denials.look(id);
      }
    }),
  );
  return disposables;
}

async function present(context: CommandContext, notice: DenialNotice): Promise<void> {
  const { t } = vscode.l10n;
  const [first, ...others] = notice.hosts;
  if (!first) {
    return;
  }
  const vm = nameOf(context, notice.machineId);
  if (others.length > 0) {
    await presentMany(context, notice, vm);
    return;
  }
  const once = t('Allow Once');
  const machine = t('For This Machine');
  const more = t('More…');
  const message = t('{0} asked for {1} and was denied.', vm, requestLabel(first));
  const pressed = await showWarning(message, once, machine, more);
  if (pressed === once || pressed === machine) {
    await allowHosts(context, notice.machineId, [first], pressed === once ? 'once' : 'machine');
  } else if (pressed === more) {
    await decide(context, notice);
  }
}

async function presentMany(context: CommandContext, notice: DenialNotice, vm: string): Promise<void> {
  const { t } = vscode.l10n;
  const { hosts, machineId } = notice;
  const choose = t('Choose…');
  const show = t('Show Network');
  const never = t('Don’t Show Again');
  const named = hosts.slice(0, NAMED).map(requestLabel).join(', ');
  const message =
    hosts.length > NAMED
      ? t('{0} asked for {1} hosts and was denied: {2} and others.', vm, hosts.length, named)
      : t('{0} asked for {1} and was denied.', vm, named);
  const pressed = await showWarning(message, choose, show, never);
  if (pressed === show) {
    await vscode.commands.executeCommand('bulkhead.network.focus');
  } else if (pressed === never) {
    await context.network.tell(false);
  } else if (pressed === choose) {
    const items = hosts.map((denied) => ({ label: requestLabel(denied), denied }));
    const picked = await vscode.window.showQuickPick(items, {
      canPickMany: true,
      title: t('Hosts that {0} asked for', vm),
      placeHolder: t('Tick those that it may reach'),
    });
    if (picked && picked.length > 0) {
      await decide(context, { machineId, hosts: picked.map(({ denied }) => denied) });
    }
  }
}

/** For how long, or not at all. */
async function decide(context: CommandContext, { machineId, hosts }: DenialNotice): Promise<void> {
  const { t } = vscode.l10n;
  const allow = (scope: 'once' | 'machine' | 'workspace') => () =>
    allowHosts(context, machineId, hosts, scope);
  const items: { label: string; detail: string; work: () => Thenable<unknown> }[] = [
    {
      label: t('$(clock) Allow Once'),
      detail: t('For ten minutes'),
      work: allow('once'),
    },
    {
      label: t('$(vm) Allow for This Machine'),
      detail: t('As long as it exists, on this computer'),
      work: allow('machine'),
    },
    {
      label: t('$(folder) Always Allow for This Workspace'),
      detail: t('Written into .bulkhead.json; others who open the folder are asked'),
      work: allow('workspace'),
    },
    {
      label: t('$(list-unordered) Show Network'),
      detail: t('All that the VM asked for'),
      work: () => vscode.commands.executeCommand('bulkhead.network.focus'),
    },
    {
      label: t('$(bell-slash) Don’t Show Again'),
      detail: t('The Network view lists denied hosts all the same'),
      work: () => context.network.tell(false),
    },
  ];
  const title = hosts.slice(0, NAMED).map(requestLabel).join(', ');
  await (await vscode.window.showQuickPick(items, { title }))?.work();
}

function nameOf(context: CommandContext, machineId: string): string {
  const status = context.attachments.get(machineId)?.status;
  const name = status && status.kind !== 'idle' ? status.info?.name : undefined;
  return forLabel(name ?? machineId);
}
