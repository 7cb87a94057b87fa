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
  xvfb: '/usr/bin/Xvfb',
  xauth: '/usr/bin/xauth',
  'x11-utils': '/usr/bin/xdpyinfo',
  'x11-apps': '/usr/bin/xeyes',
  xterm: '/usr/bin/xterm',
  xdotool: '/usr/bin/xdotool',
  xinput: '/usr/bin/xinput',
  'mesa-utils': '/usr/bin/glxdemo',
  // Small programs of GTK 3 and of Qt 5.
  galculator: '/usr/bin/galculator',
  qt5ct: '/usr/bin/qt5ct',
  'xcb-proto': '/usr/share/xcb/xproto.xml',
  'x11-xserver-utils': '/usr/bin/xset',
  xclip: '/usr/bin/xclip',
  postgresql: '/usr/lib/postgresql',
  iproute2: '/usr/sbin/ip',
  nftables: '/usr/sbin/nft',
};
