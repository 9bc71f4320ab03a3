import * as vscode from 'vscode';
import { guestUri } from '../searchedFolder';
import { PROBLEM_MATCHERS, type Severity } from './problemMatchers';
import { type Problem, ProblemScanner } from './problemScanner';

/** Milliseconds between updates of the Problems panel while a task prints. */
const UPDATE_MS = 300;
/** Runs of tasks whose problems are kept at a time. */
const RUNS_MAX = 50;

const SEVERITIES: Record<Severity, vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

/** Where a task's output goes besides its terminal. */
export interface TaskOutput {
  push(text: string): void;
  end(): void;
}

/**
 * The problems that tasks in the VM report. VS Code's own matchers can only name files of this computer (a `file:` URI,
 * whatever the folder's scheme), so ours read the output themselves.
 */
export class TaskProblems implements vscode.Disposable {
  private readonly runs = new Map<string, vscode.DiagnosticCollection>();

  /** `task` names what is run: a second run of the same replaces what the first found. Unknown matchers are left out. */
  follow(task: string, names: readonly string[], machine: { id: string }, cwd: string): TaskOutput {
    const matchers = names.flatMap((name) =>
      Object.hasOwn(PROBLEM_MATCHERS, name) ? (PROBLEM_MATCHERS[name] ?? []) : [],
    );
    const collection = this.collectionFor(task);
    collection.clear();
    if (matchers.length === 0) {
      return { push: () => undefined, end: () => undefined };
    }
    const scanner = new ProblemScanner(matchers, cwd);
    let timer: NodeJS.Timeout | undefined;
    const isCurrent = () => this.runs.get(task) === collection;
    const show = () => {
      timer = undefined;
      if (isCurrent()) {
        showProblems(collection, machine.id, scanner.found);
      }
    };
    return {
      push: (text) => {
        if (scanner.push(text)) {
          timer ??= setTimeout(show, UPDATE_MS);
        }
      },
      end: () => {
        clearTimeout(timer);
        scanner.end();
        show();
      },
    };
  }

  dispose(): void {
    for (const collection of this.runs.values()) {
      collection.dispose();
    }
    this.runs.clear();
  }

  private collectionFor(task: string): vscode.DiagnosticCollection {
    this.runs.get(task)?.dispose();
    this.runs.delete(task);
    for (const [oldest, collection] of this.runs) {
      if (this.runs.size < RUNS_MAX) {
        break;
      }
      collection.dispose();
      this.runs.delete(oldest);
    }
    const collection = vscode.languages.createDiagnosticCollection(`bulkhead: ${task}`);
    this.runs.set(task, collection);
    return collection;
  }
}

function showProblems(
  collection: vscode.DiagnosticCollection,
  id: string,
  problems: readonly Problem[],
): void {
  const byPath = new Map<string, vscode.Diagnostic[]>();
  for (const problem of problems) {
    const range = new vscode.Range(problem.line, problem.column, problem.endLine, problem.endColumn);
    const diagnostic = new vscode.Diagnostic(range, problem.message, SEVERITIES[problem.severity]);
    diagnostic.source = problem.source;
    if (problem.code !== undefined) {
      diagnostic.code = problem.code;
    }
    byPath.set(problem.path, [...(byPath.get(problem.path) ?? []), diagnostic]);
  }
  collection.clear();
  collection.set([...byPath].map(([path, diagnostics]) => [guestUri(id, path), diagnostics]));
}
