/**
 * The command line: commands, options, help. What a command does is in commands/, one file each, loaded when it is
 * asked for: `lstp check` must not wait for a TLS stack it does not use.
 */
import { Command, Option } from 'commander';
import { LOG_FORMATS, LOG_LEVELS, type LogLevel } from '@lstp/core/observe';
import { keepHangUps } from './node/signals.js';
import { portNumber, seconds } from './option-value.js';
import { version } from './version.js';
import type { ConnectOptions } from './commands/connect.js';
import type { DoctorOptions } from './commands/doctor.js';
import type { MapOptions } from './commands/map.js';
import type { PasswdOptions } from './commands/passwd.js';
import type { StatusOptions } from './commands/status.js';
import type { TrialOptions } from './commands/trial.js';
import type { UpOptions } from './commands/up.js';
import type { X11RunOptions } from './commands/x11-run.js';
import type { X11TopOptions } from './commands/x11-top.js';

/** `onStatus` is called with the exit status of the command that ran. */
export function makeProgram(onStatus: (status: number) => void): Command {
  const program = new Command('lstp')
    .description('Tunnels across firewalls: both ends dial out, the relays between them cannot read.\nOne YAML file describes the chain and goes to every node.')
    .version(version())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'lstp: ')) });
  example(program, 'lstp trial');
  for (const declare of COMMANDS) declare(program, (status) => onStatus(status ?? 0));
  for (const command of program.commands) command.showHelpAfterError(`(\`lstp ${command.name()} --help\` shows how)`);
  return program;
}

type Done = (status: number | void) => void;
type Declaration = (program: Command, done: Done) => void;

/** In the order in which one needs them. */
const COMMANDS: readonly Declaration[] = [declareTrial, declareInit, declareKeygen, declareCheck, declareMap, declareUp, declareDoctor, declareStatus, declareReload, declareConnect, declareX11, declarePasswd, declarePlugins, declarePlugin];

const IN_BACKGROUND = 'lstp up demo/chain.yaml --all --keys demo/keys --direct 2>demo/log &';

function declareTrial(program: Command, done: Done): void {
  const command = program
    .command('trial')
    .description('try lstp: run a two-firewall chain on this machine, and say what to type')
    .addOption(new Option('--port <port>', 'where the demonstration listens on 127.0.0.1').default(1080).argParser(portNumber))
    .action(async (options: TrialOptions) => done(await (await import('./commands/trial.js')).trial(options)));
  addLogOptions(command, 'warn');
  example(command, 'lstp trial --port 8081');
}

function declareInit(program: Command, done: Done): void {
  const command = program
    .command('init')
    .description('make a starter: a commented chain file for two firewalls, and keys for its nodes')
    .argument('<dir>', 'folder to make it in; nothing in it is ever overwritten')
    .action(async (folder: string) => done(await (await import('./commands/init.js')).init(folder)));
  example(command, 'lstp init demo');
}

function declareKeygen(program: Command, done: Done): void {
  const command = program
    .command('keygen')
    .description("make a node's private key, DIR/NODE.key, and print its public key")
    .argument('<node>', 'name of the node')
    .addOption(keysOption())
    .action(async (node: string, options: { keys?: string }) => done(await (await import('./commands/keygen.js')).keygen(node, options)));
  example(command, 'lstp keygen desk --keys ./keys');
}

function declareCheck(program: Command, done: Done): void {
  const command = program
    .command('check')
    .description('validate chain files; prints nothing when they are right')
    .argument('<file...>', 'chain files, or folders of them')
    .option('--no-plugins', 'run no plugin code: the options of services stay unchecked')
    .action(async (files: string[], options: { plugins: boolean }) => done(await (await import('./commands/check.js')).check(files, options)));
  example(command, 'lstp init demo', 'lstp check demo/chain.yaml');
}

function declareMap(program: Command, done: Done): void {
  const command = program
    .command('map')
    .description('draw a chain: nodes, who dials whom, firewalls and proxies crossed, services')
    .argument('<file>', 'chain file')
    .addOption(new Option('--format <format>', 'as what').choices(['text', 'svg', 'json']).default('text'))
    .option('--no-plugins', 'run no plugin code: services are drawn as far as the file tells')
    .action(async (file: string, options: MapOptions) => done(await (await import('./commands/map.js')).map(file, options)));
  example(command, 'lstp init demo', 'lstp map demo/chain.yaml', 'lstp map demo/chain.yaml --format svg > chain.svg');
}

