import type { Log } from '../../core/log';
import type { Attachments } from '../attachments';
import { registerGitContent } from './gitContent';
import { registerGitDecorations } from './gitDecorations';
import { SourceControls } from './sourceControls';

/** Source control, with the documents and the decorations that belong to it. */
export function gitInWindow(attachments: Attachments, log: Log): SourceControls {
  const sources = new SourceControls(attachments, log);
  sources.own(registerGitContent(sources));
  sources.own(registerGitDecorations(sources));
  return sources;
}
