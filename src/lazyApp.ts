import type { App, AppOptions } from './app';
import type { Disposable } from './core/disposables';

type Returns<Name extends keyof App, Value> = ReturnType<App[Name]> extends Value ? Name : never;
/** Those that return something to dispose at once; what they watch is watched once the services are there. */
type Subscribing = Exclude<{ [Name in keyof App]: Returns<Name, Disposable> }[keyof App], undefined>;
type Asking = Exclude<{ [Name in keyof App]: Returns<Name, Promise<unknown>> }[keyof App], undefined>;

/** A compile error here means that App has a new member of this kind. */
const SUBSCRIBING: Record<Subscribing, true> = {
  onDidChangeMachines: true,
  onDidChangeCredentials: true,
  watchResources: true,
  watchHost: true,
  watchPorts: true,
  watchNetwork: true,
};
/** Fails to compile if App has a member that neither returns a promise nor something to dispose. */
type Complete = Exclude<keyof App, Subscribing | Asking | 'dispose'> extends never ? App : never;

/**
 * The services, loaded when the first of them is used: the editor starts without reading the engine's client, SSH and
 * the schema library, which are most of the bundle.
 */
export function lazyApp(options: AppOptions): Complete {
  let loading: Promise<App> | undefined;
  let disposed = false;
  const load = () => {
    loading ??= import('./app').then(({ createApp }) => createApp(options));
    return loading;
  };
  const call = (app: App, name: keyof App, args: unknown[]) =>
    (app[name] as (...values: unknown[]) => unknown)(...args);

  const subscribe = (name: keyof App, args: unknown[]): Disposable => {
    let ended = false;
    let subscription: Disposable | undefined;
    load().then(
      (app) => {
        if (!ended && !disposed) {
          subscription = call(app, name, args) as Disposable;
        }
      },
      (error: unknown) => options.log.error(`Bulkhead’s services could not be loaded: ${String(error)}`),
    );
    return {
      dispose() {
        ended = true;
        subscription?.dispose();
      },
    };
  };

  return new Proxy({} as Complete, {
    get(_target, name: keyof App) {
      if (name === 'dispose') {
        return () => {
          disposed = true;
          // One that could not be loaded holds nothing.
          void loading?.then((app) => app.dispose()).catch(() => undefined);
        };
      }
      return Object.hasOwn(SUBSCRIBING, name)
        ? (...args: unknown[]) => subscribe(name, args)
        : async (...args: unknown[]) => call(await load(), name, args);
    },
  });
}
