import * as z from 'zod';
import { expects, listOf, oneOf } from './expectation';
import { allowedHost, gitHost, variableName } from './hostPattern';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from './quantities';
import { nearestDuration, nearestSize, nearestWhole, truth, wholeNumber } from './repairs';
import { NETWORK_PRESET_NAMES } from './workspaceSpec';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

/** What a machine may be given. Bytes. */
export const LIMITS = {
  cpus: { min: 1, max: 64 },
  memoryBytes: { min: 128 * MIB, max: TIB },
  diskBytes: { min: GIB, max: 16 * TIB },
} as const;

/** No text may hold a control character: these end up in commands' arguments, file names and messages. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
const TEXT = /^[^\u0000-\u001f\u007f]+$/;

/**
 * An image reference as Docker takes it (distribution/reference, `reference.go`): optional registry with port,
 * lower-case path, optional tag and digest; or an image id.
 */
const IMAGE_REFERENCE =
  /^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]{1,5})?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})?(?:@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-fA-F0-9]{32,128})?$|^sha256:[a-f0-9]{64}$/;

function size(limits: { min: number; max: number }, range: string, example: string) {
  const schema = z
    .union([z.int().min(limits.min).max(limits.max), z.string().meta({ pattern: SIZE_PATTERN })])
    .transform((value, context) => {
      const bytes = parseSize(value);
      if (bytes === undefined || bytes < limits.min || bytes > limits.max) {
        context.issues.push({ code: 'invalid_value', values: [], input: value });
        return z.NEVER;
      }
      return bytes;
    });
  return expects(
    schema,
    `a size from ${range}`,
    `Write a number and a unit such as "${example}" (b, kb, mb, gb, tb), or a number of bytes.`,
    (written) => nearestSize(written, limits),
  );
}

/** Hosts in one list. */
const MAX_HOSTS = 1000;
const MAX_IDLE_MS = 7 * 86_400_000;

/** Milliseconds, or `never`. */
const duration = expects(
  z
    .string()
    .meta({ pattern: DURATION_PATTERN })
    .transform((value, context) => {
      const ms = value === 'never' ? ('never' as const) : parseDuration(value);
      if (ms === undefined || (ms !== 'never' && (ms < 1000 || ms > MAX_IDLE_MS))) {
        context.issues.push({ code: 'invalid_value', values: [], input: value });
        return z.NEVER;
      }
      return ms;
    }),
  'a time from 1s to 7d, or "never"',
  'Write a number and a unit such as "90s", "30m" or "1h", or "never".',
  (written) => nearestDuration(written, { min: 1000, max: MAX_IDLE_MS }),
);

export const imageReference = expects(
  z.string().max(512, { abort: true }).regex(IMAGE_REFERENCE),
  'an image reference',
  'Write a reference such as "debian:trixie-slim".',
);

export const cpuCount = expects(
  z.int().min(LIMITS.cpus.min).max(LIMITS.cpus.max),
  'a whole number from 1 to 64',
  'Write a number such as 2, without quotes.',
  (written) => nearestWhole(written, LIMITS.cpus),
);
export const memorySize = size(LIMITS.memoryBytes, '128 MiB to 1 TiB', '2gb');
export const diskSize = size(LIMITS.diskBytes, '1 GiB to 16 TiB', '20gb');

/** A path as written in a settings file, with `/`; where it leads is checked by `resolveInside`. */
export const relativePath = expects(
  z.string().min(1).max(4096).regex(TEXT),
  'a relative path',
  'Write a path inside the workspace such as "docker/Dockerfile".',
);

export const buildTarget = expects(
  z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/),
  'the name of a build stage',
  'Write the name after AS in the Dockerfile.',
);

export const buildArgs = expects(
  z
    .record(
      expects(
        z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/),
        'a variable name',
        'Use letters, digits and _.',
      ),
      expects(z.string().max(32_768), 'a text', 'Write the value in double quotes.'),
    )
    .refine((args) => Object.keys(args).length <= 256, 'has more than 256 entries'),
  'an object of build arguments',
  'Write {"NAME": "value"}, at most 256 of them.',
);

