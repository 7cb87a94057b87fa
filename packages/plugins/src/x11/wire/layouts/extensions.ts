/**
 * Extensions of the X protocol: those that Debian's Xvfb lists, and others that servers of today have. Names are those
 * that xcb-proto gives, which a test compares; SECURITY is not there, and is by its own specification.
 */
import { layoutOf, type Layout, type LayoutText } from './layout.js';

const LAYOUTS = {
  'BIG-REQUESTS': {
    requests: 'Enable>',
  },
  Composite: {
    requests: `
      QueryVersion> RedirectWindow RedirectSubwindows UnredirectWindow UnredirectSubwindows CreateRegionFromBorderClip NameWindowPixmap
      GetOverlayWindow> ReleaseOverlayWindow`,
  },
  DAMAGE: {
    requests: 'QueryVersion> Create Destroy Subtract Add',
    events: 'Notify',
    errors: 'BadDamage',
  },
  'DOUBLE-BUFFER': {
    requests: `
      QueryVersion> AllocateBackBuffer DeallocateBackBuffer SwapBuffers BeginIdiom EndIdiom GetVisualInfo> GetBackBufferAttributes>`,
    errors: 'BadBuffer',
  },
  DPMS: {
    requests: 'GetVersion> Capable> GetTimeouts> SetTimeouts Enable Disable ForceLevel Info>',
  },
  DRI2: {
    requests: `
      QueryVersion> Connect> Authenticate> CreateDrawable DestroyDrawable GetBuffers> CopyRegion> GetBuffersWithFormat> SwapBuffers> GetMSC>
      WaitMSC> WaitSBC> SwapInterval GetParam>`,
    events: 'BufferSwapComplete InvalidateBuffers',
  },
  DRI3: {
    requests: `
      QueryVersion> Open> PixmapFromBuffer BufferFromPixmap> FenceFromFD FDFromFence> GetSupportedModifiers> PixmapFromBuffers BuffersFromPixmap>
      SetDRMDeviceInUse`,
  },
  GLX: {
    requests: `
      @1 Render RenderLarge CreateContext DestroyContext MakeCurrent> IsDirect> QueryVersion> WaitGL WaitX CopyContext SwapBuffers UseXFont
      CreateGLXPixmap GetVisualConfigs> DestroyGLXPixmap VendorPrivate VendorPrivateWithReply> QueryExtensionsString> QueryServerString>
      ClientInfo GetFBConfigs> CreatePixmap DestroyPixmap CreateNewContext QueryContext> MakeContextCurrent> CreatePbuffer DestroyPbuffer
      GetDrawableAttributes> ChangeDrawableAttributes CreateWindow DeleteWindow SetClientInfoARB CreateContextAttribsARB SetClientInfo2ARB @101
      NewList EndList DeleteLists GenLists> FeedbackBuffer SelectBuffer RenderMode> Finish> PixelStoref PixelStorei ReadPixels> GetBooleanv>
      GetClipPlane> GetDoublev> GetError> GetFloatv> GetIntegerv> GetLightfv> GetLightiv> GetMapdv> GetMapfv> GetMapiv> GetMaterialfv>
      GetMaterialiv> GetPixelMapfv> GetPixelMapuiv> GetPixelMapusv> GetPolygonStipple> GetString> GetTexEnvfv> GetTexEnviv> GetTexGendv>
      GetTexGenfv> GetTexGeniv> GetTexImage> GetTexParameterfv> GetTexParameteriv> GetTexLevelParameterfv> GetTexLevelParameteriv> IsEnabled>
      IsList> Flush AreTexturesResident> DeleteTextures GenTextures> IsTexture> GetColorTable> GetColorTableParameterfv> GetColorTableParameteriv>
      GetConvolutionFilter> GetConvolutionParameterfv> GetConvolutionParameteriv> GetSeparableFilter> GetHistogram> GetHistogramParameterfv>
      GetHistogramParameteriv> GetMinmax> GetMinmaxParameterfv> GetMinmaxParameteriv> GetCompressedTexImageARB> DeleteQueriesARB GenQueriesARB>
      IsQueryARB> GetQueryivARB> GetQueryObjectivARB> GetQueryObjectuivARB>`,
    events: 'PbufferClobber BufferSwapComplete',
    errors: `
      BadContext BadContextState BadDrawable BadPixmap BadContextTag BadCurrentWindow BadRenderRequest BadLargeRequest UnsupportedPrivateRequest
      BadFBConfig BadPbuffer BadCurrentDrawable BadWindow GLXBadProfileARB`,
  },
  'Generic Event Extension': {
    requests: 'QueryVersion>',
  },
  'MIT-SCREEN-SAVER': {
    requests: 'QueryVersion> QueryInfo> SelectInput SetAttributes UnsetAttributes Suspend',
    events: 'Notify',
  },
  'MIT-SHM': {
    requests: 'QueryVersion> Attach Detach PutImage GetImage> CreatePixmap AttachFd CreateSegment>',
    events: 'Completion',
    errors: 'BadSeg',
  },
  Present: {
    requests: 'QueryVersion> Pixmap NotifyMSC SelectInput QueryCapabilities>',
    events: 'Generic',
    genericEvents: 'ConfigureNotify CompleteNotify IdleNotify RedirectNotify',
  },
  RANDR: {
    requests: `
      QueryVersion> @2 SetScreenConfig> @4 SelectInput GetScreenInfo> GetScreenSizeRange> SetScreenSize GetScreenResources> GetOutputInfo>
      ListOutputProperties> QueryOutputProperty> ConfigureOutputProperty ChangeOutputProperty DeleteOutputProperty GetOutputProperty> CreateMode>
      DestroyMode AddOutputMode DeleteOutputMode GetCrtcInfo> SetCrtcConfig> GetCrtcGammaSize> GetCrtcGamma> SetCrtcGamma
      GetScreenResourcesCurrent> SetCrtcTransform GetCrtcTransform> GetPanning> SetPanning> SetOutputPrimary GetOutputPrimary> GetProviders>
      GetProviderInfo> SetProviderOffloadSink SetProviderOutputSource ListProviderProperties> QueryProviderProperty> ConfigureProviderProperty
      ChangeProviderProperty DeleteProviderProperty GetProviderProperty> GetMonitors> SetMonitor DeleteMonitor CreateLease> FreeLease`,
    events: 'ScreenChangeNotify Notify',
    errors: 'BadOutput BadCrtc BadMode BadProvider',
  },
  RECORD: {
    requests: 'QueryVersion> CreateContext RegisterClients UnregisterClients GetContext> EnableContext> DisableContext FreeContext',
    errors: 'BadContext',
  },
  RENDER: {
    requests: `
      QueryVersion> QueryPictFormats> QueryPictIndexValues> @4 CreatePicture ChangePicture SetPictureClipRectangles FreePicture Composite @10
      Trapezoids Triangles TriStrip TriFan @17 CreateGlyphSet ReferenceGlyphSet FreeGlyphSet AddGlyphs @22 FreeGlyphs CompositeGlyphs8
      CompositeGlyphs16 CompositeGlyphs32 FillRectangles CreateCursor SetPictureTransform QueryFilters> SetPictureFilter CreateAnimCursor AddTraps
      CreateSolidFill CreateLinearGradient CreateRadialGradient CreateConicalGradient`,
    errors: 'PictFormat Picture PictOp GlyphSet Glyph',
  },
  SECURITY: {
    requests: 'QueryVersion> GenerateAuthorization> RevokeAuthorization',
    events: 'AuthorizationRevoked',
    errors: 'Authorization AuthorizationProtocol',
  },
  SELinux: {
    requests: `
      QueryVersion> SetDeviceCreateContext GetDeviceCreateContext> SetDeviceContext GetDeviceContext> SetWindowCreateContext
      GetWindowCreateContext> GetWindowContext> SetPropertyCreateContext GetPropertyCreateContext> SetPropertyUseContext GetPropertyUseContext>
      GetPropertyContext> GetPropertyDataContext> ListProperties> SetSelectionCreateContext GetSelectionCreateContext> SetSelectionUseContext
      GetSelectionUseContext> GetSelectionContext> GetSelectionDataContext> ListSelections> GetClientContext>`,
  },
  SHAPE: {
    requests: 'QueryVersion> Rectangles Mask Combine Offset QueryExtents> SelectInput InputSelected> GetRectangles>',
    events: 'Notify',
  },
  SYNC: {
    requests: `
      Initialize> ListSystemCounters> CreateCounter SetCounter ChangeCounter QueryCounter> DestroyCounter Await CreateAlarm ChangeAlarm
      QueryAlarm> DestroyAlarm SetPriority GetPriority> CreateFence TriggerFence ResetFence DestroyFence QueryFence> AwaitFence`,
    events: 'CounterNotify AlarmNotify',
    errors: 'Counter Alarm',
  },
  'X-Resource': {
    requests: 'QueryVersion> QueryClients> QueryClientResources> QueryClientPixmapBytes> QueryClientIds> QueryResourceBytes>',
  },
  'XC-MISC': {
    requests: 'GetVersion> GetXIDRange> GetXIDList>',
  },
  XEVIE: {
    requests: 'QueryVersion> Start> End> Send> SelectInput>',
  },
  XFIXES: {
    requests: `
      QueryVersion> ChangeSaveSet SelectSelectionInput SelectCursorInput GetCursorImage> CreateRegion CreateRegionFromBitmap
      CreateRegionFromWindow CreateRegionFromGC CreateRegionFromPicture DestroyRegion SetRegion CopyRegion UnionRegion IntersectRegion
      SubtractRegion InvertRegion TranslateRegion RegionExtents FetchRegion> SetGCClipRegion SetWindowShapeRegion SetPictureClipRegion
      SetCursorName GetCursorName> GetCursorImageAndName> ChangeCursor ChangeCursorByName ExpandRegion HideCursor ShowCursor CreatePointerBarrier
      DeletePointerBarrier SetClientDisconnectMode GetClientDisconnectMode>`,
    events: 'SelectionNotify CursorNotify',
    errors: 'BadRegion',
  },
  'XFree86-DRI': {
    requests: `
      QueryVersion> QueryDirectRenderingCapable> OpenConnection> CloseConnection GetClientDriverName> CreateContext> DestroyContext
      CreateDrawable> DestroyDrawable GetDrawableInfo> GetDeviceInfo> AuthConnection>`,
  },
  'XFree86-VidModeExtension': {
    requests: `
      QueryVersion> GetModeLine> ModModeLine SwitchMode GetMonitor> LockModeSwitch GetAllModeLines> AddModeLine DeleteModeLine ValidateModeLine>
      SwitchToMode GetViewPort> SetViewPort GetDotClocks> SetClientVersion SetGamma GetGamma> GetGammaRamp> SetGammaRamp GetGammaRampSize>
      GetPermissions>`,
    errors: 'BadClock BadHTimings BadVTimings ModeUnsuitable ExtensionDisabled ClientNotLocal ZoomLocked',
  },
  XINERAMA: {
    requests: 'QueryVersion> GetState> GetScreenCount> GetScreenSize> IsActive> QueryScreens>',
  },
  XInputExtension: {
    requests: `
      @1 GetExtensionVersion> ListInputDevices> OpenDevice> CloseDevice SetDeviceMode> SelectExtensionEvent GetSelectedExtensionEvents>
      ChangeDeviceDontPropagateList GetDeviceDontPropagateList> GetDeviceMotionEvents> ChangeKeyboardDevice> ChangePointerDevice> GrabDevice>
      UngrabDevice GrabDeviceKey UngrabDeviceKey GrabDeviceButton UngrabDeviceButton AllowDeviceEvents GetDeviceFocus> SetDeviceFocus
      GetFeedbackControl> ChangeFeedbackControl GetDeviceKeyMapping> ChangeDeviceKeyMapping GetDeviceModifierMapping> SetDeviceModifierMapping>
      GetDeviceButtonMapping> SetDeviceButtonMapping> QueryDeviceState> SendExtensionEvent DeviceBell SetDeviceValuators> GetDeviceControl>
      ChangeDeviceControl> ListDeviceProperties> ChangeDeviceProperty DeleteDeviceProperty GetDeviceProperty> XIQueryPointer> XIWarpPointer
      XIChangeCursor XIChangeHierarchy XISetClientPointer XIGetClientPointer> XISelectEvents XIQueryVersion> XIQueryDevice> XISetFocus XIGetFocus>
      XIGrabDevice> XIUngrabDevice XIAllowEvents XIPassiveGrabDevice> XIPassiveUngrabDevice XIListProperties> XIChangeProperty XIDeleteProperty
      XIGetProperty> XIGetSelectedEvents> XIBarrierReleasePointer`,
    events: `
      DeviceValuator DeviceKeyPress DeviceKeyRelease DeviceButtonPress DeviceButtonRelease DeviceMotionNotify DeviceFocusIn DeviceFocusOut
      ProximityIn ProximityOut DeviceStateNotify DeviceMappingNotify ChangeDeviceNotify DeviceKeyStateNotify DeviceButtonStateNotify
      DevicePresenceNotify DevicePropertyNotify`,
    genericEvents: `
      @1 DeviceChanged KeyPress KeyRelease ButtonPress ButtonRelease Motion Enter Leave FocusIn FocusOut Hierarchy Property RawKeyPress
      RawKeyRelease RawButtonPress RawButtonRelease RawMotion TouchBegin TouchUpdate TouchEnd TouchOwnership RawTouchBegin RawTouchUpdate
      RawTouchEnd BarrierHit BarrierLeave GesturePinchBegin GesturePinchUpdate GesturePinchEnd GestureSwipeBegin GestureSwipeUpdate
      GestureSwipeEnd`,
    errors: 'Device Event Mode DeviceBusy Class',
  },
  XKEYBOARD: {
    requests: `
      UseExtension> SelectEvents @3 Bell GetState> LatchLockState GetControls> SetControls GetMap> SetMap GetCompatMap> SetCompatMap
      GetIndicatorState> GetIndicatorMap> SetIndicatorMap GetNamedIndicator> SetNamedIndicator GetNames> SetNames @21 PerClientFlags>
      ListComponents> GetKbdByName> GetDeviceInfo> SetDeviceInfo @101 SetDebuggingFlags>`,
    events: `
      NewKeyboardNotify MapNotify StateNotify ControlsNotify IndicatorStateNotify IndicatorMapNotify NamesNotify CompatMapNotify BellNotify
      ActionMessage AccessXNotify ExtensionDeviceNotify`,
    errors: 'Keyboard',
  },
  XTEST: {
    requests: 'GetVersion> CompareCursor> FakeInput GrabControl',
  },
  XVideo: {
    requests: `
      QueryExtension> QueryAdaptors> QueryEncodings> GrabPort> UngrabPort PutVideo PutStill GetVideo GetStill StopVideo SelectVideoNotify
      SelectPortNotify QueryBestSize> SetPortAttribute GetPortAttribute> QueryPortAttributes> ListImageFormats> QueryImageAttributes> PutImage
      ShmPutImage`,
    events: 'VideoNotify PortNotify',
    errors: 'BadPort BadEncoding BadControl',
  },
  'XVideo-MotionCompensation': {
    requests: `
      QueryVersion> ListSurfaceTypes> CreateContext> DestroyContext CreateSurface> DestroySurface CreateSubpicture> DestroySubpicture
      ListSubpictureTypes>`,
  },
} as const satisfies Readonly<Record<string, LayoutText>>;

export type KnownExtension = keyof typeof LAYOUTS;

export const KNOWN_EXTENSIONS = Object.keys(LAYOUTS) as readonly KnownExtension[];

const made = new Map<string, Layout>();

/** Undefined for one that is not in the table. */
export function extensionLayout(name: string): Layout | undefined {
  const text = Object.hasOwn(LAYOUTS, name) ? LAYOUTS[name as KnownExtension] : undefined;
  if (text === undefined) return undefined;
  const layout = made.get(name) ?? layoutOf(text);
  made.set(name, layout);
  return layout;
}
