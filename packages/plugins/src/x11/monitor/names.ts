/** What numbers on the wire are called, by the core's table and those of the extensions that the client has asked for. */
import { EVENT } from '../wire/answer.js';
import type { Extension, ExtensionTable } from '../wire/extension-table.js';
import { CORE } from '../wire/layouts/core.js';
import { FIRST_EXTENSION } from '../wire/request.js';

/** Events and errors of the core have lower numbers. */
const FIRST_EXTENSION_EVENT = 64;
const FIRST_EXTENSION_ERROR = 128;

/** `minor` is of extensions only. */
export function requestName(extensions: ExtensionTable, major: number, minor: number | undefined): string {
  if (major < FIRST_EXTENSION) return CORE.requests[major]?.name ?? `opcode ${major}`;
  const extension = extensions.at(major);
  if (extension === undefined) return `opcode ${major}.${minor ?? 0}`;
  return `${extension.name} ${extension.layout?.requests[minor ?? 0]?.name ?? minor ?? 0}`;
}

/** `type` is of generic events, where `code` is their extension's major opcode. */
export function eventName(extensions: ExtensionTable, code: number, type: number | undefined): string {
  if (type !== undefined) {
    const extension = extensions.at(code);
    return extension === undefined ? `event ${EVENT.generic} ${code}.${type}` : `${extension.name} ${extension.layout?.genericEvents[type] ?? type}`;
  }
  if (code < FIRST_EXTENSION_EVENT) return CORE.events[code] ?? `event ${code}`;
  return named(extensions.ofEvent(code), (extension) => extension.layout?.events[code - extension.firstEvent]) ?? `event ${code}`;
}

/** As people know them: `BadWindow`, `RENDER BadPicture`. */
export function errorName(extensions: ExtensionTable, code: number): string {
  if (code < FIRST_EXTENSION_ERROR) return CORE.errors[code] === undefined ? `error ${code}` : `Bad${CORE.errors[code]}`;
  return named(extensions.ofError(code), (extension) => {
    const name = extension.layout?.errors[code - extension.firstError];
    return name === undefined || /Bad/.test(name) ? name : `Bad${name}`;
  }) ?? `error ${code}`;
}

function named(extension: Extension | undefined, nameIn: (extension: Extension) => string | undefined): string | undefined {
  const name = extension === undefined ? undefined : nameIn(extension);
  return extension === undefined || name === undefined ? undefined : `${extension.name} ${name}`;
}
