import * as vscode from 'vscode';
import { machineFolder } from '../../attach/terminalProfile';
import { type Disposable, DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import type { MachineTree } from '../machines/machineTree';
import { type FeedApp, ResourceFeed } from './resourceFeed';
import { ResourceHistories } from './resourceHistory';
import { type PageAction, readPageMessage } from './resourceMessages';
import { resourcePage } from './resourcePage';
import { ResourceSelection, type WindowPlaces } from './resourceSelection';
import { resourceTexts } from './resourceTexts';

/** Id of the view, and type of the panel, as in package.json. */
export const RESOURCES_VIEW = 'bulkhead.resources';

/** Ids of the commands that the page's buttons run. */
export interface ResourceCommands {
  start: string;
  openInVm: string;
  chooseResources: string;
}

/** Shows what a machine uses: in the sidebar, and in an editor. Both show the same machine. */
export class ResourcesView implements Disposable, vscode.WebviewViewProvider, vscode.WebviewPanelSerializer {
  private readonly disposables = new DisposableList();
  private readonly histories = new ResourceHistories();
  private readonly selection: ResourceSelection;
  private panel: vscode.WebviewPanel | undefined;

  /** Registers the view; nothing runs before it is seen. */
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly app: FeedApp,
    machines: Pick<MachineTree, 'onDidSelectMachine'>,
    private readonly commands: ResourceCommands,
    private readonly log: Log,
  ) {
    this.selection = this.disposables.add(new ResourceSelection(windowPlaces));
    this.disposables.add(machines.onDidSelectMachine((id) => this.choose(id)));
    this.disposables.add(vscode.window.registerWebviewViewProvider(RESOURCES_VIEW, this));
    this.disposables.add(vscode.window.registerWebviewPanelSerializer(RESOURCES_VIEW, this));
  }

  /** Shows this machine from now on, wherever figures are shown. */
  choose(machineId: string): void {
    this.selection.choose(machineId);
  }

  /** Brings the view to the front. */
  async focus(): Promise<void> {
    await vscode.commands.executeCommand(`${RESOURCES_VIEW}.focus`);
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const shown = this.attach(view.webview, () => view.visible);
    view.onDidChangeVisibility(() => shown.update());
    view.onDidDispose(() => shown.dispose());
  }

  /** The same in an editor, as wide as one likes; there is one at most. */
  openInEditor(): void {
    if (this.panel) {
      this.panel.reveal();
      return;
    }
    this.adopt(
      vscode.window.createWebviewPanel(
        RESOURCES_VIEW,
        vscode.l10n.t('Bulkhead Resources'),
        vscode.ViewColumn.Active,
      ),
    );
  }

  /** An editor of the window's last session. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.adopt(panel);
  }

  dispose(): void {
    this.disposables.dispose();
    this.panel?.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panel = panel;
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, 'media', 'icon.svg');
    const shown = this.attach(panel.webview, () => panel.visible);
    panel.onDidChangeViewState(() => shown.update());
    panel.onDidDispose(() => {
      shown.dispose();
      if (this.panel === panel) {
        this.panel = undefined;
      }
    });
  }

  private attach(webview: vscode.Webview, visible: () => boolean): { update(): void; dispose(): void } {
    const folder = vscode.Uri.joinPath(this.extensionUri, 'dist', 'resources');
    const address = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
    const feed = new ResourceFeed(
      this.app,
      this.selection,
      this.histories,
      resourceTexts(vscode.l10n),
      this.log,
      (message) => void webview.postMessage(message),
    );
    const listening = webview.onDidReceiveMessage((message: unknown) => {
      const asked = readPageMessage(message);
      if (asked?.type === 'ready' && visible()) {
        feed.start();
      } else if (asked?.type === 'action') {
        this.act(asked.action, feed);
      }
    });
    webview.options = { enableScripts: true, localResourceRoots: [folder] };
    webview.html = resourcePage({
      script: address('main.js'),
      style: address('main.css'),
      source: webview.cspSource,
    });
    return {
      // A page that is seen again is a new one, and says that it is ready.
      update: () => {
        if (!visible()) {
          feed.stop();
        }
      },
      dispose: () => {
        listening.dispose();
        feed.dispose();
      },
    };
  }

  private act(action: PageAction, feed: ResourceFeed): void {
    const { start, openInVm, chooseResources } = this.commands;
    switch (action) {
      case 'retry':
        feed.retry();
        break;
      case 'start':
      case 'resume':
        this.run(start, feed.machineId);
        break;
      case 'open':
        this.run(openInVm);
        break;
      case 'choose':
        this.run(chooseResources);
        break;
    }
  }

  private run(command: string, ...args: unknown[]): void {
    vscode.commands.executeCommand(command, ...args).then(undefined, (error: unknown) => {
      this.log.error(`${command}: ${messageOf(error)}`);
    });
  }
}

function windowPlaces(): WindowPlaces {
  const machineId = machineFolder()?.id;
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  return { folders: folders.map(({ uri }) => uri.fsPath), ...(machineId !== undefined && { machineId }) };
}
