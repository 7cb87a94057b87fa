/**
 * Extensions that cannot work through a tunnel, because they hand over shared memory, file descriptors or a device of the
 * server's machine. The X server takes the tunnel's end for a local client, and would agree to all of them.
 *
 *   MIT-SHM      segments of shared memory, and descriptors of them
 *   DRI2, DRI3, XFree86-DRI   buffers and locks of the graphics card
 *   XFree86-DGA  the frame buffer, by /dev/mem
 *   XVideo-MotionCompensation   surfaces in memory of the card
 *
 * Present is not among them: pixmaps and fences of the protocol itself are all it needs. What others have of the kind,
 * single requests, LOCAL_RULES refuse.
 */
export const HIDDEN_EXTENSIONS: readonly string[] = ['MIT-SHM', 'DRI2', 'DRI3', 'XFree86-DRI', 'XFree86-DGA', 'XVideo-MotionCompensation'];