export const port = expects(
  z.int().min(1).max(65_535),
  'a port from 1 to 65535',
  'Write a number such as 3000.',
  (written) => wholeNumber(written),
);

const yesOrNo = expects(z.boolean(), 'true or false', 'Write true or false, without quotes.', truth);

/** Everything in `.bulkhead.json`: the one source of the types, the checks and the JSON schema. */
export const bulkheadSchema = z.strictObject({
  $schema: expects(z.string().max(2048), 'a text', 'Write the address of a JSON schema.')
    .optional()
    .meta({ description: 'The JSON schema of this file, for editors.' }),
  image: imageReference.optional().meta({
    description: 'The image whose file system the machine boots. Not together with "build".',
    examples: ['node:22'],
    default: 'debian:trixie-slim',
  }),
  build: z
    .strictObject({
      dockerfile: relativePath.optional().meta({
        description:
          'The Dockerfile, relative to the workspace folder. Default: "Dockerfile" in the context.',
        default: 'Dockerfile',
      }),
      context: relativePath.optional().meta({
        description: 'The build context, relative to the workspace folder. Default: the workspace folder.',
        default: '.',
      }),
      args: buildArgs
        .optional()
        .meta({ description: 'Build arguments (ARG).', examples: [{ NODE_VERSION: '22' }] }),
      target: buildTarget.optional().meta({ description: 'The build stage to stop at.', examples: ['dev'] }),
    })
    .optional()
    .meta({
      description: 'Builds the image from a Dockerfile of the workspace. Not together with "image".',
      defaultSnippets: [{ label: '{ "dockerfile": … }', body: { dockerfile: 'Dockerfile' } }],
    }),
  cpus: cpuCount.optional().meta({ description: 'Virtual CPUs.', default: 2 }),
  memory: memorySize
    .optional()
    .meta({ description: 'Memory of the machine, 128 MiB to 1 TiB.', default: '2gb', examples: ['512mb'] }),
  disk: diskSize.optional().meta({
    description: 'Size of the writable disk, 1 GiB to 16 TiB. It takes on the host only what is written.',
    default: '20gb',
  }),
  accelerator: oneOf({
    auto: 'The fastest that works on this computer.',
    kvm: 'Hardware virtualization of Linux.',
    tcg: 'Emulation: works everywhere, several times slower.',
    hyperv: 'Hardware virtualization of Windows (comes later).',
  })
    .optional()
    .meta({
      description: 'What runs the guest. "auto" takes the fastest that works; "tcg" is emulation.',
      default: 'auto',
    }),
  network: z
    .strictObject({
      mode: oneOf({
        none: 'No network at all.',
        allowlist: 'Only the hosts that are allowed.',
        full: "Everything that this computer's containers reach.",
      })
        .optional()
        .meta({
          description: 'What the guest may reach. "full" of a folder takes effect only once you agree to it.',
          default: 'allowlist',
        }),
      allow: listOf(
        allowedHost,
        'host names',
        'Write a list such as ["example.org", "*.example.org"].',
        MAX_HOSTS,
      )
        .optional()
        .meta({
          description:
            'The hosts that "allowlist" lets through, on the ports 80 and 443 or on the one that is named. "*.example.org" is all below it. Those of a folder take effect once you agree to them.',
          default: [],
          examples: [['*.example.org', 'example.org:8443']],
        }),
      presets: listOf(
        oneOf({
          npm: 'The registry that npm in the machine is configured for.',
          pip: 'The package index that pip in the machine is configured for.',
          apt: 'The mirrors that apt in the machine is configured for.',
          git: 'The remotes of the repository in the machine.',
        } satisfies Record<(typeof NETWORK_PRESET_NAMES)[number], string>),
        'presets',
        `Write a list such as ["npm"]: ${NETWORK_PRESET_NAMES.join(', ')}.`,
        NETWORK_PRESET_NAMES.length,
      )
        .optional()
        .meta({
          description: 'Tools whose own package hosts "allowlist" lets through.',
          default: [],
          examples: [['npm', 'git']],
        }),
    })
    .optional()
    .meta({
      description: 'What the guest may reach over the network.',
      defaultSnippets: [{ label: '{ "mode": "none" }', body: { mode: 'none' } }],
    }),
  workspace: z
    .strictObject({
      mode: oneOf({
        copy: 'The machine works on its own copy of the folder.',
        mount: "The machine sees this computer's folder itself.",
      })
        .optional()
        .meta({
          description:
            '"copy" gives the guest its own copy of the folder; "mount" shares this computer\'s folder. "mount" of a folder takes effect only once you agree to it.',
          default: 'copy',
        }),
      readOnly: yesOrNo.optional().meta({
        description:
          'With "mount": the guest may not write to this computer\'s folder. "false" of a folder takes effect only once you agree to it.',
        default: true,
      }),
      exclude: listOf(
        expects(
          z.string().max(1000).regex(TEXT),
          'a name or pattern',
          'Write a name such as "node_modules".',
        ),
        'names or patterns',
        'Write a list such as ["node_modules"].',
        500,
      )
        .optional()
        .meta({
          description: 'What is not copied into the guest: patterns as in .gitignore.',
          default: [],
          examples: [['node_modules']],
        }),
    })
    .optional()
    .meta({
      description: 'How the folder gets into the machine.',
      defaultSnippets: [{ label: '{ "exclude": [ … ] }', body: { exclude: ['node_modules'] } }],
    }),
  attach: oneOf({
    files: 'Files, terminals and tasks over SSH. The machine is treated as hostile.',
    browser: 'An editor inside the machine, in a browser tab (comes later).',
    'remote-ssh': 'Remote-SSH (comes later).',
  })
    .optional()
    .meta({
      description: 'How the editor attaches. "browser" and "remote-ssh" come later.',
      default: 'files',
    }),
  forwardPorts: listOf(port, 'ports', 'Write a list such as [3000].', 256)
    .optional()
    .meta({
      description:
        'Ports of the guest to forward to 127.0.0.1 of this computer. Those of a folder take effect once you agree to them.',
      default: [],
      examples: [[3000]],
    }),
  ssh: z
    .strictObject({
      forwardAgent: yesOrNo.optional().meta({
        description:
          "Lets the guest ask this computer's SSH agent for signatures. Takes effect only once you agree to it.",
        default: false,
      }),
    })
    .optional()
    .meta({
      description: 'How SSH into the machine behaves.',
      defaultSnippets: [{ label: '{ "forwardAgent": false }', body: { forwardAgent: false } }],
    }),
  credentials: z
    .strictObject({
      git: listOf(gitHost, 'host names', 'Write a list such as ["git.example.org"].', 20)
        .optional()
        .meta({
          description:
            "Hosts for which git in the machine may use this computer's credentials, once you agree to it.",
          default: [],
          examples: [['git.example.org']],
        }),
      env: listOf(variableName, 'variable names', 'Write a list such as ["NPM_TOKEN"].', 50)
        .optional()
        .meta({
          description:
            "Environment variables of this computer that the machine's programs get, once you agree to it.",
          default: [],
          examples: [['NPM_TOKEN']],
        }),
    })
    .optional()
    .meta({
      description: 'What the machine may use of yours. Nothing, if it is left out.',
      defaultSnippets: [{ label: '{ "git": [ … ] }', body: { git: ['git.example.org'] } }],
    }),
  onClose: oneOf({
    suspend: 'Its memory goes to disk; its programs go on where they were when it is opened again.',
    stop: 'It is shut down.',
    keep: 'It goes on running.',
  })
    .optional()
    .meta({
      description: 'What happens to the machine when its last window has been closed.',
      default: 'suspend',
    }),
  idleTimeout: duration.optional().meta({
    description:
      'Time without any use until a machine that was kept running goes to sleep, 1s to 7d, or "never". Read and checked; nothing acts on it yet.',
    default: '30m',
    examples: ['90s', '1h', 'never'],
  }),
});

/** `.bulkhead.json` as checked: sizes are bytes, times are milliseconds or `never`. */
export type BulkheadSettings = z.output<typeof bulkheadSchema>;
