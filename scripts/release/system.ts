// Installs what the checks with system programs need from Debian's packages, and runs them.
import { step } from './steps.ts';

const PROGRAMS = [
  'buildah',
  'debootstrap',
  'iproute2',
  'mandoc',
  'nginx',
  'openssl',
  'pgbouncer',
  'prometheus',
  'uidmap',
];

step('sudo', ['apt-get', 'update']);
step('sudo', ['apt-get', 'install', '--yes', '--no-install-recommends', ...PROGRAMS]);
step('npm', ['ci']);
step('sudo', ['--preserve-env=PATH', 'npm', 'run', 'test:system']);
