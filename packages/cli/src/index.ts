/** lstp: the command, for whoever wants to run it inside another process. The node itself is in the other packages. */
export { main } from './main.js';
