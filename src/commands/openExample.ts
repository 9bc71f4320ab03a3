import { access, cp, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { codeOf } from '../core/errors';
import type { CommandContext } from './commandContext';
import { openInVm } from './openInVm';

/** Where examples go if the user names no other folder, in their home. */
const EXAMPLES_FOLDER = 'bulkhead-examples';

interface Example extends vscode.QuickPickItem {
  /** Its folder in the extension's `examples/`. */
  folder: string;
}

/** Copies one of the examples that come with the extension to a folder of the user's, and opens it in a VM. */
export async function openExample(context: CommandContext): Promise<void> {
  const { t } = vscode.l10n;
  const examples: Example[] = [
    {
      label: t('$(terminal) Bare'),
      description: t('no settings at all; the quickest'),
      detail: t('A shell script in the default image.'),
      folder: 'bare',
    },
    {
      label: t('$(server) Node Service'),
      description: t('Dockerfile, .bulkhead.json, a task'),
      detail: t('A small HTTP server with tests. Its image is built, which may take a few minutes.'),
      folder: 'node-service',
    },
    {
      label: t('$(book) Python Project'),
      description: 'devcontainer.json',
      detail: t('A package with tests in an image from a registry.'),
      folder: 'python-project',
    },
  ];
  const example = await vscode.window.showQuickPick(examples, {
    title: t('Open an Example in a VM'),
    placeHolder: t('Which example?'),
  });
  const parent = example && (await chooseParent());
  if (!example || parent === undefined) {
    return;
  }
  const target = await freeName(parent, example.folder);
  const source = vscode.Uri.joinPath(context.extensionUri, 'examples', example.folder).fsPath;
  await mkdir(parent, { recursive: true });
  await cp(source, target, { recursive: true, errorOnExist: true, force: false });
  await openInVm(context, vscode.Uri.file(target));
}

async function chooseParent(): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const home = join(homedir(), EXAMPLES_FOLDER);
  const own = { label: t('$(home) In My Home Folder'), description: home };
  const other = { label: t('$(folder) In Another Folder…') };
  const picked = await vscode.window.showQuickPick([own, other], {
    title: t('Where should the example’s folder be?'),
    placeHolder: t('A copy is made; the VM works on a copy of that'),
  });
  if (picked !== other) {
    return picked && home;
  }
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    title: t('Choose the Folder to Put the Example In'),
    openLabel: t('Put It Here'),
  });
  return chosen?.[0]?.fsPath;
}

/** `<parent>/<name>`, with a number if that is taken: nothing of the user's is written over. */
async function freeName(parent: string, name: string): Promise<string> {
  for (let n = 1; ; n++) {
    const path = join(parent, n === 1 ? name : `${name}-${n}`);
    try {
      await access(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') {
        return path;
      }
      throw error;
    }
  }
}
