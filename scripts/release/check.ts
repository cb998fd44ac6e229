// Installs the locked libraries, and runs all checks: what decides whether a change or a release is good.
import { step } from './steps.ts';

step('npm', ['ci']);
step('npm', ['run', 'lint']);
step('npm', ['test']);
