import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Where Node keeps what it compiled, for all processes of the tests: their homes are new, and without it each of them would
 * compile everything, or strip the types of it.
 */
export const COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'kioskctl-test-compile-cache');