function declareUp(program: Command, done: Done): void {
  const command = program
    .command('up')
    .description('run one node in the foreground; or all nodes of a file, to try a chain on one machine')
    .argument('<file...>', 'chain files, or folders of them')
    .addOption(asOption('run this node'))
    .option('--all', 'run every node of the file; those without a key file get a key for this run')
    .addOption(keysOption())
    .option('--direct', 'with --all: as if every egress were `direct`')
    .addOption(new Option('--drain <seconds>', 'at the end: how long channels may take to finish').default(30).argParser(seconds))
    .action(async (files: string[], options: UpOptions) => {
      // All else that `up` needs takes a while to load.
      keepHangUps();
      done(await (await import('./commands/up.js')).up(files, options));
    });
  addLogOptions(command, 'info');
  example(command, 'lstp init demo', 'lstp up demo/chain.yaml --all --keys demo/keys --direct');
}

function declareDoctor(program: Command, done: Done): void {
  const command = program
    .command('doctor')
    .description('find out what this node reaches, step by step: names, proxies, TLS, the keys of its neighbours')
    .argument('<file>', 'chain file')
    .addOption(asOption('the node, on its machine').makeOptionMandatory())
    .addOption(keysOption())
    .option('--json', 'as JSON')
    .action(async (file: string, options: DoctorOptions) => done(await (await import('./commands/doctor.js')).doctor(file, options)));
  example(command, 'lstp init demo', 'lstp doctor demo/chain.yaml --as desk --keys demo/keys');
}

function declareStatus(program: Command, done: Done): void {
  const command = program
    .command('status')
    .description('show a running node: its tunnels, the map of each carrier, its channels')
    .argument('[file]', 'chain file, where several nodes of that name run')
    .addOption(asOption('the node'))
    .option('--json', 'as JSON')
    .addOption(waitOption())
    .action(async (file: string | undefined, options: StatusOptions) => done(await (await import('./commands/status.js')).status(file, options)));
  example(command, 'lstp init demo', IN_BACKGROUND, 'lstp status --as desk --wait 10');
}

function declareReload(program: Command, done: Done): void {
  const command = program
    .command('reload')
    .description('let a running node take over what changed in its chain files')
    .argument('[file]', 'chain file, where several nodes of that name run')
    .addOption(asOption('the node'))
    .addOption(waitOption())
    .action(async (file: string | undefined, options: StatusOptions) => done(await (await import('./commands/reload.js')).reload(file, options)));
  example(command, 'lstp init demo', IN_BACKGROUND, 'lstp reload --as desk --wait 10');
}

function declareConnect(program: Command, done: Done): void {
  const command = program
    .command('connect')
    .description("join standard input and output to a service, through the running node; ssh's ProxyCommand")
    .argument('<file>', 'chain file')
    .argument('<service>', 'name of the service; tunnel/service where several tunnels have one of that name')
    .argument('[target]', 'where the far end connects; for services with `allow`')
    .addOption(asOption('the node that runs here').makeOptionMandatory())
    .addOption(waitOption())
    .action(async (file: string, service: string, target: string | undefined, options: ConnectOptions) =>
      done(await (await import('./commands/connect.js')).connect({ file, service, target }, options)),
    );
  example(command, 'lstp init demo', IN_BACKGROUND, "ssh -o ProxyCommand='lstp connect demo/chain.yaml --as desk ssh --wait 10' localhost true");
}

function declareX11(program: Command, done: Done): void {
  const group = program.command('x11').description('X clients here, whose windows are at the other end of a tunnel');
  const run = group
    .command('run')
    .description('run a program on the display of a service `plugin: x11`: sets DISPLAY and XAUTHORITY; its exit status is ours')
    .argument('<file>', 'chain file')
    .argument('<program...>', 'behind `--`: the program and its arguments')
    .addOption(asOption('the node that runs here').makeOptionMandatory())
    .option('--service <service>', 'the service, where the node has several displays')
    .addOption(waitOption())
    .action(async (file: string, command: string[], options: X11RunOptions) => done(await (await import('./commands/x11-run.js')).x11Run(file, command, options)));
  run.showHelpAfterError('(`lstp x11 run --help` shows how)');
  for (const one of [group, run]) example(one, ...WITH_DISPLAY, 'lstp x11 run demo/chain.yaml --as desk --wait 10 -- xterm');
  declareX11Top(group, done);
}

