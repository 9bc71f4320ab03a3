/** What the Review view uses of `vscode`, for tests; `handlers` are what it registered. */
export const handlers: {
  checkbox?: (event: { items: [unknown, number][] }) => void;
  willSave?: (event: { document: { uri: unknown }; reason: number }) => void;
} = {};
export const executed: unknown[][] = [];
/** `contributes` of the extensions that are there, and the user's `workbench.editorAssociations`. */
export const installed: { contributes: unknown[]; associations: Record<string, unknown> } = {
  contributes: [],
  associations: {},
};
export const view: { description?: string; message?: string; selection: unknown[] } = { selection: [] };

class EventEmitter<T> {
  private readonly listeners: ((value: T) => void)[] = [];
  readonly event = (listener: (value: T) => void) => {
    this.listeners.push(listener);
    return { dispose: () => undefined };
  };
  fire(value: T): void {
    for (const listener of this.listeners) {
      listener(value);
    }
  }
  dispose(): void {
    this.listeners.length = 0;
  }
}

class Named {
  constructor(
    readonly label: unknown,
    readonly second?: unknown,
  ) {}
}

const fails = (code: string) => (what?: unknown) => Object.assign(new Error(String(what)), { code });

export const editorStub = {
  EventEmitter,
  TreeItem: Named,
  ThemeIcon: Named,
  ThemeColor: Named,
  TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
  TreeItemCheckboxState: { Unchecked: 0, Checked: 1 },
  TextDocumentSaveReason: { Manual: 1, AfterDelay: 2, FocusOut: 3 },
  FileType: { File: 1 },
  FilePermission: { Readonly: 1 },
  FileChangeType: { Changed: 1 },
  FileSystemError: {
    Unavailable: fails('Unavailable'),
    FileNotFound: fails('FileNotFound'),
    NoPermissions: fails('NoPermissions'),
  },
  Uri: {
    from: (parts: { scheme: string; path: string; query: string }) => ({
      ...parts,
      toString: () => `${parts.scheme}:${parts.path}?${parts.query}`,
    }),
  },
  l10n: {
    t: (text: string, ...values: unknown[]) =>
      text.replace(/\{(\d)\}/g, (_all, n) => String(values[Number(n)])),
  },
  commands: {
    executeCommand: async (...args: unknown[]) => {
      executed.push(args);
    },
  },
  window: {
    createTreeView: () =>
      Object.assign(view, {
        onDidChangeCheckboxState: (listener: NonNullable<typeof handlers.checkbox>) => {
          handlers.checkbox = listener;
          return { dispose: () => undefined };
        },
        dispose: () => undefined,
      }),
  },
  extensions: {
    get all() {
      return installed.contributes.map((contributes) => ({ packageJSON: { contributes } }));
    },
  },
  workspace: {
    getConfiguration: () => ({ get: () => installed.associations }),
    registerFileSystemProvider: () => ({ dispose: () => undefined }),
    onWillSaveTextDocument: (listener: NonNullable<typeof handlers.willSave>) => {
      handlers.willSave = listener;
      return { dispose: () => undefined };
    },
  },
};
