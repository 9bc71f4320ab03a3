import type { IncomingMessage } from 'node:http';
import type Docker from 'dockerode';
import { messageOf } from '../core/errors';

/** A GET that dockerode offers without an AbortSignal or without its headers: the answer, still to be read. */
export function engineStream(docker: Docker, path: string, signal?: AbortSignal): Promise<IncomingMessage> {
  const request = { path, method: 'GET', isStream: true, statusCodes: { 200: true } };
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      signal ? { ...request, abortSignal: signal } : request,
      (error: unknown, answer: unknown) => {
        if (error) {
          reject(error instanceof Error ? error : new Error(messageOf(error)));
        } else {
          resolve(answer as IncomingMessage);
        }
      },
    );
  });
}