/** The starter's display, which it has as a comment. */
const WITH_DISPLAY = ['lstp init demo', "sed -i 's/# x:/x:/' demo/chain.yaml", IN_BACKGROUND];

function declareX11Top(group: Command, done: Done): void {
  const command = group
    .command('top')
    .description('show what X clients do: their names, windows, requests and bytes a second, round trips, errors')
    .argument('<file>', 'chain file')
    .addOption(asOption('the node that runs here').makeOptionMandatory())
    .option('--service <service>', 'the clients of this service only')
    .addOption(new Option('--interval <seconds>', 'time between two looks').default(1).argParser(seconds))
    .option('--once', 'look once, as where standard output is no terminal')
    .addOption(waitOption())
    .action(async (file: string, options: X11TopOptions) => done(await (await import('./commands/x11-top.js')).x11Top(file, options)));
  command.showHelpAfterError('(`lstp x11 top --help` shows how)');
  example(command, ...WITH_DISPLAY, 'lstp x11 top demo/chain.yaml --as desk --wait 10 --once');
}

function declarePasswd(program: Command, done: Done): void {
  const command = program
    .command('passwd')
    .description('give a user a password, or one-time codes, in a file of users; asks for it, or reads it from standard input')
    .argument('<file>', 'file of users, as `users: FILE` names it; made if there is none')
    .argument('<user>', 'name of the user')
    .addOption(new Option('--group <group>', 'group of the user, instead of those it has; may be repeated').argParser((group: string, before?: string[]) => [...(before ?? []), group]))
    .option('--totp', 'one-time codes: prints a new secret, for an authenticator program')
    .action(async (file: string, user: string, options: PasswdOptions) => done(await (await import('./commands/passwd.js')).passwd(file, user, options)));
  example(command, "echo 'correct horse battery' | lstp passwd users.txt ann --group ops");
}

function declarePlugins(program: Command, done: Done): void {
  const command = program
    .command('plugins')
    .description('list the plugins, their roles and options')
    .argument('[file]', 'chain file whose own plugins are listed too')
    .option('--json', 'as JSON, with the schema of the options')
    .action(async (file: string | undefined, options: { json?: boolean }) => done(await (await import('./commands/plugins.js')).plugins(file, options)));
  example(command, 'lstp plugins');
}

function declarePlugin(program: Command, done: Done): void {
  const group = program.command('plugin').description('make a plugin of your own');
  const command = group
    .command('new')
    .description('write a plugin to begin with: two roles, options, tests, a chain file to try it')
    .argument('<name>', 'the word for `plugin:` in chain files')
    .argument('[dir]', 'folder to write it in (default: lstp-plugin-NAME); nothing in it is ever overwritten')
    .action(async (name: string, folder: string | undefined) => done(await (await import('./commands/plugin-new.js')).pluginNew(name, folder)));
  command.showHelpAfterError('(`lstp plugin new --help` shows how)');
  for (const one of [group, command]) example(one, 'lstp plugin new gopher', 'lstp check --no-plugins lstp-plugin-gopher/chain.yaml');
}

function asOption(what: string): Option {
  return new Option('--as <node>', what);
}

function keysOption(): Option {
  return new Option('--keys <dir>', 'folder of key files (default: ~/.config/lstp/keys)');
}

function waitOption(): Option {
  return new Option('--wait <seconds>', 'wait so long for the node to run').default(0).argParser(seconds);
}

function addLogOptions(command: Command, level: LogLevel): void {
  command
    .addOption(new Option('--log-level <level>', 'what is logged to standard error').choices(LOG_LEVELS).default(level))
    .addOption(new Option('--log-format <format>', 'how (default: pretty on a terminal, else json)').choices(LOG_FORMATS));
}

/** Lines that work when pasted; a test pastes them. */
function example(command: Command, ...lines: string[]): void {
  command.addHelpText('after', `\nExample:\n${lines.map((line) => `  ${line}\n`).join('')}`);
}
