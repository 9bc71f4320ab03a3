import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { App, DoctorAction, DoctorFinding } from '../../app';
import { type Disposable, DisposableList } from '../../core/disposables';
import { isCancelled, messageOf } from '../../core/errors';
import { type Log, printable } from '../../core/log';
import { phaseTitle } from '../phaseTitle';
import { findingText, reportText, summaryText } from './findingText';
import { type PageMessage, pageMessage } from './pageMessage';

export const CHECK_SYSTEM_VIEW = 'bulkhead.checkSystem';

/** What `doctor` finds, as a page in the editor: findings come in one by one, each with buttons for what can be done. */
export class CheckSystemPanel implements Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private findings: DoctorFinding[] = [];
  private running: { abort: AbortController; what: string } | undefined;
  private failure: string | undefined;
  private readonly disposables = new DisposableList();

  /**
   * @param extension the page's files lie in its media/
   * @param act does what a button says; called for clicks of the user only
   */
  constructor(
    private readonly app: Pick<App, 'doctor'>,
    private readonly log: Log,
    private readonly extension: Pick<vscode.ExtensionContext, 'extensionUri' | 'extension'>,
    private readonly act: (action: DoctorAction) => Promise<void>,
  ) {}

  /** Shows the page and looks. With `fresh` the accelerators are probed again, too. */
  async show(fresh = false): Promise<void> {
    if (this.panel) {
      this.panel.reveal();
    } else {
      this.panel = this.open();
    }
    await this.check(fresh);
  }

  dispose(): void {
    this.running?.abort.abort();
    this.panel?.dispose();
    this.disposables.dispose();
  }

  private open(): vscode.WebviewPanel {
    const media = vscode.Uri.joinPath(this.extension.extensionUri, 'media', 'checkSystem');
    const panel = vscode.window.createWebviewPanel(
      CHECK_SYSTEM_VIEW,
      vscode.l10n.t('Check System'),
      vscode.ViewColumn.Active,
      { enableScripts: true, localResourceRoots: [media] },
    );
    panel.webview.onDidReceiveMessage((message: unknown) => {
      this.receive(pageMessage(message)).catch((error: unknown) => {
        this.log.error(`Check System: ${messageOf(error)}`);
      });
    });
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.running?.abort.abort();
    });
    panel.webview.html = page(panel.webview, media);
    return panel;
  }

  private async check(fresh: boolean): Promise<void> {
    this.running?.abort.abort();
    const abort = new AbortController();
    const running = { abort, what: vscode.l10n.t('Looking…') };
    this.running = running;
    this.findings = [];
    this.failure = undefined;
    await this.render();
    const current = () => this.running === running;
    try {
      await this.app.doctor({
        fresh,
        signal: abort.signal,
        onFinding: (finding) => {
          if (current()) {
            this.findings.push(finding);
            this.renderSoon();
          }
        },
        onProgress: ({ phase, message }) => {
          running.what = `${phaseTitle(phase)}: ${printable(message, 160)}`;
          this.renderSoon();
        },
      });
    } catch (error) {
      if (current() && !isCancelled(error)) {
        this.failure = printable(messageOf(error), 1000);
        this.log.error(`Check System: ${this.failure}`);
      } else if (current()) {
        this.failure = vscode.l10n.t('Cancelled: not everything was looked at.');
      }
    }
    if (current()) {
      this.running = undefined;
      await this.render();
    }
  }

  private renderSoon(): void {
    this.render().catch((error: unknown) => this.log.error(messageOf(error)));
  }

  private async render(): Promise<void> {
    const { t } = vscode.l10n;
    await this.panel?.webview.postMessage({
      title: t('Check System'),
      summary: this.running ? this.running.what : (this.failure ?? summaryText(this.findings)),
      busy: this.running !== undefined,
      findings: this.findings.map(findingText),
      texts: {
        again: t('Check Again'),
        copy: t('Copy Report'),
        cancel: t('Cancel'),
        findings: t('Findings'),
      },
    });
  }

  private async receive(message: PageMessage | undefined): Promise<void> {
    switch (message?.type) {
      case 'ready':
        return this.render();
      case 'again':
        return this.check(true);
      case 'cancel':
        this.running?.abort.abort();
        return;
      case 'copy': {
        const { version } = this.extension.extension.packageJSON;
        const about = `Bulkhead ${String(version)}, VS Code ${vscode.version}, ${process.platform} ${process.arch}`;
        await vscode.env.clipboard.writeText(reportText(about, this.findings));
        vscode.window.setStatusBarMessage(vscode.l10n.t('Report copied.'), 3000);
        return;
      }
      case 'act': {
        const finding = this.findings.find(({ id }) => id === message.finding);
        const action = finding?.actions?.[message.action];
        if (action?.kind === 'recheck') {
          return this.check(true);
        }
        if (action) {
          await this.act(action);
        }
        return;
      }
      case undefined:
        this.log.warn('Check System: the page said something that it has no words for');
    }
  }
}

/** The page is fixed; all that it shows comes as data, and goes into text nodes. */
function page(webview: vscode.Webview, media: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const uri = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri('page.css')}">
<title>${vscode.l10n.t('Check System')}</title>
</head>
<body>
<main></main>
<script nonce="${nonce}" src="${uri('page.js')}"></script>
</body>
</html>`;
}
