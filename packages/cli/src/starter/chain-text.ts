/** The chain file that `lstp init` writes: two firewalls, a middle outside of each, a service to listen for and one to connect to. */
import type { PublicKey } from '@lstp/core/protocol';

/** The nodes of the starter, in the order of the route. */
export const STARTER_NODES = ['desk', 'west', 'east', 'lab'] as const;
export type StarterNode = (typeof STARTER_NODES)[number];

/** Every host that must be put right before it leaves this machine ends in `.example` (RFC 2606). */
export function starterChain(keys: Readonly<Record<StarterNode, PublicKey>>): string {
  return `# One tunnel across two firewalls. This same file goes to every node.
#
#      desk ---> |firewall| ---> west ---> east <--- |firewall| <--- lab
#      (applications)            (middle)  (middle)                  (servers)
#
# Both ends dial out; nothing has to be opened in either firewall. The middles pair and pass bytes; what goes
# between desk and lab is secured end to end, with the keys below.
#
# PLACEHOLDERS: every host that ends in ".example" is one. Put your own in their place.
#
#   lstp check chain.yaml                                   is it right?
#   lstp map chain.yaml                                     what does it look like?
#   lstp up chain.yaml --all --keys keys --direct           try it here, all four nodes in one process
#   lstp up chain.yaml --as desk                            for real, on the machine of \`desk\`
#   lstp doctor chain.yaml --as desk                        what does it reach from there, and if not, why?
lstp: 1

nodes:
  desk: # Where applications are: behind the first firewall.
    # Public keys, as \`lstp keygen NODE\` prints them. The private halves are in keys/, one file for each node.
    key: ${keys.desk}
    # How it gets out through its firewall: \`direct\`, a proxy (socks4, socks4a, socks5, http, https), \`env\`, or a PAC
    # file (pac:URL). A list is alternatives. Passwords come from the node's environment or files: socks5://me:\${env:FW_PASSWORD}@fw:1080
    egress: socks5://firewall.globex.example:1080

  west: # A middle that desk can reach.
    key: ${keys.west}
    # Where it takes connections, and what others dial to get there; where only HTTPS passes: wss://0.0.0.0:443/lstp
    listen: 0.0.0.0:7070
    address: west.example:7070

  east: # A middle that lab can reach.
    key: ${keys.east}
    listen: 0.0.0.0:7071
    address: east.example:7071

  lab: # Where servers are: behind the second firewall.
    key: ${keys.lab}
    egress: http://firewall.acme.example:3128

tunnels:
  acme-globex: # The name by which its two ends find each other.
    # Who dials whom. \`a > b\`: a dials b. \`a < b\`: b dials a. The first and the last are the ends.
    # Only one firewall? \`desk > west < lab\` needs one middle, \`desk > lab\` none.
    route: desk > west > east < lab

    # \`at\` is the end where applications connect; the other end connects to \`to\`, and to nothing else.
    services:
      # Point a browser at http://127.0.0.1:8080/ on desk. To see something there:
      #   python3 -m http.server 8000 --bind 127.0.0.1        on lab
      web: { at: desk, listen: "127.0.0.1:8080", to: "127.0.0.1:8000" }
      # Without \`listen\` nothing listens on desk; \`lstp connect\` joins its standard input and output to it:
      #   ssh -o ProxyCommand='lstp connect chain.yaml --as desk ssh' localhost
      ssh: { at: desk, to: "127.0.0.1:22" }
      # Windows of programs on desk, on the X server of lab; \`lstp x11 run chain.yaml --as desk -- xterm\` starts one:
      # x: { plugin: x11, at: desk, to: ":0" }
      # A name instead of an address is looked up at the far end:
      #   pg: { at: desk, listen: "unix:/run/lstp/pg.sock", to: "db.acme.example:5432" }
`;
}
