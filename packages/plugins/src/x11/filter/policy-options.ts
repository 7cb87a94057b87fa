/** What a policy says: keys of an x11 service, used at the display's end, from that end's own file. */
import { z } from 'zod';
import { KNOWN_EXTENSIONS } from '../wire/layouts/extensions.js';

/** Servers tell capitals from small letters: what is written otherwise would deny nothing. */
const extension = z.string().min(1).max(255).superRefine((name, { addIssue }) => {
  const meant = KNOWN_EXTENSIONS.find((known) => known.toLowerCase() === name.toLowerCase());
  if (meant !== undefined && meant !== name) addIssue(`no extension is called "${name}"; write "${meant}"`);
});

export const POLICY_OPTIONS = {
  deny: z.array(extension).max(64).optional().describe('Extensions that applications are told are not there, by the names that `xdpyinfo` prints: `[XTEST, RECORD]`. For the end with the display.'),
  windows: z.enum(['all', 'own']).optional().describe('What an application may read of the screen: `all`, or its `own` windows and pixmaps; pictures of others are refused with an X error, and RECORD, which shows them too, is hidden. For the end with the display.'),
  keyboard: z.enum(['all', 'own']).optional().describe('Which keys an application may learn of: `all`, or those typed into its `own` windows; key events of others, raw events, QueryKeymap and RECORD are refused. For the end with the display.'),
  grabs: z.enum(['allowed', 'refused']).optional().describe('Whether an application may grab the keyboard for itself alone; menus and prompts for passwords do. For the end with the display.'),
  sendEvents: z.enum(['all', 'own']).optional().describe('To which windows an application may send made-up keys, buttons and motion: `all`, or its `own`. For the end with the display.'),
  clipboard: z.enum(['both', 'copy', 'paste', 'none']).optional().describe("What applications may do with the display's clipboard and selections: put something there (`copy`), read it (`paste`), `both` or `none`. Where they may not read it, RECORD, which shows it too, is hidden. For the end with the display."),
};

export type PolicyOptions = z.infer<z.ZodObject<typeof POLICY_OPTIONS>>;
