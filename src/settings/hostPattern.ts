import * as z from 'zod';
import { expects } from './expectation';
import { HOST_NAME, PORT } from './hostRule';
import { hostNameIn } from './repairs';

/** The longest DNS name, `*.` and a port. */
const MAX_LENGTH = 261;

/** What an allowlist takes: a DNS name or `*.` and one, with or without a port. Lower case. */
export const allowedHost = expects(
  z
    .string()
    .max(MAX_LENGTH, { abort: true })
    .regex(new RegExp(`^(?:\\*\\.)?${HOST_NAME}(?::${PORT})?$`))
    .toLowerCase(),
  'a host name',
  'Write a name such as "example.org", "*.example.org" or "example.org:8443", without scheme or path.',
  hostNameIn,
);

/** One host that git talks to, with or without a port. Lower case. */
export const gitHost = expects(
  z
    .string()
    .max(MAX_LENGTH, { abort: true })
    .regex(new RegExp(`^${HOST_NAME}(?::${PORT})?$`))
    .toLowerCase(),
  'the name of one host',
  'Write a name such as "git.example.org", without scheme or path.',
  hostNameIn,
);

/** POSIX's names of environment variables; `BULKHEAD_…` steers the guest's session program. */
export const variableName = expects(
  z.string().regex(/^(?!BULKHEAD_)[A-Za-z_][A-Za-z0-9_]{0,127}$/),
  'the name of a variable that may be given',
  'Use letters, digits and _; names that begin with BULKHEAD_ are reserved.',
);
