import * as z from 'zod';
import { expects, listOf, oneOf } from './expectation';
import { allowedHost, gitHost, variableName } from './hostPattern';
import {
  buildArgs,
  buildTarget,
  cpuCount,
  diskSize,
  idleTime,
  imageReference,
  memorySize,
  port,
  relativePath,
  TEXT,
  yesOrNo,
} from './settingsValues';
import { NETWORK_PRESET_NAMES } from './workspaceSpec';

const MAX_HOSTS = 1000;

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
          description:
            'What the guest may reach. "full" of a folder, and "allowlist" where your settings say "none", take effect only once you agree to it.',
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
          description:
            'Tools whose own package hosts "allowlist" lets through, once you have seen which those are.',
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
  idleTimeout: idleTime.optional().meta({
    description:
      'Time without any use until a machine that was kept running goes to sleep, 1s to 7d, or "never". Read and checked; nothing acts on it yet.',
    default: '30m',
    examples: ['90s', '1h', 'never'],
  }),
});

/** `.bulkhead.json` as checked: sizes are bytes, times are milliseconds or `never`. */
export type BulkheadSettings = z.output<typeof bulkheadSchema>;
