import { decodeBuildKitStatus } from 'dockerode/lib/buildkit';
import { printable } from '../core/log';

const LAST_LINES = 20;

/** Reads a build's stream, of the classic builder or of BuildKit: steps, output, and how it failed. */
export class BuildOutput {
  /** The step that runs, or that failed. */
  step = '';
  error: string | undefined;
  private readonly last = new Map<string, string[]>();
  private readonly names = new Map<string, string>();
  private failed: string | undefined;

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly onStep: (step: string) => void,
  ) {}

  read(event: Record<string, unknown>): void {
    if (event['id'] === 'moby.buildkit.trace' && typeof event['aux'] === 'string') {
      this.readTrace(event['aux']);
    } else if (typeof event['stream'] === 'string') {
      this.readClassic(event['stream']);
    } else if (typeof event['status'] === 'string' && !event['progressDetail']) {
      this.onLine(printable(event['status'], 500));
    }
    if (typeof event['error'] === 'string') {
      this.error = printable(event['error'], 2000).trim();
    }
  }

  /** The failing step's last lines. */
  tail(): string {
    return (this.last.get(this.failed ?? '') ?? []).join('\n');
  }

  private readClassic(text: string): void {
    for (const line of printable(text).split('\n')) {
      const step = /^Step (\d+\/\d+) : (.*)$/.exec(line);
      if (step) {
        this.step = `[${step[1]}] ${step[2]}`;
        this.last.set('', []);
        this.onStep(this.step);
      } else if (line.trim() !== '' && !line.startsWith(' ---> ')) {
        this.keep('', line);
      }
    }
  }

  private readTrace(base64: string): void {
    const { vertexes, logs } = decodeBuildKitStatus(base64);
    for (const vertex of vertexes) {
      const name = printable(vertex.name, 500);
      if (!this.names.has(vertex.digest)) {
        this.names.set(vertex.digest, name);
      }
      if (vertex.started && !vertex.completed && !name.startsWith('[internal]')) {
        this.step = name;
        this.onStep(name);
      }
      if (vertex.error && this.failed === undefined) {
        this.failed = vertex.digest;
        this.step = name;
      }
    }
    for (const { vertex, msg } of logs) {
      const text =
        typeof msg === 'string' ? Buffer.from(msg, 'base64').toString() : Buffer.from(msg).toString();
      for (const line of printable(text).split('\n')) {
        if (line.trim() !== '') {
          this.keep(vertex, line);
        }
      }
    }
  }

  private keep(vertex: string, line: string): void {
    const lines = this.last.get(vertex) ?? [];
    lines.push(line);
    this.last.set(vertex, lines.slice(-LAST_LINES));
    this.onLine(line);
  }
}
