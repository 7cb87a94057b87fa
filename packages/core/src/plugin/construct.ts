/** Makes a plugin's class, with what its constructor asks for. */
import type { Constructor } from './contract.js';
import type { DependencyContainer, InjectionToken } from 'tsyringe';

/** Of `static inject = [TOKEN, ...]`, in the order of the parameters; else what its decorators say. */
export function construct<T>(container: DependencyContainer, made: Constructor<T>): T {
  const { inject } = made as { readonly inject?: readonly InjectionToken[] };
  if (inject === undefined) return container.resolve(made);
  return new made(...inject.map((token) => container.resolve(token)));
}
