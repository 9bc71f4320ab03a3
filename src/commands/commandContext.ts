import * as vscode from 'vscode';
import type { App } from '../app';
import type { Attachments } from '../attach/attachments';
import type { WithheldSettings } from '../attach/editorSettings/withheldSettings';
import type { SourceControls } from '../attach/git/sourceControls';
import type { HostFolders } from '../attach/hostFolders';
import type { HostSettings } from '../attach/hostSettings';
import type { PortForwards } from '../attach/portForwards';
import type { WindowLeases } from '../attach/windowLeases';
import type { Log } from '../core/log';
import type { ReportProgress } from '../core/progress';
import type { MachineInfo } from '../machine/hypervisor';
import type { OnClose } from '../settings/workspaceSpec';
import type { CheckSystemPanel } from '../views/checkSystem/checkSystemPanel';
import { showError } from '../views/errorNotification';
import type { MachineTree } from '../views/machines/machineTree';
import type { MachineTexts } from '../views/machineTexts';
import type { NetworkView } from '../views/network/networkView';
import type { ResourcesView } from '../views/resources/resourcesView';
import type { Search } from '../views/search/search';
import { withProgress } from '../views/withProgress';

/** What commands work with. */
export interface CommandContext {
  readonly app: App;
  readonly attachments: Attachments;
  readonly hostFolders: HostFolders;
  readonly hostSettings: HostSettings;
  readonly withheldSettings: WithheldSettings;
  readonly search: Search;
  readonly machines: Pick<MachineTree, 'refresh' | 'working'>;
  readonly ports: PortForwards;
  readonly network: NetworkView;
  readonly leases: Pick<WindowLeases, 'handOver'>;
  readonly texts: MachineTexts;
  readonly checkSystem: CheckSystemPanel;
  readonly extensionUri: vscode.Uri;
  /** What happens to a machine when its last window closes. */
  readonly onClose: (info: MachineInfo) => OnClose;
  readonly sourceControls: SourceControls;
  readonly resources: ResourcesView;
  readonly log: Log;
  readonly channel: vscode.LogOutputChannel;
}

/**
 * Runs `work` with progress, Cancel and, when it fails, the reason with "Retry". Undefined if it was cancelled
 * or given up.
 */
export async function attempt<T>(
  context: Pick<CommandContext, 'log' | 'channel'>,
  title: string,
  work: (signal: AbortSignal, report: ReportProgress) => Promise<T>,
  present = (name: string, task: typeof work) => withProgress(name, context.log, task),
): Promise<{ value: T } | undefined> {
  const retry = vscode.l10n.t('Retry');
  for (;;) {
    const outcome = await present(title, work);
    if (outcome.ok) {
      return { value: outcome.value };
    }
    if (outcome.cancelled) {
      context.log.info(`${title}: cancelled`);
      return undefined;
    }
    if ((await showError(outcome.error, context.log, context.channel, [retry])) !== retry) {
      return undefined;
    }
  }
}
