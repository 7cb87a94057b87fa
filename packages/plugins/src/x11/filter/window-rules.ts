/**
 * `windows: own`: what an application reads of the screen is its own. Whatever takes a picture from a window or pixmap
 * must name one of its own; so must what takes one from a picture, a graphics context or a GL drawable, which others made
 * of theirs. A window of others is not taken into one's own, where GetImage would show it.
 *
 * A window without background shows what was under it, and that is its own then: only `trust: untrusted` closes that.
 */
import { all, NEVER, own, ownValues, placeOf, denied, type Rule, type Rules } from './rule.js';

/** Bits of value lists that name pixmaps or pictures. */
const GC_PIXMAPS = [10, 11, 19] as const;
const WINDOW_PIXMAPS = [0, 2] as const;
const PICTURE_SOURCES = [1, 6] as const;

const painting = own('gc@8');
const fromPicture = own('src@8');

/** Codes of GLX requests within VendorPrivate, and where they name what they read (from opengl.org's registry). */
const VENDOR_READS: ReadonlyMap<number, readonly number[]> = new Map([
  // glXBindTexImageEXT: drawable
  [1330, [12]],
  // glXMakeCurrentReadSGI: drawable, readable
  [65_537, [12, 16]],
  // glXCreateGLXPixmapWithConfigSGIX: screen, config, pixmap
  [65_542, [20]],
]);

const vendorPrivate: Rule = {
  least: 16,
  bytes: 24,
  fields: ['vendor_code@4'],
  check(request, connection) {
    for (const place of VENDOR_READS.get(request.u32(placeOf('vendor_code@4'))) ?? []) {
      const id = place + 4 > request.plainBytes ? 0 : request.u32(place);
      if (id !== 0 && !connection.isOwn(id)) return denied(id);
    }
    return undefined;
  },
};

export const WINDOW_RULES: Rules = {
  core: {
    CreateWindow: ownValues('value_mask@28', ...WINDOW_PIXMAPS),
    ChangeWindowAttributes: ownValues('value_mask@8', ...WINDOW_PIXMAPS),
    ReparentWindow: own('window@4'),
    CreateGC: ownValues('value_mask@12', ...GC_PIXMAPS),
    ChangeGC: ownValues('value_mask@8', ...GC_PIXMAPS),
    CopyGC: own('src_gc@4'),
    CopyArea: own('src_drawable@4'),
    CopyPlane: own('src_drawable@4'),
    PolyPoint: painting,
    PolyLine: painting,
    PolySegment: painting,
    PolyRectangle: painting,
    PolyArc: painting,
    FillPoly: painting,
    PolyFillRectangle: painting,
    PolyFillArc: painting,
    GetImage: own('drawable@4'),
    PolyText8: painting,
    PolyText16: painting,
    ImageText8: painting,
    ImageText16: painting,
    CreateCursor: own('source@8', 'mask@12'),
  },
  Composite: {
    RedirectWindow: own('window@4'),
    RedirectSubwindows: own('window@4'),
    NameWindowPixmap: own('window@4'),
    GetOverlayWindow: NEVER,
  },
  'DOUBLE-BUFFER': { AllocateBackBuffer: own('window@4') },
  GLX: {
    MakeCurrent: own('drawable@4'),
    CreateGLXPixmap: own('pixmap@12'),
    CreatePixmap: own('pixmap@12'),
    CreateWindow: own('window@12'),
    MakeContextCurrent: own('drawable@8', 'read_drawable@12'),
    VendorPrivate: vendorPrivate,
    VendorPrivateWithReply: vendorPrivate,
  },
  'MIT-SHM': { GetImage: own('drawable@4') },
  Present: { Pixmap: own('pixmap@8') },
  RENDER: {
    CreatePicture: all(own('drawable@8'), ownValues('value_mask@16', ...PICTURE_SOURCES)),
    ChangePicture: ownValues('value_mask@8', ...PICTURE_SOURCES),
    Composite: own('src@8', 'mask@12'),
    Trapezoids: fromPicture,
    Triangles: fromPicture,
    TriStrip: fromPicture,
    TriFan: fromPicture,
    CompositeGlyphs8: fromPicture,
    CompositeGlyphs16: fromPicture,
    CompositeGlyphs32: fromPicture,
    CreateCursor: own('source@8'),
  },
  SHAPE: { Mask: own('source_bitmap@16') },
  XFIXES: { CreateRegionFromBitmap: own('bitmap@8') },
};
