/** The core protocol (X Protocol, appendix B): the names that xcb-proto gives, which a test compares. */
import { layoutOf } from './layout.js';

export const CORE = layoutOf({
  requests: `
    @1 CreateWindow ChangeWindowAttributes GetWindowAttributes> DestroyWindow DestroySubwindows ChangeSaveSet ReparentWindow MapWindow
    MapSubwindows UnmapWindow UnmapSubwindows ConfigureWindow CirculateWindow GetGeometry> QueryTree> InternAtom> GetAtomName> ChangeProperty
    DeleteProperty GetProperty> ListProperties> SetSelectionOwner GetSelectionOwner> ConvertSelection SendEvent GrabPointer> UngrabPointer
    GrabButton UngrabButton ChangeActivePointerGrab GrabKeyboard> UngrabKeyboard GrabKey UngrabKey AllowEvents GrabServer UngrabServer
    QueryPointer> GetMotionEvents> TranslateCoordinates> WarpPointer SetInputFocus GetInputFocus> QueryKeymap> OpenFont CloseFont QueryFont>
    QueryTextExtents> ListFonts> ListFontsWithInfo> SetFontPath GetFontPath> CreatePixmap FreePixmap CreateGC ChangeGC CopyGC SetDashes
    SetClipRectangles FreeGC ClearArea CopyArea CopyPlane PolyPoint PolyLine PolySegment PolyRectangle PolyArc FillPoly PolyFillRectangle
    PolyFillArc PutImage GetImage> PolyText8 PolyText16 ImageText8 ImageText16 CreateColormap FreeColormap CopyColormapAndFree InstallColormap
    UninstallColormap ListInstalledColormaps> AllocColor> AllocNamedColor> AllocColorCells> AllocColorPlanes> FreeColors StoreColors
    StoreNamedColor QueryColors> LookupColor> CreateCursor CreateGlyphCursor FreeCursor RecolorCursor QueryBestSize> QueryExtension>
    ListExtensions> ChangeKeyboardMapping GetKeyboardMapping> ChangeKeyboardControl GetKeyboardControl> Bell ChangePointerControl
    GetPointerControl> SetScreenSaver GetScreenSaver> ChangeHosts ListHosts> SetAccessControl SetCloseDownMode KillClient RotateProperties
    ForceScreenSaver SetPointerMapping> GetPointerMapping> SetModifierMapping> GetModifierMapping> @127 NoOperation`,
  events: `
    @2 KeyPress KeyRelease ButtonPress ButtonRelease MotionNotify EnterNotify LeaveNotify FocusIn FocusOut KeymapNotify Expose GraphicsExposure
    NoExposure VisibilityNotify CreateNotify DestroyNotify UnmapNotify MapNotify MapRequest ReparentNotify ConfigureNotify ConfigureRequest
    GravityNotify ResizeRequest CirculateNotify CirculateRequest PropertyNotify SelectionClear SelectionRequest SelectionNotify ColormapNotify
    ClientMessage MappingNotify`,
  errors: `
    @1 Request Value Window Pixmap Atom Cursor Font Match Drawable Access Alloc Colormap GContext IDChoice Name Length Implementation`,
});
