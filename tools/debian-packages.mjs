/**
 * Debian packages that tests need, the only list: the package and a program by which we see that it is there.
 * A test that misses one is skipped by name; `npm test` installs them where root may.
 */
export const DEBIAN_PACKAGES = {
  'openssh-server': '/usr/sbin/sshd',
  'openssh-client': '/usr/bin/ssh',
  rsync: '/usr/bin/rsync',
  git: '/usr/bin/git',
  curl: '/usr/bin/curl',
  tcpdump: '/usr/bin/tcpdump',
  procps: '/usr/bin/ps',
  ncat: '/usr/bin/ncat',
  'dante-client': '/usr/bin/socksify',
  proxychains4: '/usr/bin/proxychains4',
  'python3-socks': '/usr/lib/python3/dist-packages/socks.py',
  'dnsmasq-base': '/usr/sbin/dnsmasq',
  'bind9-dnsutils': '/usr/bin/dig',
  wget: '/usr/bin/wget',
  haproxy: '/usr/sbin/haproxy',
  'xcb-proto': '/usr/share/xcb/xproto.xml',
  xvfb: '/usr/bin/Xvfb',
  'x11-utils': '/usr/bin/xdpyinfo',
  'x11-apps': '/usr/bin/xwd',
  'x11-xserver-utils': '/usr/bin/xset',
  xterm: '/usr/bin/xterm',
  xinput: '/usr/bin/xinput',
  xdotool: '/usr/bin/xdotool',
  xclip: '/usr/bin/xclip',
};
