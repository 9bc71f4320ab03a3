import { printable } from '../core/log';

const LAST_LINES = 20;
/** What the classic builder says of its own doings. */
const NOISE = /^ ---> |^Removing intermediate container /;

/** Reads a build's events, of the classic builder or of BuildKit: steps, output, and how it failed. */
export class BuildOutput {
  /** The step that runs, or that failed. */
  step = '';
  error: string | undefined;
  private last: string[] = [];

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly onStep: (step: string) => void,
  ) {}

  /** One event of the stream; BuildKit's as dockerode's `followProgress` decodes them. */
  read(event: Record<string, unknown>): void {
    if (typeof event['stream'] === 'string') {
      for (const line of printable(event['stream']).split('\n')) {
        this.readLine(line);
      }
    } else if (typeof event['status'] === 'string' && !event['progressDetail']) {
      this.onLine(printable(event['status'], 500));
    }
    if (typeof event['error'] === 'string') {
      this.error = printable(event['error'], 2000).trim();
    }
  }

  /** The last lines since the step began. */
  tail(): string {
    return this.last.join('\n');
  }

  private readLine(line: string): void {
    // Classic: `Step 2/3 : RUN x`. BuildKit by way of dockerode: `[sha256:01234] [2/3] RUN x`.
    const classic = /^Step (\d+\/\d+) : (.*)$/.exec(line);
    const buildKit = /^\[sha256:[0-9a-f]{5}\] (.*)$/.exec(line);
    if (classic) {
      this.begin(`[${classic[1]}] ${classic[2]}`);
    } else if (buildKit) {
      const step = buildKit[1] ?? '';
      if (!step.startsWith('[internal]')) {
        this.begin(step);
      }
    } else if (line.trim() !== '' && !NOISE.test(line)) {
      this.last.push(line);
      this.last = this.last.slice(-LAST_LINES);
      this.onLine(line);
    }
  }

  private begin(step: string): void {
    // BuildKit repeats a step while it runs.
    if (step !== this.step) {
      this.step = step;
      this.last = [];
      this.onStep(step);
    }
  }
}
